package i18n

// hindiStatus are the sentences of the public status page.
var hindiStatus = map[string]string{
	"Status":                                   "हालत",
	"Everything works":                         "सब कुछ चल रहा है",
	"Something does not work":                  "कुछ काम नहीं कर रहा",
	"Something works only in part":             "कुछ पूरी तरह काम नहीं कर रहा",
	"There is no recent check":                 "हाल की कोई जाँच नहीं है",
	"Nobody has checked from outside yet.":     "बाहर से अभी तक जाँच नहीं हुई है।",
	"Checks run from outside. Last check: %s.": "जाँच बाहर से होती है। आख़िरी जाँच: %s।",
	"Works":                          "चल रहा है",
	"Works in part":                  "पूरी तरह नहीं चल रहा",
	"Does not work":                  "काम नहीं कर रहा",
	"Not checked":                    "जाँच नहीं हुई",
	"not checked":                    "जाँच नहीं हुई",
	"Not checked within %d days":     "%d दिनों में जाँच नहीं हुई",
	"No failed check within %d days": "%d दिनों में हर जाँच ठीक रही",
	"Checks failed on %d day":        "%d दिन जाँच में गड़बड़ी मिली",
	"Checks failed on %d days":       "%d दिन जाँच में गड़बड़ी मिली",
	"%d days ago":                    "%d दिन पहले",
	"%s of checks passed":            "%s जाँचें ठीक रहीं",
	"Outages":                        "रुकावटें",
	"None within ninety days.":       "नब्बे दिनों में कोई नहीं।",
	"continues":                      "अभी जारी है",
	"lasted %s":                      "%s तक रही",
	"Today":                          "आज",
	"about a minute":                 "क़रीब एक मिनट",
}
