package mail

import (
	"fmt"

	"github.com/tijorihq/tijori/internal/term"
)

// ConfirmFormer asks the address of today whether the login may move to another one.
func (l Links) ConfirmFormer(to, locale, newAddress, token string) (Message, error) {
	newAddress = plainAddress(newAddress)
	if locale == "hi" {
		return letter{
			Locale: "hi", Subject: "ईमेल पता बदलने की पुष्टि करें",
			Paragraphs: []string{
				"नमस्ते,",
				fmt.Sprintf("आपके तिजोरी लॉग इन का ईमेल पता बदलकर %s करने का अनुरोध आया है। बदलाव तभी होगा जब आप यहाँ और नए पते पर, दोनों जगह पुष्टि करेंगे।", orElse(newAddress, "एक नया पता")),
			},
			Button: "पुष्टि करें", Link: l.to("email", token),
			Closing: []string{
				fmt.Sprintf("यह लिंक %d घंटे तक, एक बार काम करेगा।", term.Hours(term.EmailChange)),
				"अगर यह आपने नहीं किया, तो पुष्टि न करें और अपना पासवर्ड तुरंत बदलें: किसी को वह पता है।",
			},
		}.message(to)
	}
	return letter{
		Locale: "en", Subject: "Confirm the change of your email address",
		Paragraphs: []string{
			"Hello,",
			fmt.Sprintf("Someone asked to change the email address of your Tijori login to %s. It changes only after you confirm here and at the new address.", orElse(newAddress, "a new one")),
		},
		Button: "Confirm the change", Link: l.to("email", token),
		Closing: []string{
			fmt.Sprintf("The link works once, for %d hours.", term.Hours(term.EmailChange)),
			"If this wasn't you, don't confirm, and change your password now: someone knows it.",
		},
	}.message(to)
}

// ConfirmNew asks a new address whether a login may move to it. The reader may be a stranger to whoever asked.
func (l Links) ConfirmNew(to, locale, token string) (Message, error) {
	if locale == "hi" {
		return letter{
			Locale: "hi", Subject: "अपने नए ईमेल पते की पुष्टि करें",
			Paragraphs: []string{"नमस्ते,", "इस पते को एक तिजोरी लॉग इन का नया ईमेल पता बनाने का अनुरोध आया है।"},
			Button:     "पुष्टि करें", Link: l.to("email", token),
			Closing: []string{
				fmt.Sprintf("यह लिंक %d घंटे तक, एक बार काम करेगा। पुराने पते पर भी पुष्टि करनी होगी।",
					term.Hours(term.EmailChange)),
				"अगर यह अनुरोध आपने नहीं किया, तो इस ईमेल को छोड़ दें।",
			},
		}.message(to)
	}
	return letter{
		Locale: "en", Subject: "Confirm your new email address",
		Paragraphs: []string{"Hello,", "Someone asked to use this address for their Tijori login."},
		Button:     "Confirm this address", Link: l.to("email", token),
		Closing: []string{
			fmt.Sprintf("The link works once, for %d hours. The old address must confirm as well.",
				term.Hours(term.EmailChange)),
			"If this wasn't you, ignore this email.",
		},
	}.message(to)
}

// EmailChanged tells the former address that the login has moved, with the way back.
func (l Links) EmailChanged(to, locale, newAddress, token string) (Message, error) {
	newAddress = plainAddress(newAddress)
	if locale == "hi" {
		return letter{
			Locale: "hi", Subject: "आपका ईमेल पता बदल गया है",
			Paragraphs: []string{
				"नमस्ते,",
				fmt.Sprintf("आपके तिजोरी लॉग इन का ईमेल पता अब %s है। इस पते से अब लॉग इन नहीं होगा।",
					orElse(newAddress, "दूसरा")),
				"अगर यह आपने किया है, तो कुछ न करें।",
			},
			Button: "यह मैंने नहीं किया, पता वापस लें", Link: l.to("email", "back", token),
			Closing: []string{fmt.Sprintf("पता वापस लेने का लिंक %d दिन तक काम करेगा। इससे हर डिवाइस से लॉग आउट होगा और आप नया पासवर्ड रखेंगे।", term.Days(term.EmailBack))},
		}.message(to)
	}
	return letter{
		Locale: "en", Subject: "Your email address was changed",
		Paragraphs: []string{
			"Hello,",
			fmt.Sprintf("The email address of your Tijori login is now %s. You can no longer sign in with this one.",
				orElse(newAddress, "another one")),
			"If this was you, there is nothing to do.",
		},
		Button: "This wasn't me: take it back", Link: l.to("email", "back", token),
		Closing: []string{fmt.Sprintf("The link works for %d days. It signs you out on every device, and you set a new password.", term.Days(term.EmailBack))},
	}.message(to)
}
