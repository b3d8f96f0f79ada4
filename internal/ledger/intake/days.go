package intake

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
)

var errNotDay = fault.InvalidField("date", "This is not a date.")

// A day is a date as a cell says it. With sure unset, a and b are the day and the month, in an order that the cell
// alone does not say.
type day struct {
	year  int
	a, b  int
	sure  bool // a is the day
	at    int  // seconds since midnight, -1 when the cell has no time
	zone  *time.Location
	count float64 // the number of a day, as spreadsheets count them; 0 for what is written as a date
	epoch int64   // milliseconds since 1970; 0 for all others
}

var months = func() map[string]int {
	out := map[string]int{}
	for i, names := range []string{
		"jan january janv जनवरी जन जानेवारी জানুয়ারি જાન્યુઆરી",
		"feb february फरवरी फर फरवरि फेब्रुवारी ফেব্রুয়ারি ફેબ્રુઆરી", "mar march मार्च মার্চ માર્ચ",
		"apr april अप्रैल अप्रेल एप्रिल এপ্রিল એપ્રિલ",
		"may मई मे মে મે", "jun june जून জুন જૂન", "jul july जुलाई जुलै জুলাই જુલાઈ",
		"aug august अगस्त अग ऑगस्ट আগস্ট ઓગસ્ટ",
		"sep sept september सितंबर सितम्बर सित सप्टेंबर সেপ্টেম্বর સપ્ટેમ્બર",
		"oct october अक्टूबर अक्तूबर अक्टू ऑक्टोबर অক্টোবর ઓક્ટોબર",
		"nov november नवंबर नवम्बर नव नोव्हेंबर নভেম্বর નવેમ્બર",
		"dec december दिसंबर दिसम्बर दिस डिसेंबर ডিসেম্বর ડિસેમ્બર",
	} {
		for _, n := range strings.Fields(names) {
			out[ledger.NameKey(n)] = i + 1
		}
	}
	return out
}()

var weekdays = []string{
	"mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun", "monday", "tuesday",
	"wednesday", "thursday", "friday", "saturday", "sunday",
}

// parseDay reads a date in any of the forms in which programs and people write one.
func parseDay(text string) (d day, ok bool) {
	text = strings.TrimSpace(digits(text))
	d.at = -1
	if text == "" || len(text) > 80 {
		return d, false
	}
	if isDigits(strings.Replace(text, ".", "", 1)) {
		return numberDay(text)
	}
	if len(text) > 10 && (text[10] == 'T' || text[10] == 't') && text[4] == '-' {
		text = text[:10] + " " + text[11:]
	}
	if i := strings.IndexByte(text, ':'); i > 0 {
		if text, ok = d.time(text, i); !ok {
			return d, false
		}
	}
	return d, d.date(text)
}

// numberDay reads 20260105, 05012026, the days of a spreadsheet and the seconds of a computer.
func numberDay(text string) (d day, ok bool) {
	d.at = -1
	whole, part, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || len(part) > 12 {
		return d, false
	}
	switch {
	case len(whole) == 5 && n >= 36_526 && n < 73_051: // 2000 to 2099
		if d.count, err = strconv.ParseFloat(text, 64); err != nil {
			return d, false
		}
		return d, true
	case len(whole) == 8 && part == "":
		d.year, d.b, d.a, d.sure = int(n/10_000), int(n/100%100), int(n%100), true
		if d.year < 1990 || d.year > 2100 || d.b > 12 {
			d.a, d.b, d.year, d.sure = int(n/1_000_000), int(n/10_000%100), int(n%10_000), false
		}
		return d, d.valid()
	case len(whole) == 10 && n >= 946_684_800 && n < 4_102_444_800:
		d.epoch = n * 1000
		return d, true
	case len(whole) == 13 && n >= 946_684_800_000 && n < 4_102_444_800_000:
		d.epoch = n
		return d, true
	}
	return d, false
}

// time takes the time of day out of a text, whose first colon stands at i.
func (d *day) time(text string, i int) (rest string, ok bool) {
	start := i
	for start > 0 && text[start-1] >= '0' && text[start-1] <= '9' {
		start--
	}
	end := i
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] == ':' || text[end] == '.') {
		end++
	}
	parts := strings.Split(text[start:end], ":")
	hour, err := strconv.Atoi(parts[0])
	minute, err2 := strconv.Atoi(parts[1])
	second := 0
	if len(parts) > 2 {
		whole, _, _ := strings.Cut(parts[2], ".")
		second, _ = strconv.Atoi(whole)
	}
	if err != nil || err2 != nil || hour > 24 || minute > 59 || second > 60 || len(parts) > 3 {
		return "", false
	}
	tail := strings.ToLower(strings.TrimSpace(text[end:]))
	for _, half := range []string{"am", "a.m.", "pm", "p.m."} {
		if after, found := strings.CutPrefix(tail, half); found {
			if hour %= 12; half[0] == 'p' {
				hour += 12
			}
			tail = strings.TrimSpace(after)
			break
		}
	}
	d.at = hour*3600 + minute*60 + second
	if zoned, ok := zoneOf(tail); ok {
		d.zone, tail = zoned, ""
	} else if tail == "ist" {
		tail = ""
	}
	rest = strings.TrimRight(strings.TrimSpace(text[:start]), ",-")
	if before, found := strings.CutSuffix(strings.ToLower(rest), " at"); found {
		rest = before
	}
	return strings.TrimSpace(rest + " " + tail), true
}

// zoneOf reads the zone behind a time: Z, UTC, +0530, GMT+05:30 (India Standard Time).
func zoneOf(tail string) (*time.Location, bool) {
	tail, _, _ = strings.Cut(tail, "(")
	tail = strings.TrimSpace(tail)
	switch tail {
	case "z", "utc", "gmt", "+0000 utc":
		return time.UTC, true
	}
	tail = strings.TrimPrefix(strings.TrimPrefix(tail, "gmt"), "utc")
	if len(tail) < 3 || tail[0] != '+' && tail[0] != '-' {
		return nil, false
	}
	number := strings.ReplaceAll(tail[1:], ":", "")
	if i := strings.IndexByte(number, ' '); i > 0 { // +0530 IST
		number = number[:i]
	}
	if !isDigits(number) || len(number) != 2 && len(number) != 4 {
		return nil, false
	}
	hours, _ := strconv.Atoi(number[:2])
	minutes := 0
	if len(number) == 4 {
		minutes, _ = strconv.Atoi(number[2:])
	}
	seconds := hours*3600 + minutes*60
	if tail[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), hours <= 14 && minutes < 60
}

// date reads the parts of a date: numbers and perhaps the name of a month.
func (d *day) date(text string) bool {
	var numbers [3]int
	var widths [3]int
	n, month, monthAt := 0, 0, -1
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			from := i
			for i < len(text) && text[i] >= '0' && text[i] <= '9' {
				i++
			}
			if n == 3 || i-from > 4 {
				return false
			}
			numbers[n], _ = strconv.Atoi(text[from:i])
			widths[n] = i - from
			n++
			if i+1 < len(text) { // 5th
				if t := strings.ToLower(text[i : i+2]); (t == "th" || t == "st" || t == "nd" || t == "rd") &&
					(i+2 == len(text) || !letter(text[i+2])) {
					i += 2
				}
			}
		case strings.IndexByte(" /-.,'", c) >= 0:
			i++
		default:
			from := i
			for i < len(text) && strings.IndexByte(" /-.,'0123456789", text[i]) < 0 {
				i++
			}
			word := strings.ToLower(text[from:i])
			if m := months[word]; m > 0 && month == 0 {
				month, monthAt = m, n
			} else if m := months[ledger.NameKey(word)]; m > 0 && month == 0 {
				month, monthAt = m, n
			} else if !slices.Contains(weekdays, word) && word != "of" && word != "को" {
				return false
			}
		}
	}
	switch {
	case month > 0 && n == 2:
		d.b, d.sure = month, true
		switch {
		case widths[0] == 4 && monthAt >= 1:
			d.year, d.a = numbers[0], numbers[1]
		default:
			d.a, d.year = numbers[0], year(numbers[1], widths[1])
		}
	case month > 0 || n != 3:
		return false
	case widths[0] == 4:
		d.year, d.b, d.a, d.sure = numbers[0], numbers[1], numbers[2], true
	case widths[2] == 4 || widths[2] == 2:
		d.a, d.b, d.year = numbers[0], numbers[1], year(numbers[2], widths[2])
	default:
		return false
	}
	return d.valid()
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func year(n, width int) int {
	if width <= 2 {
		return 2000 + n
	}
	return n
}

// valid reports a day that there is, in one of the two orders.
func (d *day) valid() bool {
	return there(d.year, d.b, d.a) || !d.sure && there(d.year, d.a, d.b)
}

func there(year, month, dayOf int) bool {
	if month < 1 || month > 12 || dayOf < 1 || dayOf > 31 || year < 1 {
		return false
	}
	return dayOf <= 28 || time.Date(year, time.Month(month), dayOf, 0, 0, 0, 0, time.UTC).Day() == dayOf
}

// A calendar reads the dates of one column, all in the same order.
type calendar struct {
	monthFirst bool
	late       bool // numbers of days count from 1904
	zone       *time.Location
}

// read is the day of a cell, and the moment in it for the order of entries of one day; at is -1 when the cell has no
// time.
func (c calendar) read(text string) (date time.Time, at int, err error) {
	d, ok := parseDay(text)
	if !ok {
		return date, -1, errNotDay
	}
	switch {
	case d.epoch > 0:
		return c.local(time.UnixMilli(d.epoch))
	case d.count > 0:
		count := d.count
		if c.late {
			count += 1462
		}
		whole := int(count)
		date = time.Date(1899, 12, 30+whole, 0, 0, 0, 0, time.UTC)
		if at = int((count - float64(whole)) * 86400); at == 0 {
			at = -1
		}
		return date, at, inRange(date)
	}
	dayOf, month := d.a, d.b
	if !d.sure && c.monthFirst {
		dayOf, month = month, dayOf
	}
	if !there(d.year, month, dayOf) {
		return date, -1, errNotDay
	}
	date = time.Date(d.year, time.Month(month), dayOf, 0, 0, 0, 0, time.UTC)
	if d.zone != nil && d.at >= 0 {
		return c.local(time.Date(d.year, time.Month(month), dayOf, 0, 0, d.at, 0, d.zone))
	}
	return date, d.at, inRange(date)
}

// local is the day on which a moment is where the shop stands.
func (c calendar) local(t time.Time) (date time.Time, at int, err error) {
	t = t.In(c.zone)
	date = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	return date, t.Hour()*3600 + t.Minute()*60 + t.Second(), inRange(date)
}

func inRange(date time.Time) error {
	if date.Before(ledger.FirstDate) || date.After(ledger.LastDate) {
		_, err := ledger.ParseDate(date.Format(time.DateOnly))
		if err == nil {
			err = errNotDay
		}
		return err
	}
	return nil
}

// orders is what a column of dates says of the order of day and month.
type orders struct {
	all, open      int // cells that are dates in figures; those of them that can be read both ways
	day, month     int // cells that only one order fits
	first          string
	dayUp, dayDown int // steps to a later and to an earlier day, read with the day first
	monUp, monDown int
	dayFar, monFar int // days that have not come yet
}

// look reads a column, without the cells that say nothing of the order.
func (o *orders) look(d day, before *day, today time.Time) {
	if d.sure || d.count > 0 || d.epoch > 0 {
		return
	}
	o.all++
	dayOK, monthOK := there(d.year, d.b, d.a), there(d.year, d.a, d.b)
	switch {
	case dayOK && monthOK && d.a != d.b:
		o.open++
	case dayOK && !monthOK:
		o.day++
	case monthOK && !dayOK:
		o.month++
	}
	key := func(d day, month, dayOf int) int { return d.year*10_000 + month*100 + dayOf }
	now := today.Year()*10_000 + int(today.Month())*100 + today.Day()
	byDay, byMonth := key(d, d.b, d.a), key(d, d.a, d.b)
	if dayOK && byDay > now {
		o.dayFar++
	}
	if monthOK && byMonth > now {
		o.monFar++
	}
	if before.year > 0 {
		step(byDay-key(*before, before.b, before.a), &o.dayUp, &o.dayDown)
		step(byMonth-key(*before, before.a, before.b), &o.monUp, &o.monDown)
	}
	*before = d
}

func step(by int, up, down *int) {
	switch {
	case by > 0:
		*up++
	case by < 0:
		*down++
	}
}

// decide returns the order, and whether it has to be asked. In India the day stands first, unless the column says
// otherwise: by a cell that fits the other order alone, or by going up or down evenly only when it is read so.
func (o *orders) decide(currency string) (monthFirst, ask bool) {
	switch {
	case o.day > 0 && o.month > 0:
		return false, o.open > 0
	case o.month > 0:
		return true, false
	case o.day > 0 || o.open == 0:
		return false, false
	}
	even := func(up, down int) bool { return up == 0 || down == 0 }
	if currency == "USD" && o.open > 0 {
		return false, true
	}
	if o.open > 2 && !even(o.dayUp, o.dayDown) && even(o.monUp, o.monDown) {
		return false, true
	}
	return false, o.dayFar > 0 && o.monFar == 0
}
