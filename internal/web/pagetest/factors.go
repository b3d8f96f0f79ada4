package pagetest

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/page/confirm"
	"github.com/tijorihq/tijori/internal/web/page/factors"
	"github.com/tijorihq/tijori/internal/web/page/login"
	"github.com/tijorihq/tijori/internal/web/page/secondstep"
	"github.com/tijorihq/tijori/internal/web/page/stepup"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// factors is how people sign in beside the password.
func (w world) factors() []Sample {
	shell := w.in("/settings/signin")
	whole := factors.View{
		Shell: shell, Offered: true, Apps: true, App: true, Codes: 7, TwoStep: true,
		Passkeys: []factors.Passkey{
			{
				ID: entry + "1", Name: w.say("My phone", "मेरा फ़ोन"), Made: Now.Add(-900 * time.Hour),
				Used: Now.Add(-3 * time.Hour), Synced: true,
			},
			{ID: entry + "2", Name: w.say("The key in the cash box", "गल्ले वाली चाबी"), Made: Now.Add(-2 * time.Hour)},
			{
				ID: entry + "3", Name: w.say("Old laptop", "पुराना लैपटॉप"), Made: Now.Add(-9000 * time.Hour),
				Copied: true,
			},
		},
	}
	operator := whole
	operator.Operator, operator.Codes = true, 1
	wrong := ui.Form{Errors: map[string]string{"code": w.say("This code is wrong or was already used.",
		"यह कोड सही नहीं है, या काम में आ चुका है।")}}
	app, err := factors.NewApp(shell, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
		"otpauth://totp/Tijori:anita@example.in?issuer=Tijori&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
	if err != nil {
		panic(err) // the address is a constant
	}
	wrongApp := app
	wrongApp.Form = wrong
	codes := []string{
		"N5TT-QW7K-2ZLA-MX4D-WK3B-7YQA", "PBV3-KHJ6-YQRS-5FAU-M2ZT-GCWE", "ZD2M-GT4X-LWEC-N7QO-QWMX-4HKW",
		"R6UY-3HKP-VFJB-AI5S-D7LE-ZM2Q", "XO4E-MCZ7-T2QD-WLGN-MWWM-QGWM", "H5JR-YAS6-KPUV-3BFX-6NTC-OJ4R",
		"Q7ND-LZ4W-EMOG-T2CI-YV5K-3SPU", "V3SK-FU5Y-RHAJ-XB6P-2EGD-LW7N", "C2GM-OWQ4-DZLN-7TEI-HK5A-VXR3",
		"K6PX-BAJ3-USVR-YF5H-N4MO-T2QZ",
	}
	step := secondstep.View{Shell: w.out("/login/second"), Next: "/team", App: true, Codes: true, Passkey: true}
	wrongStep := step
	wrongStep.Passkey, wrongStep.Form = false, wrong
	ask := stepup.View{
		Shell: shell, Action: ui.BusinessPath(shop) + "/upi", Email: "anita@example.in",
		Carried: []stepup.Carried{{Name: "upi", Value: "anita@upi"}}, Password: true, Passkey: true,
	}
	strong := ask
	strong.Password, strong.App, strong.Codes = false, true, true
	strong.Form = ui.Form{Errors: map[string]string{"proof_code": wrong.Errors["code"]}}
	return []Sample{
		{"signin", factors.Page(whole)},
		{"signin-operator", factors.Page(operator)},
		{"signin-none", factors.Page(factors.View{
			Shell: shell, Offered: true, Apps: true, NewName: w.say("My phone", "मेरा फ़ोन"),
			New: ui.Form{Error: w.say("This passkey did not work. Please try again.",
				"यह पासकी नहीं चली। कृपया फिर करें।")},
		})},
		{"signin-nothing", factors.Page(factors.View{Shell: shell})},
		{"signin-app", factors.App(app)},
		{"signin-app-wrong", factors.App(wrongApp)},
		{"signin-codes", factors.Codes(factors.CodesView{Shell: shell, Codes: codes, Fresh: true})},
		{"second-step", secondstep.Page(step)},
		{"second-step-wrong", secondstep.Page(wrongStep)},
		{"step-up", stepup.Page(ask)},
		{"step-up-strong", stepup.Page(strong)},
		{"login-passkey", login.Page(login.View{Shell: w.out("/login"), Passkeys: true, Next: "/team"})},
		{"confirm-passkey", confirm.Page(confirm.View{
			Shell: w.out("/confirm/abc"), Token: "abc", Passkeys: true,
			Name: w.say("Anita Gupta", "अनीता गुप्ता"), Email: "anita@example.in", BusinessName: w.businesses()[0].Name,
		})},
	}
}
