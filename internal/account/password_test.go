package account

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/fault"
)

func TestPasswordHash(t *testing.T) {
	t.Parallel()
	p := newPasswords()
	stored, err := p.hash(t.Context(), "blue-lantern-market")
	if err != nil || !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("hash = %q, %v", stored, err)
	}
	if ok, stale, err := p.verify(t.Context(), stored, "blue-lantern-market"); !ok || stale || err != nil {
		t.Errorf("verify = %v, stale %v, %v", ok, stale, err)
	}
	decomposed, composed := "cafe\u0301 लालटेन", "caf\u00e9 लालटेन"
	stored, err = p.hash(t.Context(), decomposed)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := p.verify(t.Context(), stored, composed); !ok || err != nil {
		t.Errorf("the same letters typed on another keyboard: %v, %v, want a match", ok, err)
	}
	for _, bad := range []string{
		"", "!", "$argon2id$v=19$m=19456,t=2,p=1$$",
		"$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5",
		"$argon2id$v=19$m=99999999,t=2,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5a2V5",
	} {
		before := p.runs.Load()
		if ok, _, err := p.verify(t.Context(), bad, "x"); ok || err != nil || p.runs.Load() != before+1 {
			t.Errorf("verify against %q = %v, %v with %d runs, want no match after one run", bad, ok, err,
				p.runs.Load()-before)
		}
	}
}

func TestPasswordsWaitForASlot(t *testing.T) {
	t.Parallel()
	p := newPasswords()
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := p.hash(ctx, "blue-lantern-market")
	wantKind(t, "hash without a free slot", err, fault.Unavailable)
	for range cap(p.slots) {
		<-p.slots
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := p.hash(t.Context(), "blue-lantern-market"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(p.slots) != 0 {
		t.Errorf("%d slots taken after all is done", len(p.slots))
	}
}

// The list refuses each of its lines with whatever digits around it, which is more than the three thousand passwords of
// our length that the standard asks for; no line of it matches nothing.
func TestCommonPasswords(t *testing.T) {
	t.Parallel()
	lines, long := 0, 0
	for heart := range commonHearts() {
		if lines++; utf8.RuneCountInString(heart) >= minPassword {
			long++
		}
		if heart != strings.ToLower(strings.TrimSpace(heart)) || !often(heart) {
			t.Errorf("%q matches nothing", heart)
		}
		for _, typed := range []string{strings.ToUpper(heart), heart + "12345!", "2024#" + heart} {
			if strings.Trim(heart, "0123456789") == heart && !often(typed) {
				t.Errorf("%q is taken", typed)
			}
		}
	}
	if lines < 20_000 || long < 1000 {
		t.Errorf("the list has %d lines, %d of ten letters and more", lines, long)
	}
	for _, good := range []string{"blue-lantern-market", "मेरी दुकान का राज़", "t7#kQ9zzLp", ""} {
		if often(good) {
			t.Errorf("%q is among the most used", good)
		}
	}
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"blue-lantern-market", "correct horse battery staple", "मेरी दुकान का राज़",
		"t7#kQ9zzLp", strings.Repeat("a1b2c3d4", 16), "9876543210 gulab jamun",
	} {
		if err := checkPassword(good, "Asha Devi", "asha@example.com"); err != nil {
			t.Errorf("checkPassword(%q) = %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "short", "123456789", strings.Repeat("ab1c2", 26), "password123", "Password@123", "1234567890",
		"qwertyuiop", "aaaaaaaaaaaa", "abababababab",
		"asdfghjkl123", "iloveyou123", "India@12345", "ashadevi123", "asha@example.com", "AshaDevi2024", "krishna12345",
		"9876543210", "0987654321", "basketball", "Manchester1", "liverpool#1985", "1123581321", "2024 Terminator!",
		"\xff\xfe\xfd12345678", "welcome@2024",
	} {
		err := checkPassword(bad, "Asha Devi", "asha@example.com")
		if ft := fault.Of(err); ft == nil || ft.Field != "password" {
			t.Errorf("checkPassword(%q) = %v, want a fault about the field", bad, err)
		}
	}
}
