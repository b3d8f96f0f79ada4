package mail

import (
	"fmt"
	"time"

	"github.com/tijorihq/tijori/internal/term"
)

// A Leaving is what the letters tell of an account that its owner deletes. Soon: the day is near.
type Leaving struct {
	Name, Account string
	Day           time.Time // from which it is erased
	Soon          bool
}

// india is the zone in which letters name a day.
var india = time.FixedZone("IST", 5*3600+1800)

func (l Leaving) day(locale string) string {
	d := l.Day.In(india)
	if locale == "hi" {
		return fmt.Sprintf("%d %s %d", d.Day(), hindiMonths[d.Month()-1], d.Year())
	}
	return d.Format("2 January 2006")
}

var hindiMonths = []string{
	"जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर",
	"नवंबर", "दिसंबर",
}

// Leaving tells an owner that the account is going to be erased, and how to keep it.
func (l Links) Leaving(to, locale string, a Leaving) (Message, error) {
	link := l.to("mydata")
	if locale == "hi" {
		account := plainName(a.Account, "आपका अकाउंट")
		subject := fmt.Sprintf("%s का अकाउंट %s को मिट जाएगा", account, a.day(locale))
		asked := "आपका अकाउंट मिटाने के लिए कहा गया है।"
		if a.Soon {
			subject, asked = "आख़िरी कुछ दिन: "+subject, "आपके अकाउंट के मिटने में कुछ ही दिन बाकी हैं।"
		}
		return letter{
			Locale: "hi", Subject: subject,
			Paragraphs: []string{
				fmt.Sprintf("नमस्ते %s,", plainName(a.Name, "जी")), asked,
				fmt.Sprintf("%s को “%s” की सारी पार्टियाँ, एंट्रियाँ, दुकानें और लोग हमेशा के लिए मिट जाएँगे। तब तक सब पढ़ा और डाउनलोड किया जा सकता है, लिखा नहीं जा सकता।", a.day(locale), account),
			},
			Button: "डाउनलोड करें, या अकाउंट रखें", Link: link,
			Closing: []string{
				"अकाउंट रखना हो तो वहाँ एक बार दबाना काफ़ी है।",
				"अगर यह आपने नहीं किया तो अभी अकाउंट रखें और अपना पासवर्ड बदलें।",
			},
		}.message(to)
	}
	account := plainName(a.Account, "your shop")
	subject := fmt.Sprintf("The account of %s will be erased on %s", account, a.day(locale))
	asked := "Your account was asked to be deleted."
	if a.Soon {
		subject, asked = "Last days: "+subject, "In a few days your account is erased."
	}
	return letter{
		Locale: "en", Subject: subject,
		Paragraphs: []string{
			fmt.Sprintf("Namaste %s,", plainName(a.Name, "from Tijori")), asked,
			fmt.Sprintf("On %s all parties, entries, shops and people of “%s” are erased for good. Until then everything can be read and downloaded, but not written.", a.day(locale), account),
		},
		Button: "Download it, or keep the account", Link: link,
		Closing: []string{
			"To keep the account, one tap there is enough.",
			"If it was not you, keep the account now and change your password.",
		},
	}.message(to)
}

// Erased tells an owner that the account is erased. It is the last letter: the address goes with the account.
func (l Links) Erased(to, locale string, a Leaving) (Message, error) {
	if locale == "hi" {
		return letter{
			Locale: "hi", Subject: fmt.Sprintf("%s का अकाउंट मिटाया जा रहा है", plainName(a.Account, "आपका अकाउंट")),
			Paragraphs: []string{
				fmt.Sprintf("नमस्ते %s,", plainName(a.Name, "जी")),
				fmt.Sprintf("%d दिन पूरे हुए। “%s” का अकाउंट अब हमेशा के लिए मिटाया जा रहा है: पार्टियाँ, एंट्रियाँ, दुकानें, लोग और उनके पते। भुगतान का हिसाब कानून के अनुसार, बिना नाम के रखा जाता है।", term.Days(term.Deletion), plainName(a.Account, "आपका अकाउंट")),
				"तिजोरी आज़माने के लिए धन्यवाद।",
			},
			Button: "नया अकाउंट खोलें", Link: l.to("signup"),
			Closing: []string{"यह हमारा आख़िरी ईमेल है। यह अकाउंट अब वापस नहीं आ सकता।"},
		}.message(to)
	}
	return letter{
		Locale: "en", Subject: fmt.Sprintf("The account of %s is being erased", plainName(a.Account, "your shop")),
		Paragraphs: []string{
			fmt.Sprintf("Namaste %s,", plainName(a.Name, "from Tijori")),
			fmt.Sprintf("The %d days are over. The account of “%s” is being erased for good: parties, entries, shops, people and their addresses. Records of payments are kept, as the law asks, without names.", term.Days(term.Deletion), plainName(a.Account, "your shop")),
			"Thank you for having tried Tijori.",
		},
		Button: "Open a new account", Link: l.to("signup"),
		Closing: []string{"This is our last email about it. The account cannot be restored."},
	}.message(to)
}
