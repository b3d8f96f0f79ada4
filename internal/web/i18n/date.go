package i18n

import (
	"fmt"
	"time"
)

var months = map[string][12]string{
	English: {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	Hindi:   {"जन॰", "फ़र॰", "मार्च", "अप्रैल", "मई", "जून", "जुल॰", "अग॰", "सित॰", "अक्टू॰", "नव॰", "दिस॰"},
}

var weekdays = map[string][7]string{
	English: {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
	Hindi:   {"रवि", "सोम", "मंगल", "बुध", "गुरु", "शुक्र", "शनि"},
}

// Date writes the calendar day of t in t's own zone: 22 Nov 2026, 22 नव॰ 2026.
// Digits are Western in every language, as in shop bills.
func Date(locale string, t time.Time) string {
	return fmt.Sprintf("%d %s %d", t.Day(), months[Known(locale)][t.Month()-1], t.Year())
}

// FullDay writes a calendar day with the day of the week: Sun, 22 Nov 2026. Native fields for dates follow the
// browser, which may put the month first: this stands beside them.
func FullDay(locale string, t time.Time) string {
	return weekdays[Known(locale)][t.Weekday()] + ", " + Date(locale, t)
}

// Month writes the month of t with its year: Nov 2026, नव॰ 2026.
func Month(locale string, t time.Time) string {
	return fmt.Sprintf("%s %d", months[Known(locale)][t.Month()-1], t.Year())
}

// ShortMonth writes the month of t without its year: Nov, नव॰.
func ShortMonth(locale string, t time.Time) string { return months[Known(locale)][t.Month()-1] }

// Day writes a calendar day as people say it: Today, Yesterday, Mon, 16 Nov in
// this year, and the whole date otherwise. Only the year, month and day of date are read;
// now decides what today is, in its own zone.
func Day(locale string, date, now time.Time) string {
	switch days := civil(now) - civil(date); {
	case days == 0:
		return T(locale, "Today")
	case days == 1:
		return T(locale, "Yesterday")
	case date.Year() == now.Year():
		l := Known(locale)
		return fmt.Sprintf("%s, %d %s", weekdays[l][date.Weekday()], date.Day(), months[l][date.Month()-1])
	}
	return Date(locale, date)
}

// Moment writes the date and time of an instant in now's zone: 22 Nov 2026,
// 4:05 pm; in Hindi 22 नव॰ 2026, शाम 4:05 बजे.
func Moment(locale string, t, now time.Time) string {
	t = t.In(now.Location())
	return Date(locale, t) + ", " + clock(locale, t)
}

// Ago writes how long before now an instant was, and its day and time once
// that is longer than a day.
func Ago(locale string, t, now time.Time) string {
	t = t.In(now.Location())
	switch d := now.Sub(t); {
	case d < time.Minute:
		return T(locale, "just now")
	case d < time.Hour:
		return N(locale, int(d/time.Minute), "%d minute ago", "%d minutes ago")
	case d < 24*time.Hour && civil(now) == civil(t):
		return N(locale, int(d/time.Hour), "%d hour ago", "%d hours ago")
	}
	return Day(locale, t, now) + ", " + clock(locale, t)
}

// Clock writes the time of day of t in t's own zone: 4:05 pm, शाम 4:05 बजे.
func Clock(locale string, t time.Time) string { return clock(locale, t) }

func clock(locale string, t time.Time) string {
	if locale != Hindi {
		return t.Format("3:04 pm")
	}
	part := "रात"
	switch h := t.Hour(); {
	case h >= 4 && h < 12:
		part = "सुबह"
	case h >= 12 && h < 16:
		part = "दोपहर"
	case h >= 16 && h < 20:
		part = "शाम"
	}
	return part + " " + t.Format("3:04") + " बजे"
}

// DaysBetween is how many calendar days lie from date to now, each in its own zone; negative when date is to come.
func DaysBetween(date, now time.Time) int { return civil(now) - civil(date) }

// civil numbers calendar days, so that they can be subtracted.
func civil(t time.Time) int {
	return int(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400)
}
