package parties

import (
	"net/url"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// with returns the address of the list with another filter, from its start.
func (v View) with(change func(*Filter)) string {
	f := v.Filter
	f.After = ""
	change(&f)
	return address(v.Business.ID, f)
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
