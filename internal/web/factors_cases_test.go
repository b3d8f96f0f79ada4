package web

import (
	"maps"
	"net/url"
	"strings"
)

// fake is what no authenticator has answered.
const fake = `{"id":"AAAAAAAAAAAAAAAAAAAAAA","client_data":"e30","authenticator_data":"AA","signature":"AA","user":"AA"}`

// seedFactors gives a side's owner a passkey and recovery codes.
func (w *world) seedFactors(s *side) {
	w.Helper()
	id := fresh()
	s.ids["passkey"] = id.String()
	key := make([]byte, 32)
	copy(key, id[:])
	w.exec(`insert into passkeys (user_id, id, credential_id, public_key, aaguid, name, sign_count, backup_eligible, backed_up)
		values ($1, $2, $3, '\x01', decode(repeat('00', 16), 'hex'), $4, 0, false, false)`,
		s.UserID, id, key, s.word+"note passkey")
}

// equip lets a world have passkeys and authenticator apps, under a name as browsers want it.
func (w *world) equip() {
	w.Helper()
	public, err := url.Parse(strings.Replace(w.url, "127.0.0.1", "localhost", 1))
	w.ok(err)
	w.ok(w.accounts.Equip(public, []byte(strings.Repeat("k", 32))))
}

func init() {
	empty := func(path string) func(ids) ask {
		return func(ids) ask { return ask{path: path, json: map[string]any{}} }
	}
	maps.Copy(trials, map[string]trial{
		"POST /login/passkey": {
			ask: func(ids) ask { return form("/login/passkey", "passkey", fake) }, status: 422,
			shows: "passkey", visitor: true,
		},
		"GET /login/second": {ask: at("/login/second"), status: 422, shows: "sign in again", visitor: true},
		"POST /login/second": {
			ask: func(ids) ask { return form("/login/second", "code", "123456") }, status: 422,
			shows: "sign in again", visitor: true,
		},
		"POST /confirm/{token}/passkey": {ask: func(i ids) ask {
			return form("/confirm/"+i.get("sign-up")+"/passkey", "passkey", fake)
		}, status: 422, shows: "passkey", visitor: true},
		"GET /settings/signin": {
			ask: at("/settings/signin"), status: 200, shows: wordOfA + "note passkey",
			private: true,
		},
		"POST /settings/passkeys": {
			ask:    func(ids) ask { return form("/settings/passkeys", "name", "Phone", "passkey", fake) },
			status: 422, shows: "passkey",
		},
		"POST /settings/passkeys/{id}/name": {ask: func(i ids) ask {
			return form("/settings/passkeys/"+i.get("passkey")+"/name", "name", "Another")
		}, status: 303, shows: "/settings/signin"},
		"POST /settings/passkeys/{id}/remove": {ask: func(i ids) ask {
			return form("/settings/passkeys/" + i.get("passkey") + "/remove")
		}, status: 303, shows: "/settings/signin"},
		"POST /settings/app": {
			ask: func(ids) ask { return form("/settings/app") }, status: 200, shows: "otpauth://totp/Tijori",
		},
		"POST /settings/app/confirm": {
			ask: func(ids) ask { return form("/settings/app/confirm", "code", "000000") }, status: 409,
			shows: "Set up the authenticator app again.",
		},
		"POST /settings/app/remove": {
			ask: func(ids) ask { return form("/settings/app/remove") }, status: 303,
			shows: "/settings/signin",
			before: func(w *world) {
				w.exec(`insert into totps (user_id, sealed, confirmed_at) values ($1, decode(repeat('00', 52), 'hex'), now())`, w.a.UserID)
			},
		},
		"POST /settings/codes": {
			ask: func(ids) ask { return form("/settings/codes") }, status: 200, shows: "recovery-codes",
		},
		"POST /settings/twostep": {
			ask: func(ids) ask { return form("/settings/twostep", "on", "1") }, status: 200, shows: "recovery-codes",
		},
		"GET /stepup": {ask: at("/stepup?next=/mydata"), status: 200, shows: `data-field="proof_passkey"`},
		"POST /stepup": {status: 303, shows: "/mydata", before: (*world).password, ask: func(ids) ask {
			return form("/stepup", "next", "/mydata", "proof_password", ownersPassword)
		}},
		"POST /api/passkeys/sign-in": {
			ask: empty("/api/passkeys/sign-in"), status: 200, shows: `"challenge"`, visitor: true,
		},
		"POST /api/passkeys/second-step": {
			ask: empty("/api/passkeys/second-step"), status: 422, shows: "sign_in_ended", visitor: true,
		},
		"POST /api/passkeys/sign-up/{token}": {ask: func(i ids) ask {
			return ask{path: "/api/passkeys/sign-up/" + i.get("sign-up"), json: map[string]any{}}
		}, status: 200, shows: `"challenge"`, visitor: true},
		"POST /api/passkeys/step-up": {
			ask: empty("/api/passkeys/step-up"), status: 200, shows: `"allowCredentials"`,
		},
		"POST /api/passkeys/register": {
			ask: empty("/api/passkeys/register"), status: 200, shows: `"excludeCredentials"`,
		},
	})
}
