package account

import "strings"

// DeviceName is a browser's user agent in words that its owner recognises, ""
// when it says nothing known.
func DeviceName(agent string) string {
	browser := firstIn(agent, []namePart{
		{"Edg/", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser", "Samsung Internet"},
		{"Firefox/", "Firefox"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
	})
	system := firstIn(agent, []namePart{
		{"Android", "Android"},
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Windows", "Windows"},
		{"Mac OS", "Mac"},
		{"Linux", "Linux"},
	})
	return strings.Trim(browser+" · "+system, " ·")
}

type namePart struct{ sign, name string }

func firstIn(agent string, parts []namePart) string {
	for _, p := range parts {
		if strings.Contains(agent, p.sign) {
			return p.name
		}
	}
	return ""
}
