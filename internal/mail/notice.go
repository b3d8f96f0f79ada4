package mail

import (
	"fmt"
	"time"
)

// A Notice tells somebody of an event that concerns the safety of their account. Actor is the confirmed address of who
// did it, "" for the reader. Device and Network are from where, "" where that is not known.
type Notice struct {
	Event                  string
	Actor, Device, Network string
	At                     time.Time
}

// What notices say, by event: subject and sentence in English and in Hindi, and the page that the button opens.
var notices = map[string]struct {
	english, hindi [2]string
	page           string
}{
	"device_added": {
		[2]string{"New sign-in to Tijori", "Your Tijori login was used on a device that we haven't seen before."},
		[2]string{
			"तिजोरी में नए डिवाइस से लॉग इन",
			"आपके तिजोरी लॉग इन से एक ऐसे डिवाइस पर लॉग इन हुआ है जिसे हमने पहले नहीं देखा।",
		},
		"settings",
	},
	"password_changed": {
		[2]string{
			"Your password was changed",
			"The password of your Tijori login was changed. Other devices are signed out.",
		},
		[2]string{
			"आपका पासवर्ड बदल गया है",
			"आपके तिजोरी लॉग इन का पासवर्ड बदला गया है। बाकी डिवाइस लॉग आउट हो गए हैं।",
		},
		"settings",
	},
	"password_recovered": {
		[2]string{
			"Your password was reset",
			"A new password was set with a link from our email. Every other device is signed out.",
		},
		[2]string{
			"आपका पासवर्ड नया रखा गया है",
			"हमारे ईमेल के लिंक से नया पासवर्ड रखा गया है। बाकी हर डिवाइस लॉग आउट हो गया है।",
		},
		"settings",
	},
	"email_taken_back": {
		[2]string{
			"Your email address was restored",
			"The change of your email address was undone. Every device is signed out; set a new password with the link in our other email.",
		},
		[2]string{
			"आपका ईमेल पता वापस आ गया है",
			"ईमेल पता पहले जैसा कर दिया गया है। हर डिवाइस लॉग आउट हो गया है; हमारे दूसरे ईमेल के लिंक से नया पासवर्ड रखें।",
		},
		"login",
	},
	"factor_added": {
		[2]string{
			"A second step was added to your login",
			"A passkey or an authenticator app was added to your Tijori login.",
		},
		[2]string{"आपके लॉग इन में दूसरा चरण जुड़ा है", "आपके तिजोरी लॉग इन में पासकी या ऑथेंटिकेटर ऐप जोड़ा गया है।"},
		"settings",
	},
	"factor_removed": {
		[2]string{
			"A second step was removed from your login",
			"A passkey or an authenticator app was removed from your Tijori login.",
		},
		[2]string{"आपके लॉग इन से दूसरा चरण हटा है", "आपके तिजोरी लॉग इन से पासकी या ऑथेंटिकेटर ऐप हटाया गया है।"},
		"settings",
	},
	"recovery_codes_made": {
		[2]string{
			"New recovery codes",
			"New recovery codes were made for your Tijori login. The old ones no longer work.",
		},
		[2]string{"नए रिकवरी कोड", "आपके तिजोरी लॉग इन के लिए नए रिकवरी कोड बने हैं। पुराने अब काम नहीं करेंगे।"},
		"settings",
	},
	"recovery_code_used": {
		[2]string{"A recovery code was used", "Someone signed in to your Tijori login with a recovery code."},
		[2]string{"एक रिकवरी कोड इस्तेमाल हुआ है", "आपके तिजोरी लॉग इन में रिकवरी कोड से लॉग इन हुआ है।"},
		"settings",
	},
	"owner_invited": {
		[2]string{"An owner was invited", "Someone was invited to become an owner of your Tijori account."},
		[2]string{"एक मालिक को बुलाया गया है", "किसी को आपके तिजोरी अकाउंट का मालिक बनने के लिए बुलाया गया है।"},
		"team",
	},
	"owner_added": {
		[2]string{"Your account has a new owner", "Someone has become an owner of your Tijori account."},
		[2]string{"आपके अकाउंट का एक नया मालिक है", "कोई आपके तिजोरी अकाउंट का मालिक बना है।"},
		"team",
	},
	"owner_removed": {
		[2]string{"An owner has left", "Someone is no longer an owner of the Tijori account."},
		[2]string{"एक मालिक अब नहीं रहे", "कोई अब उस तिजोरी अकाउंट का मालिक नहीं है।"},
		"team",
	},
	"role_changed": {
		[2]string{"A role was changed", "The role of a member of your Tijori account was changed."},
		[2]string{"एक सदस्य का काम बदला है", "आपके तिजोरी अकाउंट के एक सदस्य का काम बदला गया है।"},
		"team",
	},
	"member_removed": {
		[2]string{"You are no longer a member", "You no longer belong to a khata on Tijori."},
		[2]string{"अब आप सदस्य नहीं हैं", "तिजोरी के एक अकाउंट में अब आप नहीं हैं।"},
		"settings",
	},
	"key_made": {
		[2]string{"An API key was created", "An API key was created for your Tijori account."},
		[2]string{"एक एपीआई चाबी बनी है", "आपके तिजोरी अकाउंट के लिए एक एपीआई चाबी बनाई गई है।"},
		"billing/usage",
	},
	"payee_changed": {
		[2]string{"The UPI ID for payments was changed", "Customers of your khata now pay to another UPI ID."},
		[2]string{"भुगतान की UPI आईडी बदली है", "आपके अकाउंट के ग्राहक अब दूसरी UPI आईडी पर भुगतान करेंगे।"},
		"security",
	},
	"data_taken": {
		[2]string{"Your account's data was downloaded", "Everything that your Tijori account holds was downloaded."},
		[2]string{"आपके अकाउंट का डेटा डाउनलोड हुआ है", "आपके तिजोरी अकाउंट की सारी जानकारी डाउनलोड की गई है।"},
		"security",
	},
}

// Notice tells of an event. It has no word that somebody typed: names and shops are on the pages.
func (l Links) Notice(to, locale string, n Notice) (Message, error) {
	words, ok := notices[n.Event]
	if !ok {
		return Message{}, fmt.Errorf("no notice tells of %q", n.Event)
	}
	link := l.Public.JoinPath(words.page).String()
	actor := plainAddress(n.Actor)
	at := n.At.In(india)
	day := fmt.Sprintf("%d %s %d", at.Day(), hindiMonths[at.Month()-1], at.Year())
	if locale == "hi" {
		return letter{
			Locale: "hi", Subject: words.hindi[0], Paragraphs: []string{"नमस्ते,", words.hindi[1]},
			Facts: facts("कब", day+at.Format(", 15:04 IST"),
				"किसने", actor, "डिवाइस", n.Device, "पता (IP)", n.Network),
			Button: "देखें", Link: link,
			Closing: []string{"अगर यह आपने या आपके किसी साथी ने नहीं किया, तो अभी नया पासवर्ड रखें: " +
				l.to("recover")},
		}.message(to)
	}
	return letter{
		Locale: "en", Subject: words.english[0], Paragraphs: []string{"Hello,", words.english[1]},
		Facts: facts("When", at.Format("2 January 2006, 15:04 IST"), "By", actor, "Device", n.Device,
			"IP address", n.Network),
		Button: "Review", Link: link,
		Closing: []string{"If this wasn't you or someone you work with, set a new password now: " + l.to("recover")},
	}.message(to)
}

// facts pairs names with values, and leaves out those without one.
func facts(pairs ...string) (list []fact) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, fact{pairs[i], pairs[i+1]})
		}
	}
	return list
}
