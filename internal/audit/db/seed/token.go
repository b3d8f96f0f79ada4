package seed

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

var words = lazyregexp.New(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9_]+`)

// mark remembers a value as one of a tenant's. What both have tells nothing.
func (s *Seeder) mark(v any, letter string, t *catalog.Type) {
	if v == nil || t.Category == "D" || t.Category == "T" || t.OID == oidBool {
		return
	}
	for _, w := range words.FindAllString(text(v), -1) {
		if !strong(w) {
			continue
		}
		if old, ok := s.tokens[w]; ok && old != letter {
			s.tokens[w] = "" // shared
			continue
		}
		s.tokens[w] = letter
	}
}

// strong says whether a word is rare enough to prove something.
func strong(w string) bool {
	if len(w) == 36 {
		return true
	}
	if strings.HasPrefix(w, "w") && len(w) >= 7 || strings.HasPrefix(w, "W") && len(w) >= 7 {
		return true
	}
	digits := 0
	for _, c := range w {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	return digits == len(w) && digits >= 4
}

// Seen lists the words of a tenant in a text.
func (s *Seeder) Seen(text, letter string) []string {
	var out []string
	for _, w := range words.FindAllString(text, -1) {
		if s.tokens[w] == letter && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// Settings writes the statements that make a session a person's.
func (s *Seeder) Settings(x *Context, role string) string {
	return s.SettingsWith(x, role, nil)
}

// SettingsWith is Settings with values of its own for some slots.
func (s *Seeder) SettingsWith(x *Context, role string, more map[cond.Slot]string) string {
	plain := map[string]string{}
	claims := map[string]map[string]any{}
	if s.Model.Supabase {
		c := map[string]any{}
		if role != "" {
			c["role"] = role
		}
		if role == "authenticated" {
			c["aud"] = "authenticated"
		}
		claims["request.jwt.claims"] = c
	}
	for _, slot := range s.Model.Slots {
		if slot.Login() {
			continue
		}
		v, ok := more[slot]
		if !ok && x != nil && !slot.Client() {
			if c, found := s.Model.ClassOfSlot(slot); found {
				v, ok = x.Value(c)
			}
		}
		if !ok && x != nil {
			v, ok = s.looked(slot, x)
		}
		if !ok && x != nil && slot.Path == "" && !slot.Client() && !strings.HasPrefix(slot.Setting, "request.") {
			if _, found := s.Model.ClassOfSlot(slot); !found {
				v, ok = map[string]string{"a": "1", "b": "2"}[x.Letter], x.Letter == "a" || x.Letter == "b"
			}
		}
		if slot.Role() && slot.Path == "" && !ok {
			v, ok = role, role != ""
		}
		if !ok {
			continue
		}
		if slot.Path == "" {
			plain[slot.Setting] = v
			continue
		}
		if claims[slot.Setting] == nil {
			claims[slot.Setting] = map[string]any{}
		}
		put(claims[slot.Setting], strings.Split(slot.Path, "."), v)
	}
	var names []string
	for n, c := range claims {
		if len(c) > 0 {
			b, _ := json.Marshal(c)
			plain[n] = string(b)
		}
	}
	for n := range plain {
		names = append(names, n)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, "select set_config(%s, %s, true);\n", catalog.Literal(n), catalog.Literal(plain[n]))
	}
	return b.String()
}

func put(m map[string]any, path []string, v string) {
	for len(path) > 1 {
		next, ok := m[path[0]].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[path[0]] = next
		}
		m, path = next, path[1:]
	}
	m[path[0]] = v
}
