package remind

import (
	"fmt"
	"net/url"

	"github.com/tijorihq/tijori/internal/web/ui"
)

func (v View) path() string { return ui.PartyPath(v.Business.ID, v.PartyID) }

// with is the page for another text.
func (v View) with(lang string, link bool) string {
	q := url.Values{"lang": {lang}, "link": {yes(link)}}
	return v.path() + "/remind?" + q.Encode()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// box leaves the white border that cameras look for: four squares.
func box(size int) string { return fmt.Sprintf("-4 -4 %d %d", size+8, size+8) }

// way is the word for how a reminder left.
func way(s ui.Shell, channel string) string {
	switch channel {
	case "whatsapp":
		return "WhatsApp"
	case "sms":
		return "SMS"
	}
	return s.T("Copied")
}
