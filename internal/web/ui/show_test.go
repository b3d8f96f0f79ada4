package ui

import (
	"testing"
)

func TestInitial(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Ramesh": "R", "  anita": "A", "हिन्दी": "हि", "श्री कृष्ण": "श्री", "प्र॰ वर्मा": "प्र", "(old) shop": "O",
		"7 Star": "7", "": "·", "!!": "·", "रमेश": "र",
	} {
		if got := Initial(name); got != want {
			t.Errorf("Initial(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestHere(t *testing.T) {
	t.Parallel()
	s := Shell{Business: Business{ID: "b1"}}
	for _, test := range []struct {
		at, link string
		want     bool
	}{
		{"/b/b1?q=x", "/b/b1", true},
		{"/b/b1/p/p1/edit", "/b/b1", true},
		{"/b/b1/parties/new", "/b/b1", true},
		{"/b/b1/bin", "/b/b1", false},
		{"/b/b1/settings", "/b/b1/settings", true},
		{"/settings", "/settings", true},
		{"/billing/checkout", "/billing", true},
		{"/billings", "/billing", false},
		{"/team", "/", false},
	} {
		s.CurrentPath = test.at
		if got := s.here(test.link); got != test.want {
			t.Errorf("at %s, here(%s) = %v, want %v", test.at, test.link, got, test.want)
		}
	}
}
