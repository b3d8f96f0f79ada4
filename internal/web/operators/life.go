package operators

import (
	"strings"

	"github.com/tijorihq/tijori/internal/insight"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/admin"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// lifeLines are the lines of an account's life, each day named once.
func (h *Handlers) lifeLines(s ui.Shell, life []insight.Happening) (out []admin.Line) {
	day := ""
	for _, happened := range life {
		at := happened.At.In(s.Now.Location())
		l := h.lifeLine(s, happened)
		l.Time, l.Sort = i18n.Clock(s.Locale, at), happened.Kind
		if name := s.Day(at); name != day {
			day, l.Day = name, name
		}
		out = append(out, l)
	}
	return out
}

func (h *Handlers) lifeLine(s ui.Shell, e insight.Happening) admin.Line {
	l := admin.Line{Text: words(e.What), Fine: e.Detail}
	if e.Amount.Currency != "" {
		l.Amount = e.Amount.Short()
	}
	switch e.Kind {
	case "account":
		l.Word, l.Text = s.T("Account"), s.T("Signed up")
		if e.What == "leaving" {
			l.Text = s.T("Its owner began to delete it")
		}
	case "person":
		l.Word, l.Text, l.Fine = s.T("Team"), s.T("%s joined", e.Detail), s.RoleName(e.What)
	case "plan":
		l.Word, l.Fine = s.T("Plan"), e.Reference
		name := planName(h.Plans, e.Detail)
		switch e.What {
		case "trial":
			l.Text, l.Amount = s.T("A trial of %s began", name), ""
		case "ended":
			l.Text = s.T("%s ended", name)
		default:
			l.Text = s.T("%s began", name)
			if l.Amount != "" {
				l.Amount = s.T("%s a month", e.Amount.Short())
			}
		}
	case "payment":
		l.Word, l.Text, l.Fine = s.T("Payment"), s.T("Paid"), e.Reference
		if e.What == "credits" {
			l.Text = s.T("Credits bought: %s", e.Detail)
		}
	case "invoice":
		l.Word, l.Text, l.Fine, l.Trouble = s.T("Invoice"), s.T("Not paid: %s", words(e.What)),
			strings.TrimSpace(e.Detail+" "+e.Reference), true
	case "event":
		l.Word, l.Text = s.T("Webhook"), e.What
		l.Trouble = !strings.HasPrefix(e.Detail, "applied")
		if provider, id, ok := strings.Cut(e.Reference, "/"); ok {
			l.Path = admin.Event{Provider: provider, ID: id}.Path()
		}
	case "credits":
		l.Word, l.Amount = s.T("Credits"), "+"+money.Grouped(e.Amount.Minor)
		l.Fine = strings.Trim(e.Detail+" · "+e.Reference, " ·")
		switch e.What {
		case "allowance":
			l.Text = s.T("Credits of the plan")
		case "top_up":
			l.Text = s.T("Credits bought")
		default:
			l.Text = s.T("Credits given")
		}
	case "review":
		l.Word, l.Trouble = s.T("Review"), e.Reference == "open"
	case "security":
		l.Word = s.T("Security")
	case "act":
		l.Word, l.Fine = s.T("Operator"), e.Detail+" · "+e.Reference
	case "look":
		l.Word, l.Text, l.Fine = s.T("Looked at"), s.T("Opened by %s", e.Reference), e.Detail
	}
	return l
}

// words writes a code as words.
func words(code string) string { return strings.ReplaceAll(code, "_", " ") }
