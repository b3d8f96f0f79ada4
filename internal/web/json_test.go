package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every door that takes JSON refuses a body that two readers could read in two ways, names the key, and does nothing.
func TestJSONBodiesHaveOneMeaning(t *testing.T) {
	t.Parallel()
	w := owned(t)
	doors := 0
	for _, rt := range routes {
		c, ok := trials[rt.Pattern]
		if !ok || c.ask == nil || c.noBody {
			continue
		}
		good := c.ask(newIDs(w.a.ids))
		if len(good.json) == 0 {
			continue
		}
		doors++
		before := w.rowsOf(w.a)
		method, _, _ := strings.Cut(rt.Pattern, " ")
		for what, body := range ambiguous(good.json) {
			r, err := http.NewRequest(method, w.url+good.path, strings.NewReader(body.text))
			w.ok(err)
			r.Header.Set("Content-Type", "application/json")
			got := w.do(r, w.rightful(rt, false))
			if got.status != 422 || !strings.Contains(got.body, body.names) {
				t.Errorf("%s with %s: %d %.300s\nwant 422 and %q", rt.Pattern, what, got.status, got.body, body.names)
			}
		}
		w.unchanged(before, rt.Pattern+" with an ambiguous body")
	}
	if doors < 8 {
		t.Errorf("%d doors take JSON: the wrong list?", doors)
	}
}

type hostileBody struct{ text, names string }

// ambiguous makes bodies out of a good one, each wrong in one way.
func ambiguous(good map[string]any) map[string]hostileBody {
	b, err := json.Marshal(good)
	if err != nil {
		panic(err)
	}
	text := string(b)
	out := map[string]hostileBody{
		"more behind it":   {text + ` {}`, "not the JSON"},
		"an unknown key":   {strings.TrimSuffix(text, "}") + `,"account_id":"x"}`, "no such field"},
		"bytes of no text": {strings.TrimSuffix(text, "}") + ",\"\xff\":1}", "not the JSON"},
	}
	key := slices.Sorted(maps.Keys(good))[0]
	value, err := json.Marshal(good[key])
	if err != nil {
		panic(err)
	}
	for what, again := range map[string]string{
		"a key twice":            strconv.Quote(key),
		"a key twice, escaped":   `"\u00` + strconv.FormatInt(int64(key[0]), 16) + key[1:] + `"`,
		"a key in capitals, too": strconv.Quote(strings.ToUpper(key)),
	} {
		names := "is in the body twice"
		if strings.Contains(what, "capitals") {
			names = "spelled differently"
		}
		out[what] = hostileBody{strings.TrimSuffix(text, "}") + "," + again + ":" + string(value) + "}", names}
	}
	return out
}
