package mail

import (
	"fmt"

	"github.com/tijorihq/tijori/internal/term"

	"github.com/tijorihq/tijori/internal/role"
)

// Confirm asks the owner of an address to confirm a sign-up. Names that strangers
// chose are shown only where they can pass as names, here and in the letters below.
func (l Links) Confirm(to, locale, name, token string) (Message, error) {
	link := l.to("confirm", token)
	if locale == "hi" {
		return letter{
			Locale: "hi", Subject: "अपना पता पक्का करें",
			Paragraphs: []string{
				fmt.Sprintf("नमस्ते %s,", plainName(name, "जी")),
				"इस पते से तिजोरी में खाता खोलने को कहा गया है। नीचे दबाकर पता पक्का करें, फिर आपका खाता तैयार हो जाएगा।",
			},
			Button: "पता पक्का करें", Link: link,
			Closing: []string{
				fmt.Sprintf("यह लिंक %d घंटे तक, एक बार काम करेगा।", term.Hours(term.SignUpLink)),
				"अगर आपने खाता नहीं खोला है तो कुछ न करें। इस लिंक को न दबाएँ।",
			},
		}.message(to)
	}
	return letter{
		Locale: "en", Subject: "Confirm your address",
		Paragraphs: []string{
			fmt.Sprintf("Namaste %s,", plainName(name, "and welcome")),
			"Somebody asked for a Tijori account with this address. Confirm that it is yours, and the account is ready.",
		},
		Button: "Confirm my address", Link: link,
		Closing: []string{
			fmt.Sprintf("The link works once, for %d hours.", term.Hours(term.SignUpLink)),
			"If it was not you, do nothing and do not open the link.",
		},
	}.message(to)
}

// Known tells a user that somebody tried to sign up with their address.
func (l Links) Known(to, locale, name string) (Message, error) {
	if locale == "hi" {
		return letter{
			Locale: "hi", Subject: "आपका खाता पहले से है",
			Paragraphs: []string{
				fmt.Sprintf("नमस्ते %s,", plainName(name, "जी")),
				"इस पते से तिजोरी में नया खाता खोलने को कहा गया, पर इस पते का खाता पहले से है। अपने पासवर्ड से लॉग इन करें।",
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
				"आपके तिजोरी खाते के लिए नया पासवर्ड माँगा गया है।",
			},
			Button: "नया पासवर्ड रखें", Link: link,
			Closing: []string{fmt.Sprintf("यह लिंक %d मिनट तक, एक बार काम करेगा। नया पासवर्ड रखने पर बाकी हर जगह से लॉग आउट हो जाएगा।", term.Minutes(term.RecoveryLink)), "अगर आपने नहीं माँगा तो कुछ न करें, आपका पासवर्ड वही है।"},
		}.message(to)
	}
	return letter{
		Locale: "en", Subject: "Set a new password",
		Paragraphs: []string{
			fmt.Sprintf("Namaste %s,", plainName(name, "from Tijori")),
			"A new password was asked for your Tijori account.",
		},
		Button: "Set a new password", Link: link,
		Closing: []string{fmt.Sprintf("The link works once, for %d minutes. Setting a new password signs you out everywhere else.", term.Minutes(term.RecoveryLink)), "If it was not you, do nothing: your password is unchanged."},
	}.message(to)
}

// An Invitation is what an invitation's letter tells. Business is "" for the whole account.
type Invitation struct {
	Inviter, Account, Business, Role string
}

// Invite brings an address a link to become a member.
func (l Links) Invite(to, locale string, i Invitation, token string) (Message, error) {
	shop := i.Business
	if shop == "" {
		shop = i.Account
	}
	link, part := l.to("invite", token), role.Named(i.Role).Title
	if locale == "hi" {
		inviter, shop := plainName(i.Inviter, "एक तिजोरी उपयोगकर्ता"), plainName(shop, "अपनी दुकान")
		return letter{
			Locale: "hi", Subject: fmt.Sprintf("%s के खाते में आपको बुलाया गया है", shop),
			Paragraphs: []string{
				"नमस्ते,",
				fmt.Sprintf("%s ने आपको तिजोरी में “%s” का खाता साथ चलाने के लिए बुलाया है। आपका काम: %s।",
					inviter, shop, part.Hindi),
			},
			Button: "बुलावा देखें", Link: link,
			Closing: []string{fmt.Sprintf("यह लिंक %d दिन तक काम करेगा, और सिर्फ़ इसी पते के लिए है।",
				term.Days(term.Invitation)), "अगर आप इन्हें नहीं जानते तो कुछ न करें।"},
		}.message(to)
	}
	inviter, shop := plainName(i.Inviter, "A Tijori user"), plainName(shop, "their shop")
	return letter{
		Locale: "en", Subject: fmt.Sprintf("You are invited to the khata of %s", shop),
		Paragraphs: []string{
			"Namaste,",
			fmt.Sprintf("%s invites you to keep the khata of “%s” together on Tijori. Your role: %s.",
				inviter, shop, part.English),
		},
		Button: "See the invitation", Link: link,
		Closing: []string{fmt.Sprintf("The link works for %d days, and for this address only.",
			term.Days(term.Invitation)), "If you do not know them, do nothing."},
	}.message(to)
}
