package i18n

// hindiWords are single words, dates and the frame around every page.
var hindiWords = map[string]string{
	"Today":          "आज",
	"Yesterday":      "कल",
	"just now":       "अभी-अभी",
	"%d minute ago":  "%d मिनट पहले",
	"%d minutes ago": "%d मिनट पहले",
	"%d hour ago":    "%d घंटा पहले",
	"%d hours ago":   "%d घंटे पहले",
}
