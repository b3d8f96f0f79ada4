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
}
