package i18n

// hindiIncidents are the sentences of the operators' page about incidents.
var hindiIncidents = map[string]string{
	"Incidents":                  "घटनाएँ",
	"Looked into":                "जाँच में",
	"open":                       "जारी",
	"There was no incident yet.": "अभी तक कोई घटना नहीं हुई।",
	"closed by %s, %s":           "%s ने बंद की, %s",
	"Reports of “This is not mine”, within thirty days": "“यह मेरा नहीं है” की शिकायतें, तीस दिन में",
	"Release":                       "रिलीज़",
	"Runs since":                    "कब से चल रहा है",
	"before that":                   "उससे पहले से",
	"Nobody has reported anything.": "किसी ने कोई शिकायत नहीं की।",
	"Evidence":                      "सबूत",
	"No bundle was collected yet.":  "अभी तक कोई सबूत इकट्ठा नहीं हुआ।",
	"Bundle":                        "बंडल",
	"Collected":                     "कब इकट्ठा हुआ",
	"By":                            "किसने",
	"SHA-256 of the file":           "फ़ाइल का SHA-256",
	"Each bundle names the one before it. Compare the sums with those you wrote down.": "हर बंडल में उससे पहले वाले का नाम है। इन जोड़ों को अपने लिखे हुए से मिलाएँ।",
	"Bundle %d does not follow the one before it. Somebody changed the list.":          "बंडल %d उससे पहले वाले से नहीं जुड़ता। किसी ने सूची बदली है।",
}
