package credits

import (
	"errors"
	"fmt"
	"testing"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
)

// A hold that is asked for again is told from the first: only the attempt that made it may work, and only while it is
// open.
func TestRepeatedHoldSaysWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.give(f.owner, 100)
	ask := func(key string, attempt uuid.UUID) (Hold, error) {
		return f.s.SetAside(t.Context(), f.key, Spend{Meter: "credits", Amount: 10, Key: key, Attempt: attempt},
			time.Hour)
	}
	for _, c := range []struct {
		status, code string
		captured     int64
		end          func(Hold)
	}{
		{Held, "hold_held", 0, func(Hold) {}},
		{Captured, "hold_captured", 4, func(h Hold) {
			_, err := f.s.Capture(t.Context(), f.key, h.ID, 4)
			f.ok(err)
		}},
		{Released, "hold_released", 0, func(h Hold) {
			_, err := f.s.Release(t.Context(), f.key, h.ID)
			f.ok(err)
		}},
		{Expired, "hold_expired", 0, func(Hold) { f.advance(2 * time.Hour) }},
	} {
		mine := uuid.New()
		h, err := ask(c.status, mine)
		f.ok(err)
		if again, err := ask(c.status, mine); err != nil || again != h {
			t.Errorf("%s: the same attempt while it is open = %+v, %v, want %+v", c.status, again, err, h)
		}
		c.end(h)
		others := map[string]uuid.UUID{"another attempt": uuid.New(), "no attempt": uuid.Nil}
		if c.status != Held {
			others["the same attempt"] = mine
		}
		for who, attempt := range others {
			_, err := ask(c.status, attempt)
			e := IsRepeat(err)
			if e == nil || e.Status != c.status || e.Captured != c.captured || e.Hold.ID != h.ID ||
				e.Hold.Amount != 10 || !e.Hold.ExpiresAt.Equal(h.ExpiresAt) {
				t.Errorf("%s asks for a hold that is %s: %+v, %v", who, c.status, e, err)
			}
			if !fault.Is(err, fault.Conflict) || fault.CodeOf(err) != c.code {
				t.Errorf("%s asks for a hold that is %s: code %q, want %q", who, c.status, fault.CodeOf(err), c.code)
			}
		}
		if _, err := f.s.SetAside(t.Context(), f.key, Spend{Meter: "credits", Amount: 11, Key: c.status, Attempt: mine},
			time.Hour); IsRepeat(err) != nil || !errors.Is(err, errReused) {
			t.Errorf("%s: the same key for another amount: %v, want that the key was used", c.status, err)
		}
	}
	f.adds()
}

// A key in which there is nothing to be seen is none: programs that forget to fill one in would all share it.
func TestBlankKeysAreRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.give(f.owner, 1000)
	blanks := []string{
		"", " ", "  ", "\u200b", "\u2060\ufeff", "\u2800", "\u3164", "\u115f\u1160", "\u00ad", "\u0301",
		" \u00a0\u3000 ",
	}
	for _, r16 := range unicode.White_Space.R16 {
		for r := rune(r16.Lo); r <= rune(r16.Hi); r += rune(r16.Stride) {
			blanks = append(blanks, string(r), string([]rune{r, ' ', r}))
		}
	}
	for _, key := range blanks {
		if _, err := f.consume(f.key, 1, key); !fault.Is(err, fault.Invalid) ||
			fault.Of(err).Field != "idempotency_key" {
			t.Errorf("consume with the key %q: %v, want invalid", key, err)
		}
		if _, err := f.s.SetAside(t.Context(), f.key, Spend{Meter: "credits", Amount: 1, Key: key},
			time.Hour); !fault.Is(err, fault.Invalid) {
			t.Errorf("hold with the key %q: %v, want invalid", key, err)
		}
	}
	for i, key := range []string{"a", " a ", "क", "७", "-", "🧾", "e\u0301"} {
		if _, err := f.consume(f.key, 1, key); err != nil {
			t.Errorf("consume with the key %q: %v", key, err)
		}
		if _, err := f.s.SetAside(t.Context(), f.key, Spend{Meter: "credits", Amount: 1, Key: fmt.Sprint(key, i)},
			time.Hour); err != nil {
			t.Errorf("hold with the key %q: %v", key, err)
		}
	}
}
