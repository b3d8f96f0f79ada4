package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

type inner struct {
	Name  string            `json:"name"`
	Notes map[string]string `json:"notes"`
}

type common struct {
	Meter string `json:"meter"`
}

type body struct {
	common
	Amount int64           `json:"amount"`
	Sink   string          `json:"sink_key"`
	Rows   []inner         `json:"rows"`
	One    *inner          `json:"one"`
	Raw    json.RawMessage `json:"raw"`
	Any    any             `json:"any"`
	By     map[string]inner
	//lint:ignore U1000 a field that is not exported is not read
	hidden string
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text   string
		strict string // what Decode says; "" when it takes the text
		open   string // what DecodeOpen says
	}{
		{`{"amount":1,"meter":"m","rows":[{"name":"a"},{"name":"b"}],"one":null,"By":{"x":{"name":"n"}}}`, "", ""},
		{` {"raw":{"a":[{"b":1},{"b":2}]},"any":{"B":1,"b":2}} `, "", ""},
		{`{}`, "", ""},
		{`{"one":{"notes":{"Plan":"a","plan":"b"}}}`, "", ""}, // keys of a map are somebody's words
		{`{"amount":1,"amount":2}`, "amount twice", "amount twice"},
		{`{"amount":1,"\u0061mount":2}`, "amount twice", "amount twice"},
		{`{"amount":1,"Amount":2}`, "Amount case", "Amount case"},
		{`{"AMOUNT":1}`, "AMOUNT case", "AMOUNT case"},
		{`{"ſink_key":"x"}`, "ſink_key case", "ſink_key case"},
		{`{"sin` + "\u212a" + `_key":"x"}`, "sin\u212a_key case", "sin\u212a_key case"},
		{`{"Meter":"x"}`, "Meter case", "Meter case"},
		{`{"by":{}}`, "by case", "by case"},
		{`{"hidden":"x"}`, "hidden unknown", ""},
		{`{"account_id":"x"}`, "account_id unknown", ""},
		{`{"rows":[{"name":"a"},{"name":"b","extra":1}]}`, "rows.extra unknown", ""},
		{`{"rows":[{"name":"a","x":{"y":1,"y":1}}]}`, "rows.x unknown", "rows.x.y twice"},
		{`{"x":1,"x":1}`, "x unknown", "x twice"},
		{`{"x":[[{"y":{}},{"y":1,"z":2,"y":3}]]}`, "x unknown", "x.y twice"},
		{`{"one":{"name":"a","NAME":"b"}}`, "one.NAME case", "one.NAME case"},
		{`{"one":{"notes":{"a":"1","a":"2"}}}`, "one.notes.a twice", "one.notes.a twice"},
		{`{"By":{"x":{"Name":"n"}}}`, "By.x.Name case", "By.x.Name case"},
		{`{"raw":{"a":[{"b":1,"b":2}]}}`, "raw.a.b twice", "raw.a.b twice"},
		{`{"any":{"b":{"":1,"":2}}}`, "any.b. twice", "any.b. twice"},
		{`{"any":{"\ud800":1,"\ud801":2}}`, "any.\ufffd twice", "any.\ufffd twice"},
		{`{"amount":1} {}`, "other", "other"},
		{`{"amount":1}x`, "other", "other"},
		{`{"amount":"1"}`, "other", "other"},
		{`{"amount":1,}`, "other", "other"},
		{`[]`, "other", "other"},
		{``, "other", "other"},
		{"{\"meter\":\"\xff\"}", "other", "other"},
		{"{\"a\xff\":1,\"a\xfe\":2}", "other", "other"},
	} {
		var into body
		if got := said(Decode([]byte(c.text), &into)); got != c.strict {
			t.Errorf("Decode(%q) says %q, want %q", c.text, got, c.strict)
		}
		into = body{}
		if got := said(DecodeOpen([]byte(c.text), &into)); got != c.open {
			t.Errorf("DecodeOpen(%q) says %q, want %q", c.text, got, c.open)
		}
	}
}

func said(err error) string {
	var key *KeyError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &key):
		return key.Path + " " + map[Problem]string{Duplicate: "twice", Case: "case", Unknown: "unknown"}[key.Problem]
	}
	return "other"
}

// An object of many keys is searched as one of few.
func TestManyKeys(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 23, 24, 25, 26, 300} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"k%d":{"in":%d},`, i, i)
		}
		var into any
		if err := Decode([]byte(`{`+b.String()+`"last":1}`), &into); err != nil {
			t.Errorf("%d keys: %v", n, err)
		}
		for _, again := range []int{0, n - 1} {
			text := fmt.Sprintf(`{%s"k%d":1}`, b.String(), again)
			if got, want := said(Decode([]byte(text), &into)), fmt.Sprintf("k%d twice", again); got != want {
				t.Errorf("%d keys: says %q, want %q", n, got, want)
			}
		}
	}
}

// A tree is a generated value: its text in any order and spelling of the grammar, and the one value that it means.
type tree struct {
	keys   []string // of an object
	values []*tree
	scalar string
	list   bool
}

func draw(t *rapid.T, depth int) *tree {
	kind := rapid.IntRange(0, 3).Draw(t, "kind")
	if depth == 0 || kind == 0 {
		return &tree{scalar: rapid.SampledFrom([]string{
			`1`, `-2.5e3`, `true`, `null`, `""`, `"a\"}b"`,
			`"{\"x\":1,\"x\":2}"`, `"\\"`, `"हि"`,
		}).Draw(t, "scalar")}
	}
	n := rapid.IntRange(0, 5).Draw(t, "n")
	out := &tree{list: kind == 1}
	taken := map[string]bool{}
	for range n {
		key := rapid.SampledFrom([]string{
			"a", "A", "id", "ID", "amount", "with \"quotes\"", "back\\slash", "हि", "",
			"k", "\u212a",
		}).Draw(t, "key")
		if !out.list && taken[key] {
			continue
		}
		taken[key] = true
		out.keys = append(out.keys, key)
		out.values = append(out.values, draw(t, depth-1))
	}
	return out
}

func (n *tree) objects(to []*tree) []*tree {
	if n.scalar == "" && !n.list && len(n.keys) > 0 {
		to = append(to, n)
	}
	for _, v := range n.values {
		to = v.objects(to)
	}
	return to
}

func (n *tree) write(b *bytes.Buffer, r *rand.Rand) {
	gap := func() { b.WriteString([]string{"", "", " ", "\n\t", "\r"}[r.IntN(5)]) }
	gap()
	defer gap()
	if n.scalar != "" {
		b.WriteString(n.scalar)
		return
	}
	b.WriteByte("{["[bit(n.list)])
	gap()
	for i, v := range n.values {
		if i > 0 {
			b.WriteByte(',')
			gap()
		}
		if !n.list {
			b.WriteString(spell(n.keys[i], r))
			gap()
			b.WriteByte(':')
		}
		v.write(b, r)
	}
	b.WriteByte("}]"[bit(n.list)])
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// spell writes a key as one of the texts that mean it.
func spell(key string, r *rand.Rand) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range key {
		if r.IntN(3) == 0 || c == '"' || c == '\\' {
			fmt.Fprintf(&b, `\u%04x`, c)
		} else {
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Whatever the text looks like: without a repeated key it is taken and means what encoding/json reads; with one key
// of one object repeated, at any depth and in any spelling, it is refused.
func TestRepeatedKeyAnywhereIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		root := draw(t, 4)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var b bytes.Buffer
		root.write(&b, r)
		var got, want any
		if err := Decode(b.Bytes(), &got); err != nil {
			t.Fatalf("Decode(%q): %v", b.String(), err)
		}
		if err := json.Unmarshal(b.Bytes(), &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("Decode(%q) = %v, want %v (%v)", b.String(), got, want, err)
		}
		all := root.objects(nil)
		if len(all) == 0 {
			return
		}
		at := rapid.SampledFrom(all).Draw(t, "object")
		i := rapid.IntRange(0, len(at.keys)-1).Draw(t, "which")
		at.keys = append(at.keys, at.keys[i])
		at.values = append(at.values, draw(t, 1))
		b.Reset()
		root.write(&b, r)
		for name, decode := range map[string]func([]byte, any) error{"Decode": Decode, "DecodeOpen": DecodeOpen} {
			var into any
			var key *KeyError
			if err := decode(b.Bytes(), &into); !errors.As(err, &key) || key.Problem != Duplicate {
				t.Fatalf("%s(%q) = %v, want a duplicate key", name, b.String(), err)
			}
		}
	})
}

// What encoding/json takes for a field without being its name is refused, for every way to fold a letter.
func TestFieldsHaveOneSpelling(t *testing.T) {
	t.Parallel()
	names := []string{"meter", "amount", "sink_key", "rows", "one", "raw", "any", "By"}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "name")
		key := []rune(name)
		for i, c := range key {
			for range rapid.IntRange(0, 3).Draw(t, "folds") {
				c = unicode.SimpleFold(c)
			}
			key[i] = c
		}
		text := fmt.Sprintf(`{%s:null}`, spell(string(key), rand.New(rand.NewPCG(1, uint64(len(name))))))
		for _, decode := range []func([]byte, any) error{Decode, DecodeOpen} {
			var into body
			err := decode([]byte(text), &into)
			if (err == nil) != (string(key) == name) {
				t.Fatalf("%s: %v", text, err)
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"amount":1,"rows":[{"name":"a","notes":{"x":"y"}}],"any":{"b":[1,{"c":null}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var strict, open, plain body
		err := Decode(text, &strict)
		if openErr := DecodeOpen(text, &open); err == nil && openErr != nil {
			t.Fatalf("taken strictly and refused openly: %v", openErr)
		}
		if err != nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&plain); err != nil || !reflect.DeepEqual(strict, plain) {
			t.Fatalf("Decode reads %+v, encoding/json %+v (%v)", strict, plain, err)
		}
	})
}

// The spend of a program, as its hottest route reads it.
func BenchmarkDecode(b *testing.B) {
	text := []byte(`{"meter":"ai","amount":1,"idempotency_key":"0198f3f0-7d6b-7c55-9c3a-3f8f6f0d6a11","note":"summary"}`)
	type spend struct {
		Meter  string `json:"meter"`
		Amount int64  `json:"amount"`
		Key    string `json:"idempotency_key"`
		Note   string `json:"note"`
	}
	b.Run("strict", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var into spend
			if err := Decode(text, &into); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("before", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var into spend
			d := json.NewDecoder(bytes.NewReader(text))
			d.DisallowUnknownFields()
			if err := d.Decode(&into); err != nil {
				b.Fatal(err)
			}
			if _, err := d.Token(); err == nil {
				b.Fatal("more")
			}
		}
	})
}
