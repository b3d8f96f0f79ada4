package ui

import (
	"strconv"
	"strings"
)

// A Chart is drawn on the server, with its scale, and says the same as a table below it. Values are not negative.
type Chart struct {
	ID     string // unique on its page
	Title  string
	Story  string // in one sentence, what the picture tells
	Head   string // of the table's first column
	Line   bool   // a line for the one series; columns otherwise
	Points []Point
	Series []Series
	Scale  func(int64) string // words for a value of the scale, short
}

// A Point is a place on the axis.
type Point struct {
	Short string // below the axis; some are left out where there are many
	Name  string // in the table, and on pointing
}

// A Series is a row of values, one for each point.
type Series struct {
	Name   string
	Values []int64
	Words  []string // for each value, as the table says it
	Links  []string // for each value, what lies behind it; may be nil
}

// The chart's own units. Its text is as large as that of a phone's page when the picture is as wide as the phone.
const (
	chartWidth  = 360
	chartHeight = 190
	chartLeft   = 46 // right of the scale's words
	chartRight  = 352
	chartTop    = 12
	chartFloor  = 164
)

// A tick is a line of the scale.
type tick struct{ Y, Word, TextY string }

func (c Chart) most() int64 {
	var most int64 = 1
	for _, s := range c.Series {
		for _, v := range s.Values {
			most = max(most, v)
		}
	}
	return most
}

// step is the distance of the scale's lines: 1, 2 or 5 of a power of ten, about four of them.
func (c Chart) step() int64 {
	most := c.most()
	for unit := int64(1); ; unit *= 10 {
		for _, n := range []int64{1, 2, 5} {
			if n*unit*4 >= most {
				return n * unit
			}
		}
	}
}

func (c Chart) top() int64 {
	step := c.step()
	return (c.most() + step - 1) / step * step
}

// y is the height of a value, in tenths of a unit so that no float is needed.
func (c Chart) y(v int64) int64 {
	return 10*chartFloor - divide(v*10*(chartFloor-chartTop), c.top())
}

// divide rounds to the nearest whole.
func divide(a, b int64) int64 { return (a + b/2) / b }

func tenths(n int64) string {
	return strconv.FormatInt(n/10, 10) + "." + strconv.FormatInt(n%10, 10)
}

func (c Chart) ticks() (out []tick) {
	for v := int64(0); v <= c.top(); v += c.step() {
		y := c.y(v)
		word := strconv.FormatInt(v, 10)
		if c.Scale != nil {
			word = c.Scale(v)
		}
		out = append(out, tick{Y: tenths(y), TextY: tenths(y + 40), Word: word})
	}
	return out
}

// slot is how wide a point is, in tenths.
func (c Chart) slot() int64 { return 10 * (chartRight - chartLeft) / int64(max(len(c.Points), 1)) }

func (c Chart) middle(i int) int64 { return 10*chartLeft + c.slot()*int64(i) + c.slot()/2 }

// words are the points that are named below the axis: about seven, and always the last.
func (c Chart) words() (out []struct{ X, Word string }) {
	every := (len(c.Points) + 6) / 7
	for i, p := range c.Points {
		if (len(c.Points)-1-i)%max(every, 1) == 0 {
			out = append(out, struct{ X, Word string }{tenths(c.middle(i)), p.Short})
		}
	}
	return out
}

type bar struct{ X, Y, Width, Height, Class, Title string }

// bars stand side by side, one of each series.
func (c Chart) bars() (out []bar) {
	n := int64(max(len(c.Series), 1))
	wide := c.slot() * 7 / 10 / n
	for i, p := range c.Points {
		from := c.middle(i) - wide*n/2
		for k, s := range c.Series {
			y := c.y(s.Values[i])
			out = append(out, bar{
				X: tenths(from + wide*int64(k)), Y: tenths(y), Width: tenths(max(wide-4, 10)),
				Height: tenths(10*chartFloor - y), Class: "chart-bar-" + strconv.Itoa(k+1),
				Title: p.Name + ", " + s.Name + ": " + s.Words[i],
			})
		}
	}
	return out
}

type dot struct{ X, Y, Title string }

func (c Chart) dots() (out []dot) {
	s := c.Series[0]
	for i, p := range c.Points {
		out = append(out, dot{tenths(c.middle(i)), tenths(c.y(s.Values[i])), p.Name + ": " + s.Words[i]})
	}
	return out
}

// line is the way through the dots, and area what lies below it.
func (c Chart) line() string {
	var b strings.Builder
	for i, d := range c.dots() {
		b.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + d.X + " " + d.Y)
	}
	return b.String()
}

func (c Chart) area() string {
	if len(c.Points) == 0 {
		return ""
	}
	floor := strconv.Itoa(chartFloor)
	last, first := tenths(c.middle(len(c.Points)-1)), tenths(c.middle(0))
	return c.line() + "L" + last + " " + floor + "L" + first + " " + floor + "Z"
}
