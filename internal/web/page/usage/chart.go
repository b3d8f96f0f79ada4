package usage

import (
	"fmt"
	"strconv"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// Measures of the chart, in its own units; the drawing scales to the page.
const (
	chartWidth  = 600
	chartHeight = 160
	chartFloor  = 140 // where the columns stand
	chartTop    = 12
)

// A column of the chart, ready to draw.
type column struct {
	X, Y, Width, Height string
	Label               string // under it, "" for most
	Middle              string
	Title               string // for who points at it, and for a reader
}

func units(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// most is the highest day, at least 1.
func (v View) most() int64 {
	top := int64(1)
	for _, d := range v.Days {
		top = max(top, d.Used)
	}
	return top
}

// columns lays the days out.
func (v View) columns() []column {
	if len(v.Days) == 0 {
		return nil
	}
	step := float64(chartWidth) / float64(len(v.Days))
	top := v.most()
	var out []column
	for i, d := range v.Days {
		h := float64(d.Used) / float64(top) * (chartFloor - chartTop) // heights, no money
		if d.Used > 0 {
			h = max(h, 2)
		}
		c := column{
			X: units(float64(i)*step + step*0.15), Width: units(step * 0.7), Y: units(chartFloor - h), Height: units(h),
			Middle: units(float64(i)*step + step/2), Title: fmt.Sprintf("%s: %d", v.Date(d.Date), d.Used),
		}
		if i == 0 || i == len(v.Days)-1 || i%7 == len(v.Days)%7 && i > 3 && i < len(v.Days)-4 {
			c.Label = strconv.Itoa(d.Date.Day())
		}
		out = append(out, c)
	}
	return out
}

// story tells the chart in one sentence.
func (v View) story() string {
	if v.Used == 0 {
		return v.T("Nothing was used in the last %d days.", len(v.Days))
	}
	best := v.Days[0]
	for _, d := range v.Days {
		if d.Used > best.Used {
			best = d
		}
	}
	return v.T("%d used in the last %d days, most on %s: %d.", v.Used, len(v.Days), v.Date(best.Date), best.Used)
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
