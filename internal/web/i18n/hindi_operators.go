package i18n

// hindiOperators are the faults of the operators' pages and commands.
var hindiOperators = map[string]string{
	"This cannot be done about the item.":                   "इस मामले में यह नहीं हो सकता।",
	"This cannot be done about the item: %s":                "इस मामले में यह नहीं हो सकता: %s",
	"This was not done.":                                    "यह नहीं किया गया।",
	"A snooze lasts up to %d days.":                         "चेतावनी ज़्यादा से ज़्यादा %d दिन टाली जा सकती है।",
	"This alert is not raised now.":                         "यह चेतावनी अभी चालू नहीं है।",
	"There is no such alert.":                               "ऐसी कोई चेतावनी नहीं है।",
	"Say for how long; to dismiss an item, resolve it.":     "बताएँ कि कितने समय के लिए; मामला हटाना हो तो उसे निपटाएँ।",
	"The idempotency key is up to 200 characters of text.":  "दोहराव रोकने वाली कुंजी 200 अक्षरों तक का टेक्स्ट होती है।",
	"This form is incomplete. Send it once more.":           "फ़ॉर्म अधूरा है। एक बार फिर भेजें।",
	"Enter a whole number of credits.":                      "क्रेडिट की पूरी संख्या लिखें।",
	"Choose whether to grant or to take.":                   "चुनें कि क्रेडिट देने हैं या लेने।",
	"Choose for how long.":                                  "चुनें कि कितने समय के लिए।",
	"This is neither an account's ID nor an email address.": "यह न अकाउंट की आईडी है, न ईमेल पता।",
	"This person owns no account. Enter the account's ID.":  "इस व्यक्ति का अपना अकाउंट नहीं है। अकाउंट की आईडी लिखें।",
	"Enter 1 to %d days, or nothing for credits that stay.": "1 से %d दिन लिखें; हमेशा रहने वाले क्रेडिट के लिए खाली छोड़ें।",
	"This form was sent before with other entries. Look below what was done; send it again if it is not enough.": "यह फ़ॉर्म पहले दूसरी जानकारी के साथ भेजा जा चुका है। नीचे देखें कि क्या हुआ; कम हो तो फिर भेजें।",
}
