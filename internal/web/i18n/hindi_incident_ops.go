package i18n

// hindiIncidentOps are the faults of commands and pages about incidents, which operators see.
var hindiIncidentOps = map[string]string{
	"Say why, in up to 1,000 characters.":                             "वजह लिखें, 1,000 अक्षर तक।",
	"Say what it is about, in up to 200 characters.":                  "लिखें कि बात क्या है, 200 अक्षर तक।",
	"There is no open incident with this number.":                     "इस नंबर की कोई घटना खुली नहीं है।",
	"No incident is open.":                                            "कोई घटना खुली नहीं है।",
	"There is no such account, or no open incident with this number.": "ऐसा कोई अकाउंट नहीं है, या इस नंबर की घटना खुली नहीं है।",
	"Something is still frozen in this incident. Thaw it first.":      "इस घटना में कुछ अभी भी रोका हुआ है। पहले उसे चालू करें।",
}
