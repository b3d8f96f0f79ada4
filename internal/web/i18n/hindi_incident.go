package i18n

// Parts that are paused, and what people report.
var hindiIncident = map[string]string{
	"Paused for now": "अभी रोका हुआ है",
	"We have paused Tijori while we check something. Everything that you have saved is kept.":         "हमने तिजोरी कुछ देर के लिए रोकी है और एक चीज़ जाँच रहे हैं। आपका सेव किया हुआ सब कुछ वैसा ही है।",
	"We have paused the khata while we check something. All your entries are kept.":                   "हमने खाता कुछ देर के लिए रोका है और एक चीज़ जाँच रहे हैं। आपकी सारी एंट्री वैसी ही हैं।",
	"We have paused downloads while we check something.":                                              "हमने डाउनलोड कुछ देर के लिए रोके हैं और एक चीज़ जाँच रहे हैं।",
	"We have paused plans and payments while we check something. What you have paid for stays yours.": "हमने प्लान और भुगतान कुछ देर के लिए रोके हैं और एक चीज़ जाँच रहे हैं। जिसका पैसा आप दे चुके हैं, वह आपका ही रहेगा।",
	"We have paused new sign-ups while we check something. If you have an account, you can sign in.":  "हमने नए अकाउंट बनाना कुछ देर के लिए रोका है और एक चीज़ जाँच रहे हैं। अकाउंट है तो आप लॉग इन कर सकते हैं।",
	"We have paused team and account settings while we check something.":                              "हमने टीम और अकाउंट की सेटिंग कुछ देर के लिए रोकी है और एक चीज़ जाँच रहे हैं।",
	"We have paused this part of Tijori while we check something.":                                    "हमने तिजोरी का यह हिस्सा कुछ देर के लिए रोका है और एक चीज़ जाँच रहे हैं।",
	"What you just sent was not saved. Go back to find it again, and send it later.":                  "आपने अभी जो भेजा, वह सेव नहीं हुआ। पीछे जाएँ, वह वहीं मिलेगा, और बाद में फिर भेजें।",
	"We open it again as soon as we can. Please try again in a few minutes.":                          "जितनी जल्दी हो सके हम इसे फिर खोलेंगे। कुछ मिनट बाद फिर कोशिश करें।",

	"This is not mine":                       "यह मेरा नहीं है",
	"Thank you. Your report has reached us.": "धन्यवाद। आपकी बात हम तक पहुँच गई।",
	"A person looks at it. Please do not share with anybody what you saw.":                                                              "इसे एक इंसान देखेगा। जो आपने देखा, उसे किसी और को न भेजें।",
	"Did the page show entries, names, bills or a shop of somebody else? Tell us. Only you should see your khata, and only your khata.": "क्या पेज पर किसी और की एंट्री, नाम, बिल या दुकान दिखी? हमें बताएँ। आपका खाता सिर्फ़ आपको दिखना चाहिए, और आपको सिर्फ़ आपका खाता।",
	"What did you see?": "आपने क्या देखा?",
	"For example: a bill in the name of another shop. You need not copy other people's numbers.": "जैसे: किसी दूसरी दुकान के नाम का बिल। दूसरों के नंबर लिखने की ज़रूरत नहीं है।",
	"Send the report": "हमें भेजें",
	"We keep your words with the address of the page, its request number and your account.": "हम आपके शब्द, पेज का पता, उसका नंबर और आपका अकाउंट साथ में रखते हैं।",
	"Say what you saw that is not yours.":                                                   "लिखें कि आपको ऐसा क्या दिखा जो आपका नहीं है।",
	"Please use at most %d characters.":                                                     "ज़्यादा से ज़्यादा %d अक्षर लिखें।",
}
