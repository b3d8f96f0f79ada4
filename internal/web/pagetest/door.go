package pagetest

import (
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/page/confirm"
	"github.com/tijorihq/tijori/internal/web/page/email"
	"github.com/tijorihq/tijori/internal/web/page/invite"
	"github.com/tijorihq/tijori/internal/web/page/landing"
	"github.com/tijorihq/tijori/internal/web/page/login"
	"github.com/tijorihq/tijori/internal/web/page/recovery"
	"github.com/tijorihq/tijori/internal/web/page/signup"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (w world) door() []Sample {
	anita, shopName := w.say("Anita Gupta", "अनीता गुप्ता"), w.businesses()[0].Name
	account := w.businesses()[0].Account
	asked := w.out("/signup/sent")
	asked.Development = true
	mail := "chhotu@example.in"
	return []Sample{
		{"landing", landing.Page(landing.View{
			Shell: w.out("/"), PlanName: "Pro", Interval: "month",
			Price: rupees(299),
		})},
		{"signup", signup.Page(signup.View{Shell: w.out("/signup")})},
		{"signup-errors", signup.Page(signup.View{
			Shell: w.out("/signup"),
			Form: ui.Form{Errors: map[string]string{"email": w.say("This is not an email address.",
				"यह ईमेल पता नहीं है।")}},
			Name: anita, Email: "anita@", BusinessName: shopName, Language: w.locale, Currency: "USD",
		})},
		{"signup-sent", signup.Sent(signup.SentView{Shell: asked, Email: "anita@example.in"})},
		{"confirm", confirm.Page(confirm.View{
			Shell: w.out("/confirm/abc"), Token: "abc", Name: anita, Email: "anita@example.in",
			BusinessName: shopName,
		})},
		{"confirm-errors", confirm.Page(confirm.View{
			Shell: w.out("/confirm/abc"), Token: "abc", Name: anita, Email: "anita@example.in", BusinessName: shopName,
			Form: ui.Form{Errors: map[string]string{"password": w.say("Choose a password of at least 10 letters.",
				"कम से कम 10 अक्षर का पासवर्ड चुनें।")}},
		})},
		{"email-former", email.Page(email.View{
			Shell: w.out("/email/abc"), Token: "abc", Email: "anita@example.in", Former: true,
		})},
		{"email-new", email.Page(email.View{Shell: w.out("/email/abc"), Token: "abc", Email: "anita@example.com"})},
		{"email-half", email.Done(email.DoneView{Shell: w.out("/email/abc"), Email: "anita@example.in"})},
		{"email-changed", email.Done(email.DoneView{Shell: w.out("/email/abc"), Changed: true})},
		{"email-back", email.Back(email.BackView{
			Shell: w.out("/email/back/abc"), Token: "abc", Email: "anita@example.in",
		})},
		{"email-ended", confirm.Ended(confirm.EndedView{Shell: w.out("/email/abc"), Of: "email"})},
		{"login", login.Page(login.View{Shell: w.out("/login"), Next: "/team"})},
		{"signup-sent-often", signup.Sent(signup.SentView{
			Shell: asked, Email: "anita@example.in",
			Form: ui.Form{Error: w.say("Too many tries. Please wait 40 min and try again.",
				"बहुत बार कोशिश हुई। 40 मिनट रुककर फिर करें।")},
		})},
		{"confirm-ended", confirm.Ended(confirm.EndedView{Shell: w.out("/confirm/abc"), Of: "sign-up"})},
		{"recover-ended", confirm.Ended(confirm.EndedView{Shell: w.out("/recover/abc"), Of: "recovery"})},
		{"invite-ended", confirm.Ended(confirm.EndedView{Shell: w.in("/invite/abc"), Of: "invitation"})},
		{
			"login-errors",
			login.Page(login.View{
				Shell: w.out("/login"),
				Form: ui.Form{Error: w.say("The email or the password is not right.",
					"ईमेल या पासवर्ड सही नहीं है।")}, Email: "anita@example.in",
			}),
		},
		{"recover", recovery.Page(recovery.View{Shell: w.out("/recover")})},
		{"recover-sent", recovery.Sent(recovery.SentView{Shell: w.out("/recover/sent"), Email: "anita@example.in"})},
		{"recover-sent-unknown", recovery.Sent(recovery.SentView{Shell: w.out("/recover/sent")})},
		{"recover-password", recovery.Password(recovery.PasswordView{Shell: w.out("/recover/abc"), Token: "abc"})},
		{"invite-new", invite.Page(invite.View{
			Shell: w.out("/invite/abc"), Token: "abc", Email: mail, Inviter: anita,
			Account: account, Shop: shopName, Role: role.Counter,
		})},
		{"invite-in", invite.Page(invite.View{
			Shell: w.in("/invite/abc"), Token: "abc", Email: mail, Inviter: anita,
			Account: account, Role: role.Manager,
		})},
		{"invite-mismatch", invite.Page(invite.View{
			Shell: w.in("/invite/abc"), Token: "abc", Email: mail, Inviter: anita,
			Account: account, Role: role.Accountant, Mismatch: true,
		})},
	}
}
