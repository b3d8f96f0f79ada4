package account

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// accountOf is the account that a session is in.
func accountOf(t *testing.T, s *Service, c postgres.Caller) uuid.UUID {
	t.Helper()
	var id uuid.UUID
	if err := s.db.As(t.Context(), c, func(tx *postgres.Tx) error { id = tx.Scope.AccountID; return nil }); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestLeaveAndKeepAccount(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	c := caller(confirmed(t, s, db, "asha@example.com"))
	account := accountOf(t, s, c)
	other := caller(confirmed(t, s, db, "other@example.com"))
	if err := s.Invite(t.Context(), c, uuid.New(), "late@example.com", "manager", nil); err != nil {
		t.Fatal(err)
	}
	_, err := s.LeaveAccount(t.Context(), c, account, "not the password")
	wantKind(t, "LeaveAccount with a wrong password", err, fault.Invalid)
	_, err = s.LeaveAccount(t.Context(), other, account, goodPassword)
	wantKind(t, "LeaveAccount of somebody else's account", err, fault.Conflict)
	_, err = s.LeaveAccount(t.Context(), postgres.Caller{}, account, goodPassword)
	wantKind(t, "LeaveAccount without a session", err, fault.Unauthorized)
	if n := one[int](t, db, `select count(*) from accounts where leaving_at is not null`); n != 0 {
		t.Fatalf("%d accounts leave", n)
	}

	for range 2 { // twice is no error, and no second letter
		end, err := s.LeaveAccount(t.Context(), c, account, goodPassword)
		if err != nil || time.Until(end) < 29*24*time.Hour || time.Until(end) > 30*24*time.Hour {
			t.Fatalf("LeaveAccount = %v, %v, want in thirty days", end, err)
		}
	}
	if n := one[int](t, db, `select count(*) from tijori_river.river_job where kind = 'leaving_mail'`); n != 1 {
		t.Errorf("%d letters, want 1", n)
	}
	p, err := person(t.Context(), db, c)
	if err != nil || p.EraseAt.IsZero() {
		t.Errorf("the person's account is erased at %v, %v", p.EraseAt, err)
	}
	if n := one[int](t, db, `select count(*) from invitations where revoked_at is null`); n != 0 {
		t.Errorf("%d invitations are open", n)
	}
	err = s.Invite(t.Context(), c, uuid.New(), "more@example.com", "manager", nil)
	wantKind(t, "Invite into an account that leaves", err, fault.Conflict)
	err = s.AddBusiness(t.Context(), c, uuid.New(), "One more", "INR")
	wantKind(t, "AddBusiness to an account that leaves", err, fault.Conflict)

	wantKind(t, "BeginErasing before the end", errOf(s.BeginErasing(t.Context(), account)), fault.Forbidden)
	wantKind(t, "EraseRows before the end", errOf(s.EraseRows(t.Context(), account, 10)), fault.Forbidden)
	if err := s.KeepAccount(t.Context(), other); err != nil {
		t.Errorf("KeepAccount of an account that stays = %v", err)
	}
	if one[int](t, db, `select count(*) from accounts where leaving_at is not null`) != 1 {
		t.Error("somebody else has kept the account")
	}
	if err := s.KeepAccount(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := s.AddBusiness(t.Context(), c, uuid.New(), "One more", "INR"); err != nil {
		t.Errorf("AddBusiness to an account that was kept = %v", err)
	}
}

func errOf[T any](_ T, err error) error { return err }

// Only an owner deletes an account, whoever knows the password, and whatever their role.
func TestOnlyOwnersLeave(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	owner := db.User(t, "Owner")
	hash, err := s.passwords.hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"manager", "accountant", "counter"} {
		for _, business := range []*uuid.UUID{nil, &owner.BusinessID} {
			m := db.Member(t, owner, business, role)
			exec(t, db, `update users set password_hash = $2 where id = $1`, m.UserID, hash)
			_, err := s.LeaveAccount(t.Context(), m.Account(), owner.AccountID, goodPassword)
			wantKind(t, role+": LeaveAccount", err, fault.Forbidden)
			wantKind(t, role+": KeepAccount", s.KeepAccount(t.Context(), m.Account()), fault.Forbidden)
		}
	}
}

// A subscription that renews is canceled first; one that will not renew is given up.
func TestLeaveWithSubscription(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	c := caller(confirmed(t, s, db, "asha@example.com"))
	account := accountOf(t, s, c)
	db.Subscription(t, account, "stripe", "sub_1")
	for _, status := range []string{"active", "past_due", "trialing", "paused"} {
		exec(t, db, `update subscriptions set status = $1`, status)
		_, err := s.LeaveAccount(t.Context(), c, account, goodPassword)
		wantKind(t, status+": LeaveAccount", err, fault.Conflict)
	}
	exec(t, db, `update subscriptions set cancel_at_period_end = true, status = 'past_due'`)
	_, err := s.LeaveAccount(t.Context(), c, account, goodPassword)
	wantKind(t, "ending, with a payment that is still tried: LeaveAccount", err, fault.Conflict)
	exec(t, db, `update subscriptions set status = 'active'`)
	if _, err := s.LeaveAccount(t.Context(), c, account, goodPassword); err != nil {
		t.Fatalf("LeaveAccount with a plan that ends = %v", err)
	}
	// Resumed meanwhile at the provider: it is not erased while money is asked for.
	exec(t, db, `update subscriptions set cancel_at_period_end = false`)
	exec(t, db, `update accounts set leaving_at = now() - interval '31 days', erase_at = now() - interval '1 day'`)
	if due, err := s.DueErasures(t.Context()); err != nil || len(due) != 0 {
		t.Errorf("DueErasures = %v, %v, want none", due, err)
	}
	if begun, err := s.BeginErasing(t.Context(), account); err != nil || begun {
		t.Errorf("BeginErasing = %t, %v, want false", begun, err)
	}
	if one[int](t, db, `select count(*) from members`) != 1 {
		t.Error("the member is gone")
	}
}

func TestLeaveTeamAndForgetMe(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	owner := db.User(t, "Owner")
	m := db.Member(t, owner, &owner.BusinessID, "manager")
	hash, err := s.passwords.hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, `update users set password_hash = $1`, hash)
	list, err := s.Memberships(t.Context(), m.Account())
	if err != nil || len(list) != 1 || list[0].Role != "manager" || list[0].Stays {
		t.Fatalf("Memberships = %+v, %v", list, err)
	}
	owners, err := s.Memberships(t.Context(), owner.Account())
	if err != nil || len(owners) != 1 || !owners[0].Stays {
		t.Fatalf("the owner's Memberships = %+v, %v", owners, err)
	}
	wantKind(t, "the last owner's LeaveTeam", s.LeaveTeam(t.Context(), owner.Account(), owners[0].ID), fault.Conflict)
	wantKind(t, "the last owner's ForgetMe", s.ForgetMe(t.Context(), owner.Account(), goodPassword), fault.Conflict)
	wantKind(t, "LeaveTeam of somebody else's membership", s.LeaveTeam(t.Context(), owner.Account(), list[0].ID),
		fault.NotFound)
	if err := s.LeaveTeam(t.Context(), m.Account(), list[0].ID); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "LeaveTeam twice", s.LeaveTeam(t.Context(), m.Account(), list[0].ID), fault.NotFound)

	counter := db.Member(t, owner, &owner.BusinessID, "counter")
	exec(t, db, `update users set password_hash = $1`, hash)
	wantKind(t, "ForgetMe with a wrong password", s.ForgetMe(t.Context(), counter.Account(), "not the password"),
		fault.Invalid)
	if err := s.ForgetMe(t.Context(), counter.Account(), goodPassword); err != nil {
		t.Fatal(err)
	}
	if n := one[int](t, db, `select count(*) from users where id = $1`, counter.UserID); n != 0 {
		t.Error("the user is left")
	}
	if one[int](t, db, `select count(*) from users`) != 2 || one[int](t, db, `select count(*) from members`) != 1 {
		t.Error("somebody else is gone")
	}
	if _, err := person(t.Context(), db, counter.Account()); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("the session answers %v", err)
	}
}

// Who belongs to no account opens one of their own, once.
func TestOpenAccount(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	owner := db.User(t, "Owner")
	m := db.Member(t, owner, nil, "manager")
	exec(t, db, `delete from members where user_id = $1`, m.UserID)
	if found, err := s.GoHome(t.Context(), m.Account()); err != nil || found {
		t.Errorf("GoHome of who belongs nowhere = %t, %v", found, err)
	}
	wantKind(t, "OpenAccount without a name", s.OpenAccount(t.Context(), m.Account(), " ", "INR"), fault.Invalid)
	wantKind(t, "OpenAccount in no currency", s.OpenAccount(t.Context(), m.Account(), "Mine", "rupees"), fault.Invalid)
	done := make(chan error)
	for range 4 {
		go func() { done <- s.OpenAccount(t.Context(), m.Account(), "My own", "NPR") }()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Errorf("OpenAccount = %v", err)
		}
	}
	p, err := person(t.Context(), db, m.Account())
	if err != nil || p.Role != "owner" || p.AccountCurrency != "NPR" || len(p.Businesses) != 1 ||
		p.Businesses[0].Name != "My own" {
		t.Errorf("the person is %+v, %v", p, err)
	}
	if n := one[int](t, db, `select count(*) from accounts`); n != 2 {
		t.Errorf("%d accounts, want 2", n)
	}
}

// A session in an account that its user was removed from goes to another that the user has.
func TestGoHome(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	own, owner := db.User(t, "Own"), db.User(t, "Owner")
	exec(t, db, `update credentials set account_id = $2 where user_id = $1`, own.UserID, owner.AccountID)
	if found, err := s.GoHome(t.Context(), own.Account()); err != nil || !found {
		t.Fatalf("GoHome = %t, %v", found, err)
	}
	if got := accountOf(t, s, own.Account()); got != own.AccountID {
		t.Errorf("the session is in %s, want %s", got, own.AccountID)
	}
	if found, err := s.GoHome(t.Context(), own.Account()); err != nil || found {
		t.Errorf("GoHome of who is at home = %t, %v", found, err)
	}
}

// A sign-up that waits has no password: whoever signs in is told what everybody is, after the same work.
func TestSignInBeforeConfirming(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	signUp(t, s, db, form("wait@example.com"))
	runs := s.passwords.runs.Load()
	for _, c := range [][2]string{
		{"wait@example.com", goodPassword}, {"wait@example.com", ""}, {"nobody@example.com", goodPassword},
	} {
		_, err := s.SignIn(t.Context(), c[0], c[1], phone, "")
		if fault.Of(err) != errWrongPassword {
			t.Errorf("SignIn of %v = %v", c, err)
		}
	}
	if n := s.passwords.runs.Load() - runs; n != 3 {
		t.Errorf("%d hashes for three sign-ins", n)
	}
}

func TestResendSignUp(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	id := signUp(t, s, db, form("wait@example.com"))
	first, err := s.IssueSignUp(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	jobs := func() int {
		return one[int](t, db, `select count(*) from tijori_river.river_job where kind = 'confirmation_mail'`)
	}
	before := jobs()
	for _, address := range []string{"wait@example.com", "nobody@example.com"} { // the same for both
		if err := s.ResendSignUp(t.Context(), address, phone.Network); err != nil {
			t.Fatal(err)
		}
	}
	if n := jobs() - before; n != 2 {
		t.Errorf("%d jobs, want 2", n)
	}
	if one[int](t, db, `select count(*) from tijori_river.river_job where kind = 'confirmation_mail'
		and args->>'sign_up' = $1`, id.String()) != 2 {
		t.Error("the sign-up's letter is not sent again")
	}
	again, err := s.IssueSignUp(t.Context(), id)
	if err != nil || again.Token == first.Token {
		t.Errorf("the second letter's link is %q, %v", again.Token, err)
	}
	if _, err := s.SignUpByToken(t.Context(), first.Token); !fault.Is(err, fault.NotFound) {
		t.Errorf("the first link = %v", err)
	}
	wantKind(t, "ResendSignUp of no address", s.ResendSignUp(t.Context(), "nobody", phone.Network), fault.Invalid)
	for range 10 {
		err = s.ResendSignUp(t.Context(), "wait@example.com", phone.Network)
	}
	wantKind(t, "ResendSignUp too often", err, fault.TooMany)
}

// A sign-up says everything that is wrong at once.
func TestSignUpFaultsAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	err := s.SignUp(t.Context(), SignUpForm{
		Name: " ", Email: "x", BusinessName: "", Locale: "en",
		Currency: "INR", Network: phone.Network,
	})
	all, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("SignUp = %v, want several faults", err)
	}
	var fields []string
	for _, e := range all.Unwrap() {
		fields = append(fields, fault.Of(e).Field)
	}
	if len(fields) != 3 {
		t.Errorf("faults of %v, want name, business, email", fields)
	}
}
