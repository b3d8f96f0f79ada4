package parties

import (
	"net/url"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// with returns the address of the list with another filter, from its start.
func (v View) with(change func(*Filter)) string {
	f := v.Filter
	f.After = ""
	change(&f)
	return address(v.Business.ID, f)
}

// sorted is the list in another order. A choice of order keeps everything else.
func (v View) sorted(by string) string { return v.with(func(f *Filter) { f.Sort = by }) }

// due is for how many days the oldest unpaid entry of a party has been open; 0 when nothing is due since yesterday.
func (v View) due(r Row) int {
	if r.Due.IsZero() {
		return 0
	}
	return max(0, i18n.DaysBetween(r.Due, v.Now))
}

// long reports whether the totals do not fit beside each other on a phone.
func (v View) long() bool {
	return max(utf8.RuneCountInString(v.Get.Short()), utf8.RuneCountInString(v.Give.Short())) > 13
}

func (v View) showing(show string) string { return v.with(func(f *Filter) { f.Show = show }) }
func (v View) ofKind(kind string) string  { return v.with(func(f *Filter) { f.Kind = kind }) }

// older is the address of the next page.
func (v View) older() string {
	f := v.Filter
	f.After = v.After
	return address(v.Business.ID, f)
}

// plain reports whether the whole list is asked for, whatever its order.
func (f Filter) plain() bool { return f.Query == "" && f.Show == "" && f.Kind == "" }

func address(business string, f Filter) string {
	q := url.Values{}
	for _, p := range []struct{ name, value string }{
		{"q", f.Query}, {"show", f.Show}, {"kind", f.Kind}, {"sort", f.Sort}, {"after", f.After},
	} {
		if p.value != "" {
			q.Set(p.name, p.value)
		}
	}
	if len(q) == 0 {
		return ui.BusinessPath(business)
	}
	return ui.BusinessPath(business) + "?" + q.Encode()
}
