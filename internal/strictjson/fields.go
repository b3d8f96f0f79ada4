package strictjson

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"
)

// A shape is what the walker needs to know of a type. A nil shape is a value in which only repeated keys
// are looked for: an interface, or a type that reads itself.
type shape struct {
	fields *fields // of a struct
	elem   *shape  // of a map, a slice or an array
	isMap  bool
}

// fields are the names under which a struct is read, and the shape of each.
type fields struct {
	byName  map[string]int
	folded  map[string]bool // the names as encoding/json compares them where none fits exactly
	longest int
	shapes  []*shape
}

var (
	shapes   sync.Map // of reflect.Type to *shape, complete ones
	building sync.Mutex
)

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	building.Lock()
	defer building.Unlock()
	s := build(t, map[reflect.Type]*shape{})
	shapes.Store(t, s)
	return s
}

var (
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func build(t reflect.Type, done map[reflect.Type]*shape) *shape {
	for t.Kind() == reflect.Pointer {
		if t.Implements(unmarshaler) || t.Implements(textUnmarshaler) {
			return nil
		}
		t = t.Elem()
	}
	if s, ok := done[t]; ok {
		return s
	}
	if to := reflect.PointerTo(t); to.Implements(unmarshaler) || to.Implements(textUnmarshaler) {
		return nil
	}
	s := &shape{}
	switch t.Kind() {
	case reflect.Struct:
		done[t] = s
		s.fields = &fields{byName: map[string]int{}, folded: map[string]bool{}}
		s.fields.collect(t, done)
	case reflect.Map, reflect.Slice, reflect.Array:
		done[t] = s
		s.isMap = t.Kind() == reflect.Map
		s.elem = build(t.Elem(), done)
	default:
		return nil
	}
	return s
}

// collect adds the fields of t, and of what it embeds, as encoding/json names them. Where names collide
// encoding/json may read neither; here both are one known name, which refuses a repetition all the same.
func (f *fields) collect(t reflect.Type, done map[reflect.Type]*shape) {
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if tag == "-" {
			continue
		}
		if inner := sf.Type; sf.Anonymous && name == "" {
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				f.collect(inner, done)
				continue
			}
		}
		if !sf.IsExported() {
			continue
		}
		if name == "" {
			name = sf.Name
		}
		if _, taken := f.byName[name]; taken {
			continue
		}
		f.byName[name] = len(f.shapes)
		f.shapes = append(f.shapes, build(sf.Type, done))
		fold, _ := appendFold(nil, []byte(name), 3*len(name))
		f.folded[string(fold)] = true
		f.longest = max(f.longest, len(fold))
	}
}

// alike reports whether encoding/json would take key for one of the fields although it is not its name.
func (f *fields) alike(key []byte) bool {
	var room [64]byte
	fold, ok := appendFold(room[:0], key, f.longest)
	return ok && f.folded[string(fold)]
}

// appendFold appends key in lower case, with the two letters outside ASCII that fold into it: ſ and the
// Kelvin sign. It gives up when the result is longer than most.
func appendFold(to, key []byte, most int) ([]byte, bool) {
	for len(key) > 0 {
		if len(to) > most {
			return nil, false
		}
		c := key[0]
		switch {
		case 'A' <= c && c <= 'Z':
			to = append(to, c|0x20)
			key = key[1:]
		case c < utf8.RuneSelf:
			to = append(to, c)
			key = key[1:]
		default:
			r, size := utf8.DecodeRune(key)
			key = key[size:]
			switch r {
			case 'ſ':
				to = append(to, 's')
			case '\u212a':
				to = append(to, 'k')
			default:
				to = utf8.AppendRune(to, r)
			}
		}
	}
	return to, true
}
