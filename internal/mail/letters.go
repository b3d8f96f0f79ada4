package mail

import (
	"fmt"

	"github.com/tijorihq/tijori/internal/term"

	"github.com/tijorihq/tijori/internal/role"
)

// Confirm asks the owner of an address to confirm a sign-up. Whoever signs up may be a stranger to the reader: the
// letter has no word of theirs.
func (l Links) Confirm(to, locale, token string) (Message, error) {
	link := l.to("confirm", token)
	if locale == "hi" {
		return letter{
			Locale: "hi", Subject: "अपना पता पक्का करें",
			Paragraphs: []string{
				"नमस्ते,",
				"इस पते से तिजोरी पर अकाउंट खोलने का अनुरोध आया है। नीचे के बटन से पासवर्ड चुनें, और आपका अकाउंट तैयार हो जाएगा।",
			},
			Button: "पासवर्ड चुनें", Link: link,
			Closing: []string{
				fmt.Sprintf("यह लिंक %d घंटे तक, एक बार काम करेगा।", term.Hours(term.SignUpLink)),
				"अगर यह अनुरोध आपने नहीं किया, तो इस ईमेल को छोड़ दें। आपके बिना कोई अकाउंट नहीं खुलेगा।",
			},
		}.message(to)
	}
	return letter{
		Locale: "en", Subject: "Confirm your email address",
		Paragraphs: []string{
			"Hello,",
			"Someone asked to open a Tijori account with this address. Choose a password, and the account is ready.",
		},
		Button: "Choose a password", Link: link,
		Closing: []string{
			fmt.Sprintf("The link works once, for %d hours.", term.Hours(term.SignUpLink)),
			"If this wasn't you, ignore this email. No account opens without you.",
		},
	}.message(to)
}

// Known tells a user that somebody tried to sign up with their address.
func (l Links) Known(to, locale, name string) (Message, error) {
	if locale == "hi" {
		return letter{
			Locale: "hi", Subject: "आपका अकाउंट पहले से है",
			Paragraphs: []string{
				fmt.Sprintf("नमस्ते %s,", plainName(name, "जी")),
				"इस पते से तिजोरी में नया अकाउंट खोलने को कहा गया, पर इस पते का अकाउंट पहले से है। अपने पासवर्ड से लॉग इन करें।",
			},
			Button: "लॉग इन करें", Link: l.to("login"),
			Closing: []string{
				"पासवर्ड भूल गए? यहाँ नया रखें: " + l.to("recover"),
				"अगर यह आप नहीं थे तो कुछ न करें, कुछ नहीं बदला है।",
			},
		}.message(to)
	}
	return letter{
		Locale: "en", Subject: "You have an account already",
		Paragraphs: []string{
			fmt.Sprintf("Namaste %s,", plainName(name, "again")),
			"Somebody asked for a new Tijori account with this address, but it has one already. Sign in with your password.",
		},
		Button: "Sign in", Link: l.to("login"),
		Closing: []string{
			"Password forgotten? Set a new one here: " + l.to("recover"),
			"If it was not you, do nothing: nothing has changed.",
		},
	}.message(to)
}

// Recover brings a user a link to set a new password.
func (l Links) Recover(to, locale, name, token string) (Message, error) {
	link := l.to("recover", token)
	if locale == "hi" {
		return letter{
			Locale: "hi", Subject: "नया पासवर्ड रखें",
			Paragraphs: []string{
				fmt.Sprintf("नमस्ते %s,", plainName(name, "जी")),
				"आपके तिजोरी अकाउंट के लिए नया पासवर्ड माँगा गया है।",
			},
			Button: "नया पासवर्ड रखें", Link: link,
			Closing: []string{fmt.Sprintf("यह लिंक %d मिनट तक, एक बार काम करेगा। नया पासवर्ड रखने पर बाकी हर जगह से लॉग आउट हो जाएगा। पासकी और एपीआई की चाबियाँ चलती रहेंगी, जब तक आप उन्हें बंद न करें।", term.Minutes(term.RecoveryLink)), "अगर आपने नहीं माँगा तो कुछ न करें, आपका पासवर्ड वही है।"},
		}.message(to)
	}
	return letter{
		Locale: "en", Subject: "Set a new password",
		Paragraphs: []string{
			fmt.Sprintf("Namaste %s,", plainName(name, "from Tijori")),
			"A new password was asked for your Tijori account.",
		},
		Button: "Set a new password", Link: link,
		Closing: []string{fmt.Sprintf("The link works once, for %d minutes. Setting a new password signs you out everywhere else. Passkeys and API keys keep working unless you choose to end them.", term.Minutes(term.RecoveryLink)), "If it was not you, do nothing: your password is unchanged."},
	}.message(to)
}

// Invite brings an address a link to become a member. Inviter is the confirmed address of who invites; names of
// people and shops are on the page behind the link, not in the letter.
func (l Links) Invite(to, locale, inviter, roleName, token string) (Message, error) {
	link, part := l.to("invite", token), role.Named(roleName).Title
	inviter = plainAddress(inviter)
	if locale == "hi" {
		return letter{
			Locale: "hi", Subject: "तिजोरी पर खाता साथ चलाने का बुलावा",
			Paragraphs: []string{
				"नमस्ते,",
				fmt.Sprintf("%s ने आपको तिजोरी पर खाता साथ चलाने के लिए बुलाया है। आपका काम: %s।",
					orElse(inviter, "एक तिजोरी उपयोगकर्ता"), part.Hindi),
			},
			Button: "बुलावा देखें", Link: link,
			Closing: []string{fmt.Sprintf("यह लिंक %d दिन तक काम करेगा, और सिर्फ़ इसी पते के लिए है।",
				term.Days(term.Invitation)), "अगर आप इन्हें नहीं जानते, तो इस ईमेल को छोड़ दें।"},
		}.message(to)
	}
	return letter{
		Locale: "en", Subject: "You're invited to a khata on Tijori",
		Paragraphs: []string{
			"Hello,",
			fmt.Sprintf("%s invites you to work in a khata on Tijori. Your role: %s.",
				orElse(inviter, "A Tijori user"), part.English),
		},
		Button: "View invitation", Link: link,
		Closing: []string{fmt.Sprintf("The link works for %d days, and for this address only.",
			term.Days(term.Invitation)), "If you don't know them, ignore this email."},
	}.message(to)
}

func orElse(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}
