package usage

import (
	"strconv"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// Chart is what was used on each of some days, the oldest first.
func Chart(s ui.Shell, meter string, days []Day) ui.Chart {
	c := ui.Chart{ID: "used-days", Title: s.T("%s used, day by day", meter), Head: s.T("Day"), Scale: money.Grouped}
	used := ui.Series{Name: s.T("Used")}
	sum, best := int64(0), Day{}
	for _, d := range days {
		c.Points = append(c.Points, ui.Point{Short: strconv.Itoa(d.Date.Day()), Name: s.Date(d.Date)})
		used.Values = append(used.Values, d.Used)
		used.Words = append(used.Words, money.Grouped(d.Used))
		if sum += d.Used; d.Used > best.Used {
			best = d
		}
	}
	c.Series = []ui.Series{used}
	c.Story = s.T("Nothing was used in the last %d days.", len(days))
	if sum > 0 {
		c.Story = s.T("%d used in the last %d days, most on %s: %d.", sum, len(days), s.Date(best.Date), best.Used)
	}
	return c
}

// kinds are the choices of the filter.
var kinds = []string{"", "consume", "capture", "allowance", "top_up", "promotional", "expire", "take_back", "give_back"}

// kind is the word for a kind of entry.
func (v View) kind(id string) string {
	switch id {
	case "":
		return v.T("All")
	case "consume":
		return v.T("Used")
	case "capture":
		return v.T("Used (set aside before)")
	case "allowance":
		return v.T("Allowance of the plan")
	case "top_up":
		return v.T("Bought")
	case "promotional":
		return v.T("Gift")
	case "expire":
		return v.T("Expired")
	case "take_back":
		return v.T("Reversed")
	case "give_back":
		return v.T("Returned: the refund failed")
	}
	return id
}

func signed(n int64) string {
	if n > 0 {
		return "+" + strconv.FormatInt(n, 10)
	}
	return "−" + strconv.FormatInt(-n, 10)
}

func count(n int64) string { return strconv.FormatInt(n, 10) }

// meterName is the name of the meter that is shown.
func (v View) meterName() string {
	for _, m := range v.Meters {
		if m.ID == v.Meter {
			return m.Name
		}
	}
	return v.Meter
}

func (v View) options() []ui.Option {
	var out []ui.Option
	for _, k := range kinds {
		out = append(out, ui.Option{Value: k, Label: v.kind(k)})
	}
	return out
}
