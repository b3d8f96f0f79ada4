package i18n

// What the API for apps refuses.
var hindiPlatform = map[string]string{
	"The plan does not include this.":                    "यह प्लान में शामिल नहीं है।",
	"A feature is named as in the plan file.":            "सुविधा का नाम वही दीजिए जो प्लान फ़ाइल में है।",
	"No plan of this app names this, and no meter does.": "इस ऐप के किसी प्लान या मीटर में यह नाम नहीं है।",
	"This must be a whole number from 1 to %d.":          "यह 1 से %d तक की पूरी संख्या होनी चाहिए।",
	"This is a whole number from 0 to %d.":               "यह 0 से %d तक की पूरी संख्या होनी चाहिए।",
	"This is the number of an event.":                    "यह किसी इवेंट की संख्या होनी चाहिए।",
	"There is no such time zone.":                        "ऐसा कोई समय क्षेत्र नहीं है।",
	"There is no such scope.":                            "ऐसा कोई अधिकार नहीं है।",
	"There is no such customer.":                         "ऐसा कोई ग्राहक नहीं है।",
	"There is no such connection.":                       "ऐसा कोई कनेक्शन नहीं है।",
	"There is no such endpoint or event.":                "ऐसा कोई एंडपॉइंट या इवेंट नहीं है।",
	"There is no such app, or no such key in it.":        "ऐसा कोई ऐप नहीं है, या उसमें ऐसी कोई चाबी नहीं है।",
	"An app is live or test.":                            "ऐप live या test होता है।",
	"A key is server or publishable.":                    "चाबी server या publishable होती है।",
	"A provider is stripe or razorpay.":                  "भुगतान सेवा stripe या razorpay होती है।",
	"A token may read, or pay.":                          "टोकन read या pay कर सकता है।",
	"A token lives from 1 to %d seconds.":                "टोकन 1 से %d सेकंड तक चलता है।",
	"Say where the customer comes back to.":              "बताइए कि ग्राहक लौटकर कहाँ आएगा।",
	"This is no quote of ours.":                          "यह हमारा दिया हुआ कोटेशन नहीं है।",
	"The key or token may not do this.":                  "इस चाबी या टोकन को यह करने का अधिकार नहीं है।",
	"No payment provider is set up for this app.":        "इस ऐप के लिए कोई भुगतान सेवा नहीं जुड़ी है।",
	"A customer's ID is the app's own: up to %d characters, which are letters, digits and . _ : @ | ~ + = -": "ग्राहक की आईडी ऐप की " +
		"अपनी होती है: ज़्यादा से ज़्यादा %d अक्षर, अंक और . _ : @ | ~ + = -",
	"An app's name is up to 25 lower-case letters, digits and hyphens.": "ऐप के नाम में ज़्यादा से ज़्यादा 25 छोटे " +
		"अंग्रेज़ी अक्षर, अंक और हाइफ़न हो सकते हैं।",
	"An origin looks like https://app.example.com; without TLS only this machine's own names.": "ऑरिजिन " +
		"https://app.example.com जैसा होता है; TLS के बिना केवल इसी मशीन के नाम चलते हैं।",
	"A publishable key reads what is sold, and has no scopes.": "publishable चाबी केवल प्लान पढ़ती है, उसके " +
		"कोई और अधिकार नहीं होते।",
	"This is none of the app's origins. tijori app origins says which there are.": "यह इस ऐप के ऑरिजिन में नहीं " +
		"है। सूची tijori app origins से देखें।",
	"This address is on none of the app's origins. tijori app origins says which there are.": "यह पता इस ऐप के " +
		"किसी ऑरिजिन पर नहीं है। सूची tijori app origins से देखें।",
	"The key or token is missing, wrong, revoked or has ended.": "चाबी या टोकन भेजा नहीं गया, ग़लत है, रद्द हो " +
		"चुका है या उसका समय पूरा हो गया है।",
	"This app has no plan file on this server. Name one in TIJORI_APP_PLANS.": "इस सर्वर पर इस ऐप की प्लान फ़ाइल " +
		"नहीं है। उसे TIJORI_APP_PLANS में बताइए।",
	"An endpoint is an https address of the internet; in a development set-up also http on this machine.": "" +
		"एंडपॉइंट इंटरनेट का https पता होता है; डेवलपमेंट में इसी मशीन का http पता भी चलता है।",
	"This server has no TIJORI_KEY, so it cannot keep the secrets of webhooks.": "इस सर्वर पर TIJORI_KEY नहीं है, " +
		"इसलिए यह वेबहुक के सीक्रेट नहीं रख सकता।",
	"An app has at most %d webhook endpoints. Remove one first.": "" +
		"एक ऐप के ज़्यादा से ज़्यादा %d वेबहुक एंडपॉइंट हो सकते हैं। पहले एक हटाइए।",
	"A server key was sent from a web page, so its visitors can read it. Revoke it, and use a customer token there.": "" +
		"सर्वर चाबी किसी वेब पेज से भेजी गई, यानी उसे हर देखने वाला पढ़ सकता है। उसे रद्द कीजिए और वहाँ ग्राहक " +
		"टोकन लगाइए।",
}
