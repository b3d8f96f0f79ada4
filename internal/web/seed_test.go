package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/argon2"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/postgres"
)

// Account A's words. Whatever an answer says to anybody else, none of these is in it.
const (
	wordOfA = "qzx"
	wordOfB = "bwv"
	phoneA  = "9173519735"
	amountA = 123456789 // ₹12,34,567.89
)

// secretsOf are texts that an account's rows hold, in lower case. Frames of pages show the names of
// the account and its businesses to members of every role, so those stand apart.
func secretsOf(word string) []string {
	secrets := []string{word + "party", word + "note", word + "mail", word + "invoice", word + "person"}
	if word == wordOfA {
		secrets = append(secrets, phoneA, "12,34,567", "1234567.89", "123456789", "12,34,568", "1234568.89")
	}
	return secrets
}

func namesOf(word string) []string { return []string{word + "account", word + "shop"} }

func randomToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // documented never to fail
	return hex.EncodeToString(b)
}

func fresh() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// populate fills both accounts, and gives A members of every role.
func (w *world) populate() *world {
	w.Helper()
	w.a, w.b = w.side(wordOfA, phoneA, amountA), w.side(wordOfB, "9000000001", 500)
	for _, role := range roleNames {
		w.people[role+" of account"] = w.db.Member(w, w.a.User, nil, role)
		w.people[role+" of business"] = w.db.Member(w, w.a.User, &w.a.BusinessID, role)
	}
	return w
}

func (w *world) side(word, phone string, amount int64) *side {
	w.Helper()
	s := &side{User: w.db.Pro(w, w.db.User(w, word+"person")), word: word, ids: map[string]string{}}
	s.ids["account"], s.ids["business"], s.ids["user"] = s.AccountID.String(), s.BusinessID.String(), s.UserID.String()
	s.Email = word + "mail-" + s.UserID.String() + "@example.com"
	w.exec(`update users set email = $2 where id = $1`, s.UserID, s.Email)
	w.exec(`update accounts set name = $2 where account_id = $1`, s.AccountID, word+"account")
	w.exec(`update businesses set name = $2 where account_id = $1`, s.AccountID, word+"shop one")
	s.ids["business2"] = w.db.Business(w, s.User, word+"shop two").String()
	w.seedLedger(s, phone, amount)
	w.seedMerge(s)
	w.seedBatch(s)
	w.seedFile(s)
	w.seedTask(s)
	w.seedCollect(s)
	w.seedPeople(s)
	w.seedBilling(s)
	w.seedDesk(s)
	w.seedCredits(s)
	w.seedApp(s)
	w.seedFactors(s)
	return s
}

func (w *world) seedLedger(s *side, phone string, amount int64) {
	w.Helper()
	party, gone := fresh(), fresh()
	s.ids["party"], s.ids["gone party"] = party.String(), gone.String()
	note := s.word + "note"
	w.ok(w.db.As(w.Context(), s.Caller, func(tx *postgres.Tx) error {
		for id, name := range map[uuid.UUID]string{party: "party living", gone: "party deleted"} {
			p, err := ledger.AddParty(w.Context(), tx, id, ledger.PartyFields{
				Kind: ledger.Customer,
				Name: s.word + name, Phone: phone, Note: note,
			})
			if err != nil {
				return err
			}
			if _, err = ledger.EditParty(w.Context(), tx, id, p.Version, ledger.PartyFields{
				Kind: ledger.Supplier,
				Name: s.word + name, Phone: phone, Note: note + " changed",
			}); err != nil {
				return err
			}
		}
		_, err := ledger.DeleteParty(w.Context(), tx, gone, 2)
		return err
	}))
	w.seedEntries(s, party, amount)
}

// seedCollect gives a side a lock of long ago, a payee, a shared link and a reminder.
func (w *world) seedCollect(s *side) {
	w.Helper()
	w.seedLink(s)
	w.ok(w.db.As(w.Context(), s.Caller, func(tx *postgres.Tx) error {
		_, err := ledger.SetLock(w.Context(), tx, fresh(), ledger.LockForm{Until: time.Date(2001, 1, 31, 0, 0, 0, 0,
			time.UTC), Today: time.Now(), Reason: s.word + "note lock"})
		if err != nil {
			return err
		}
		if _, err = ledger.SetPayee(w.Context(), tx, fresh(), ledger.Payee{
			UPI:  s.word + "mail@upi",
			Name: s.word + "shop one",
		}); err != nil {
			return err
		}
		_, err = ledger.Remind(w.Context(), tx, fresh(), s.party(), ledger.SMS, "hi")
		return err
	}))
}

func (w *world) seedPeople(s *side) {
	w.Helper()
	victim := w.db.Member(w, s.User, nil, "counter")
	w.exec(`update users set name = $2, email = $3 where id = $1`, victim.UserID, s.word+"person victim",
		s.word+"mail-victim@example.com")
	s.ids["member"] = one[uuid.UUID](w, `select id from members where account_id = $1 and user_id = $2`, s.AccountID,
		victim.UserID).String()
	second := fresh()
	s.ids["own second membership"] = second.String()
	w.exec(`insert into members (account_id, id, user_id, business_id, role) values ($1, $2, $3, $4, 'manager')`,
		s.AccountID, second, s.UserID, s.ids["business2"])
	s.ids["session"] = w.session(s.UserID, s.AccountID, "30 days", false).id
	for _, kind := range []string{"invite", "sign-up", "recovery", "email", "email back"} {
		s.ids[kind] = randomToken()
	}
	hash := func(kind string) []byte { h := account.Hash(s.ids[kind]); return h[:] }
	invitation, invited := fresh(), s.word+"mail-invited@example.com"
	s.ids["invitation"] = invitation.String()
	w.exec(`insert into invitations (account_id, id, email, role, token_hash, invited_by, expires_at)
		values ($1, $2, $3, 'counter', $4, $5, now() + interval '7 days')`,
		s.AccountID, invitation, invited, hash("invite"), s.UserID)
	w.exec(`insert into signups (id, email, name, business_name, locale, currency, token_hash, expires_at) values ($1, $2, $3, $4, 'en', 'INR', $5, now() + interval '1 day')`,
		fresh(), s.word+"mail-waiting@example.com", s.word+"person waiting", s.word+
			"shop waiting", hash("sign-up"))
	w.exec(`insert into recoveries (id, email, user_id, token_hash, expires_at)
		values ($1, $2, $3, $4, now() + interval '30 minutes')`,
		fresh(), s.Email, s.UserID, hash("recovery"))
	w.exec(`insert into email_changes (id, user_id, old_email, new_email, new_hash, expires_at) values ($1, $2, $3, $4, $5, now() + interval '1 day')`,
		fresh(), s.UserID, s.Email, s.word+"mail-next@example.com", hash("email"))
	w.exec(`insert into email_changes (id, user_id, old_email, new_email, back_hash, expires_at, old_at, new_at, done_at, back_until)
		values ($1, $2, $3, $4, $5, now(), now(), now(), now(), now() + interval '1 day')`,
		fresh(), s.UserID, s.word+"mail-former@example.com", s.Email, hash("email back"))
	w.exec(`insert into security_log (account_id, kind, user_id, detail) values ($1, 'key_made', $2, $3)`,
		s.AccountID, s.UserID, s.word+"key")
}

func (w *world) seedBilling(s *side) {
	w.Helper()
	paid, waiting := "sub_"+s.AccountID.String(), "sub_"+s.word+strings.ReplaceAll(s.AccountID.String(), "-", "")[20:]
	payment, customer := "pay_"+s.word+"Test000001", "cus_"+s.word+"Customer01"
	s.ids["subscription"], s.ids["payment"], s.ids["signature"] = waiting, payment, signReturn(payment, waiting)
	w.till.add(paid, s.AccountID.String(), "active")
	w.till.add(waiting, s.AccountID.String(), "active")
	w.exec(`insert into invoices (account_id, connection_id, provider, id, subscription_id, number, status, amount_minor, currency, issued_at, url)
		values ($1, 'razorpay', 'razorpay', $2, $3, $4, 'paid', $5, 'INR', now(), $6)`,
		s.AccountID, "inv_"+s.word, paid, s.word+"invoice-1", 29900, "https://rzp.io/i/"+s.word+"invoice")
	w.exec(`insert into provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
		values ('razorpay', 'razorpay', 'subscription', $2, $1, now()), ('stripe', 'stripe', 'customer', $3, $1, now())`,
		s.AccountID, waiting, customer)
	w.exec(`insert into provider_customers (app_id, account_id, connection_id, provider, customer_id, claimed_at)
		values ('khata', $1, 'stripe', 'stripe', $2, now())`, s.AccountID, customer)
	w.exec(`insert into checkouts (app_id, account_id, id, user_id, connection_id, provider, plan_id, period, price_id, status, subscription_id, url, created_at, expires_at)
		values ('khata', $1, $2, $3, 'razorpay', 'razorpay', 'pro', 'month', 'plan_TijoriProMonth', 'open', $4, $5, now(), now() + interval '12 hours')`,
		s.AccountID, fresh(), s.UserID, waiting, "https://rzp.io/i/"+s.word+"invoice")
}

// free ends what an account has bought, so that it can buy.
func (w *world) free(s *side) {
	w.exec(`update subscriptions set status = 'canceled', access_until = now() - interval '1 day', ended_at = now()
		where account_id = $1`, s.AccountID)
	w.till.add("sub_"+s.AccountID.String(), s.AccountID.String(), "cancelled")
}

// neverPaid makes the waiting checkout of an account one that nobody has paid.
func (w *world) neverPaid(s *side) {
	w.till.add(s.ids["subscription"], s.AccountID.String(), "created")
}

func signReturn(payment, subscription string) string {
	m := hmac.New(sha256.New, []byte(razorpaySecret))
	m.Write([]byte(payment + "|" + subscription))
	return hex.EncodeToString(m.Sum(nil))
}

// session makes one more session of a user, and returns its token.
func (w *world) session(user, acc uuid.UUID, life string, revoked bool) (s struct{ id, token string }) {
	w.Helper()
	s.id, s.token = fresh().String(), randomToken()
	hash := account.Hash(s.token)
	w.exec(`insert into credentials (hash, id, kind, user_id, account_id, expires_at, revoked_at, strong_at)
		values ($1, $2, 'session', $3, $4, now() + $5::text::interval, case when $6 then now() end, now())`, hash[:], s.id, user, acc, life, revoked)
	return s
}

// password gives A's owner one, by the same way as a forgotten one is replaced.
func (w *world) password() {
	w.Helper()
	_, err := w.accounts.Recover(w.Context(), w.a.ids["recovery"], ownersPassword, false,
		account.Device{Network: "192.0.2.7"})
	w.ok(err)
}

const ownersPassword = "a brass lamp in the window"

// letter puts a mail of A into the outbox and returns its id.
func (w *world) letter() string {
	w.Helper()
	w.ok(w.outbox.Send(w.Context(), mail.Message{To: w.a.Email, Subject: "Hello", Text: "a letter"}))
	list, err := w.outbox.List()
	w.ok(err)
	return list[0].ID
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	if _, err := w.db.Super.Exec(w.Context(), sql, args...); err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
}

// one reads a single value past row-level security.
func one[T any](w *world, sql string, args ...any) (v T) {
	w.Helper()
	if err := w.db.Super.QueryRow(w.Context(), sql, args...).Scan(&v); err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
	return v
}

// rowsOf is a checksum over everything that belongs to an account and its people, in every table there is.
func (w *world) rowsOf(s *side) map[string]string {
	w.Helper()
	sums := map[string]string{}
	rows, err := w.db.Super.Query(w.Context(), `
		select c.relname, a.attname from pg_class c join pg_namespace n on n.oid = c.relnamespace
		  join pg_attribute a on a.attrelid = c.oid and a.attname in ('account_id', 'user_id') and not a.attisdropped
		 where n.nspname = 'tijori' and c.relkind in ('r', 'p')
		   and c.relname !~ '^(access_log|watch_)' -- what is kept of the requests themselves
		 order by 1, 2`)
	w.ok(err)
	type column struct{ table, name string }
	var columns []column
	for rows.Next() {
		var c column
		w.ok(rows.Scan(&c.table, &c.name))
		columns = append(columns, c)
	}
	w.ok(rows.Err())
	if len(columns) < 10 {
		w.Fatalf("found %d tables with an owner, the schema has more", len(columns))
	}
	for _, c := range columns { // names come from the catalogue, not from outside
		of := `select $1::uuid`
		if c.name == "user_id" {
			of = `select user_id from members where account_id = $1::uuid`
		}
		sums[c.table+"."+c.name] = one[string](w,
			`select count(*) || ' ' || coalesce(md5(string_agg(t::text, chr(10) order by t::text)), '') from `+c.table+
				` t where t.`+c.name+` in (`+of+`)`, s.AccountID)
	}
	for _, c := range columns {
		if c.name == "account_id" && s.customer != uuid.Nil {
			sums["customer's "+c.table] = one[string](w,
				`select count(*) || ' ' || coalesce(md5(string_agg(t::text, chr(10) order by t::text)), '') from `+c.table+
					` t where t.account_id = $1`, s.customer)
		}
	}
	sums["users"] = one[string](w,
		`select md5(string_agg(u::text, chr(10) order by u::text)) from users u where id in (select user_id
			from members where account_id = $1)`, s.AccountID)
	sums["signups"] = one[string](w,
		`select coalesce(md5(string_agg(u::text, chr(10) order by u::text)), '') from signups u
			where email like $1 || '%'`, s.word)
	sums["recoveries"] = one[string](w,
		`select coalesce(md5(string_agg(u::text, chr(10) order by u::text)), '') from recoveries u
			where email like $1 || '%'`, s.word)
	return sums
}

func hexHash(token string) string {
	h := account.Hash(token)
	return hex.EncodeToString(h[:])
}

// signUpPassword is chosen behind the link of the sign-up that waits to be confirmed.
const signUpPassword = "a brass lamp for the door"

// argon2Hash writes a password as the users table keeps it, at the least cost.
func argon2Hash(password string) string {
	salt := []byte("0123456789abcdef")
	key := argon2.IDKey([]byte(password), salt, 1, 8, 1, 32)
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=8,t=1,p=1$%s$%s", argon2.Version, enc(salt), enc(key))
}

// party is the id of the side's party that is not deleted.
func (s *side) party() uuid.UUID { return uuid.MustParse(s.ids["party"]) }

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
