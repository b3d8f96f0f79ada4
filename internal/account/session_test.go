package account

import (
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/term"
)

func TestSessionsOfAUser(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	first := confirmed(t, s, db, "asha@example.com")
	second, err := s.SignIn(t.Context(), "asha@example.com", goodPassword,
		Device{UserAgent: "Desk\r\nTop" + strings.Repeat("x", 400), Network: "192.0.2.11"}, "")
	if err != nil {
		t.Fatal(err)
	}
	binod := confirmed(t, s, db, "binod@example.com")
	list, err := s.ListSessions(t.Context(), caller(first))
	if err != nil || len(list) != 2 {
		t.Fatalf("ListSessions = %+v, %v, want two", list, err)
	}
	for _, i := range list {
		if i.Current != (i.UserAgent == "Phone") || strings.ContainsAny(i.UserAgent, "\r\n") || len(i.UserAgent) > 300 {
			t.Errorf("session %+v: want the phone to be the current one and plain text", i)
		}
		wantKind(t, "EndSession by another user", s.EndSession(t.Context(), caller(binod), i.ID), fault.NotFound)
		if !i.Current {
			if err := s.EndSession(t.Context(), caller(first), i.ID); err != nil {
				t.Errorf("EndSession = %v", err)
			}
		}
	}
	if !alive(t, db, first) || alive(t, db, second) {
		t.Error("after EndSession: want the first session alone alive")
	}
	third, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SignOutEverywhere(t.Context(), caller(third), true); err != nil || alive(t, db, first) ||
		!alive(t, db, third) {
		t.Errorf("SignOutEverywhere but here = %v", err)
	}
	if err := s.SignOutEverywhere(t.Context(), caller(third), false); err != nil || alive(t, db, third) {
		t.Errorf("SignOutEverywhere = %v", err)
	}
	if !alive(t, db, binod) {
		t.Error("another user's session ended too")
	}
	_, err = s.ListSessions(t.Context(), caller(third))
	wantKind(t, "ListSessions after the end", err, fault.Unauthorized)
	wantKind(t, "SignOutEverywhere without a credential", s.SignOutEverywhere(t.Context(), postgres.Caller{}, false),
		fault.Unauthorized)
}

func TestTouchSlidesThirtyDays(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	session := confirmed(t, s, db, "asha@example.com")
	c := caller(session)
	ends := func() time.Time {
		return one[time.Time](t, db, `select expires_at from credentials where hash = $1`, c.Credential[:])
	}
	touch := func() {
		t.Helper()
		if _, err := s.Touch(t.Context(), c.Credential); err != nil {
			t.Fatalf("Touch = %v", err)
		}
	}
	before := ends()
	touch()
	if !ends().Equal(before) {
		t.Error("Touch within a day moved the end")
	}
	exec(t, db, `update credentials set used_at = now() - interval '25 hours', expires_at = now() + interval '1 hour'`)
	touch()
	if left := time.Until(ends()); left < 29*24*time.Hour {
		t.Errorf("after Touch the session ends in %v, want 30 days", left)
	}
	exec(t, db, `update credentials set used_at = now() - interval '25 hours', expires_at = now() + interval '1 hour',
		created_at = now() - interval '179 days'`)
	touch()
	if left := time.Until(ends()); left > 24*time.Hour || left < 23*time.Hour {
		t.Errorf("on its last day the session ends in %v, want its absolute end within a day", left)
	}
	for _, sql := range []string{
		`update credentials set used_at = now() - interval '40 days', expires_at = now() - interval '1 second'`,
		`update credentials
			set used_at = now() - interval '2 days', expires_at = now() + interval '1 day', revoked_at = now()`,
	} {
		exec(t, db, sql)
		before := ends()
		touch()
		if !ends().Equal(before) || alive(t, db, session) {
			t.Errorf("after %q Touch brought the session back", sql)
		}
	}
}

// An operator's session ends after an hour without a visit, and after twelve hours in any case.
func TestSessionsOfOperatorsAreShort(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	s.operators = []string{"ops@example.com"}
	asha, ops := confirmed(t, s, db, "asha@example.com"), confirmed(t, s, db, "ops@example.com")
	if left := time.Until(ops.ExpiresAt); left > term.OperatorIdle || left < term.OperatorIdle-time.Minute {
		t.Errorf("an operator's session ends in %v, want %v", left, term.OperatorIdle)
	}
	exec(t, db, `update credentials set used_at = now() - interval '10 minutes', expires_at = now() + interval '1 minute'`)
	if at, err := s.Touch(t.Context(), Hash(asha.Token)); err != nil || !at.IsZero() {
		t.Errorf("Touch of a member's session within a day = %v, %v", at, err)
	}
	at, err := s.Touch(t.Context(), Hash(ops.Token))
	if left := time.Until(at); err != nil || left > term.OperatorIdle || left < term.OperatorIdle-time.Minute {
		t.Errorf("after Touch an operator's session ends in %v, %v", left, err)
	}
	exec(t, db, `update credentials set used_at = now() - interval '10 minutes', created_at = now() - interval '719 minutes'`)
	at, err = s.Touch(t.Context(), Hash(ops.Token))
	if left := time.Until(at); err != nil || left > time.Minute {
		t.Errorf("after 719 minutes Touch gives an operator %v more, %v; want one minute", left, err)
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	here := confirmed(t, s, db, "asha@example.com")
	there, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, "")
	if err != nil {
		t.Fatal(err)
	}
	link := recoveryLink(t, s, db, "asha@example.com")
	err = s.ChangePassword(t.Context(), caller(here), "wrong-old-password", "green-lantern-market")
	if ft := fault.Of(err); ft == nil || ft.Field != "current" {
		t.Errorf("ChangePassword with a wrong old one = %v, want a fault about current", err)
	}
	wantKind(t, "ChangePassword to an obvious one", s.ChangePassword(t.Context(), caller(here), goodPassword,
		"password123"), fault.Invalid)
	if err := s.ChangePassword(t.Context(), caller(here), goodPassword, "green-lantern-market"); err != nil {
		t.Fatalf("ChangePassword = %v", err)
	}
	if !alive(t, db, here) || alive(t, db, there) {
		t.Error("want this session alive and the other ended")
	}
	wantKind(t, "a recovery link from before", s.RecoveryByToken(t.Context(), link), fault.NotFound)
	_, err = s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, "")
	wantKind(t, "SignIn with the old password", err, fault.Invalid)
	for range 12 {
		err = s.ChangePassword(t.Context(), caller(here), "wrong-old-password", "green-lantern-market")
	}
	wantKind(t, "guessing the old password", err, fault.TooMany)
}

func TestUpdateProfile(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	session := confirmed(t, s, db, "asha@example.com")
	if err := s.UpdateProfile(t.Context(), caller(session), " आशा ", "en"); err != nil {
		t.Fatalf("UpdateProfile = %v", err)
	}
	if p, err := person(t.Context(), db, caller(session)); err != nil || p.Name != "आशा" || p.Locale != "en" {
		t.Errorf("person = %+v, %v", p, err)
	}
	for _, c := range [][2]string{
		{"", "en"},
		{"Asha", "fr"},
		{"A\nB", "en"},
		{"A\u202eB", "en"},
		{strings.Repeat("x", 121), "en"},
	} {
		wantKind(t, "UpdateProfile", s.UpdateProfile(t.Context(), caller(session), c[0], c[1]), fault.Invalid)
	}
}
