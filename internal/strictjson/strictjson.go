// Package strictjson decodes JSON that somebody else wrote. encoding/json matches keys in any case, lets the last of
// two equal keys win, and skips keys that it does not know, so that two readers of one text can see two things.
// Here a text has one meaning or is refused.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"
)

// A KeyError says which key of a text makes it ambiguous, or is not known.
type KeyError struct {
	Path    string // as "rows.amount": keys from the top, without the index of lists
	Problem Problem
}

// A Problem is what is wrong with a key.
type Problem string

// The problems of keys.
const (
	Duplicate Problem = "the key stands twice in one object"
	Case      Problem = "the key is spelled in another case"
	Unknown   Problem = "the key is not known"
)

func (e *KeyError) Error() string { return fmt.Sprintf("json: %.200q: %s", e.Path, e.Problem) }

var errUTF8 = errors.New("json: the text is not UTF-8")

// Decode reads one value into what into points to. Every key must be the exact name of a field and stand once; nothing
// may follow the value. Other errors are those of json.Unmarshal. After an error the value of into is of no use.
func Decode(text []byte, into any) error { return decode(text, into, false) }

// DecodeOpen reads like Decode, but skips keys that into has no field for: a provider may add some at any
// time. A key that is repeated, also in what is skipped, or that is a field's name in another case, is refused.
func DecodeOpen(text []byte, into any) error { return decode(text, into, true) }

func decode(text []byte, into any, open bool) error {
	if !utf8.Valid(text) {
		return errUTF8 // json.Unmarshal would make one letter of different bytes, in keys as well
	}
	if err := json.Unmarshal(text, into); err != nil {
		return err
	}
	w := walker{text: text, open: open}
	var path [8][]byte
	var keys [16][]byte
	w.path, w.keys = path[:0], keys[:0]
	return w.value(shapeOf(reflect.TypeOf(into)))
}

// A walker goes through a text that json.Unmarshal has found valid, so it checks no grammar.
type walker struct {
	text []byte
	at   int
	open bool
	path [][]byte // the keys that lead here
	keys [][]byte // of the objects around here that are not structs
}

func (w *walker) space() byte {
	for {
		switch c := w.text[w.at]; c {
		case ' ', '\t', '\n', '\r':
			w.at++
		default:
			return c
		}
	}
}

// value walks over one value that is read into the shape s.
func (w *walker) value(s *shape) error {
	switch w.space() {
	case '{':
		return w.object(s)
	case '[':
		return w.list(s)
	case '"':
		w.quoted()
	default:
		for w.at < len(w.text) && !ends(w.text[w.at]) {
			w.at++
		}
	}
	return nil
}

func ends(c byte) bool {
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t'
}

// quoted walks over a string and returns it as it is written, with its quotes.
func (w *walker) quoted() (written []byte, escaped bool) {
	from := w.at
	for w.at++; w.text[w.at] != '"'; w.at++ {
		if w.text[w.at] == '\\' {
			escaped = true
			w.at++
		}
	}
	w.at++
	return w.text[from:w.at], escaped
}

func (w *walker) key() []byte {
	written, escaped := w.quoted()
	if !escaped {
		return written[1 : len(written)-1]
	}
	var s string
	if err := json.Unmarshal(written, &s); err != nil {
		return written // cannot happen: the text is valid
	}
	return []byte(s)
}

func (w *walker) list(s *shape) error {
	var elem *shape
	if s != nil && !s.isMap {
		elem = s.elem
	}
	w.at++
	if w.space() == ']' {
		w.at++
		return nil
	}
	for {
		if err := w.value(elem); err != nil {
			return err
		}
		end := w.space()
		w.at++
		if end == ']' {
			return nil
		}
	}
}

func (w *walker) object(s *shape) error {
	if s != nil && s.fields != nil {
		return w.record(s.fields)
	}
	var elem *shape
	if s != nil && s.isMap {
		elem = s.elem
	}
	seen := keySet{w: w, from: len(w.keys)}
	defer seen.forget()
	return w.members(func(key []byte) (*shape, Problem) {
		if !seen.add(key) {
			return nil, Duplicate
		}
		return elem, ""
	})
}

// record walks over an object that goes into a struct.
func (w *walker) record(f *fields) error {
	var few [64]bool
	seen := few[:]
	if len(f.shapes) > len(seen) {
		seen = make([]bool, len(f.shapes))
	}
	others := keySet{w: w, from: len(w.keys)}
	defer others.forget()
	return w.members(func(key []byte) (*shape, Problem) {
		i, known := f.byName[string(key)]
		switch {
		case known && seen[i]:
			return nil, Duplicate
		case known:
			seen[i] = true
			return f.shapes[i], ""
		case f.alike(key):
			return nil, Case
		case !w.open:
			return nil, Unknown
		case !others.add(key):
			return nil, Duplicate
		}
		return nil, ""
	})
}

func (w *walker) members(take func(key []byte) (*shape, Problem)) error {
	w.at++
	if w.space() == '}' {
		w.at++
		return nil
	}
	for {
		w.space()
		w.path = append(w.path, w.key())
		s, problem := take(w.path[len(w.path)-1])
		if problem != "" {
			return &KeyError{string(bytes.Join(w.path, []byte("."))), problem}
		}
		w.space()
		w.at++ // the colon
		if err := w.value(s); err != nil {
			return err
		}
		w.path = w.path[:len(w.path)-1]
		end := w.space()
		w.at++
		if end == '}' {
			return nil
		}
	}
}

// A keySet holds the keys of one object: a few in a list that all objects share, many in a map.
type keySet struct {
	w    *walker
	from int
	many map[string]bool
}

func (s *keySet) add(key []byte) bool {
	if s.many != nil {
		if s.many[string(key)] {
			return false
		}
		s.many[string(key)] = true
		return true
	}
	for _, k := range s.w.keys[s.from:] {
		if string(k) == string(key) {
			return false
		}
	}
	s.w.keys = append(s.w.keys, key)
	if len(s.w.keys)-s.from > 24 {
		s.many = make(map[string]bool, 64)
		for _, k := range s.w.keys[s.from:] {
			s.many[string(k)] = true
		}
		s.w.keys = s.w.keys[:s.from]
	}
	return true
}

func (s *keySet) forget() { s.w.keys = s.w.keys[:s.from] }
