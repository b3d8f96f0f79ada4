package account

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// invite invites an address and returns the token of the mail.
func invite(t *testing.T, s *Service, owner *pgtest.User, email, role string, business *uuid.UUID) string {
	t.Helper()
	id := uuid.New()
	if err := s.Invite(t.Context(), owner.Account(), id, email, role, business); err != nil {
		t.Fatalf("Invite(%q) = %v", email, err)
	}
	l, err := s.IssueInvitation(t.Context(), owner.AccountID, id, false)
	if err != nil {
		t.Fatalf("IssueInvitation = %v", err)
	}
	return l.Token
}

func TestInvitationIsForItsAddressAlone(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha, binod, chitra := db.User(t, "Asha"), db.User(t, "Binod"), db.User(t, "Chitra")
	token := invite(t, s, asha, binod.Email, "counter", &asha.BusinessID)
	exec(t, db, `update users set locale = 'hi' where id = $1`, binod.UserID)
	v, err := s.InvitationByToken(t.Context(), token)
	if err != nil || v != (InvitationView{binod.Email, "counter", "Asha's shop", "Asha's shop", "Asha", true, "hi"}) {
		t.Errorf("InvitationByToken = %+v, %v", v, err)
	}
	_, err = s.AcceptInvitation(t.Context(), chitra.Account(), token)
	wantKind(t, "AcceptInvitation by another address", err, fault.Forbidden)
	_, err = s.AcceptInvitation(t.Context(), postgres.Caller{}, token)
	wantKind(t, "AcceptInvitation signed out", err, fault.Unauthorized)
	_, err = s.SignUpByInvitation(t.Context(), token, "Binod", goodPassword, "en", phone)
	wantKind(t, "SignUpByInvitation of a known address", err, fault.Conflict)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			business, err := s.AcceptInvitation(t.Context(), binod.Account(), token)
			if err != nil || business == nil || *business != asha.BusinessID {
				t.Errorf("AcceptInvitation = %v, %v, want Asha's business each time", business, err)
			}
		})
	}
	wg.Wait()
	if n := one[int](t, db, `select count(*) from members where user_id = $1 and account_id = $2`, binod.UserID,
		asha.AccountID); n != 1 {
		t.Errorf("%d memberships, want 1", n)
	}
	c := binod.Account()
	c.Business = asha.BusinessID
	if p, err := person(t.Context(), db, c); err != nil || p.Role != "counter" || len(p.Businesses) != 2 {
		t.Errorf("Binod in Asha's business: %+v, %v", p, err)
	}
	if p, err := person(t.Context(), db, binod.Account()); err != nil || p.AccountID != binod.AccountID {
		t.Errorf("Binod's account after joining one business: %+v, %v, want his own", p, err)
	}
}

func TestSignUpByInvitation(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha := db.User(t, "Asha")
	token := invite(t, s, asha, "Dev@Example.com", "manager", nil)
	_, err := s.SignUpByInvitation(t.Context(), token, "Dev", "password123", "en", phone)
	wantKind(t, "SignUpByInvitation with an obvious password", err, fault.Invalid)
	session, err := s.SignUpByInvitation(t.Context(), token, "Dev", goodPassword, "hi", phone)
	if err != nil {
		t.Fatalf("SignUpByInvitation = %v", err)
	}
	p, err := person(t.Context(), db, caller(session))
	if err != nil || p.Email != "dev@example.com" || p.AccountID != asha.AccountID || p.Role != "manager" ||
		len(p.Businesses) != 1 {
		t.Errorf("person = %+v, %v", p, err)
	}
	_, err = s.InvitationByToken(t.Context(), token)
	wantKind(t, "the used link", err, fault.NotFound)
}

func TestInviteOnceAndByOwnersOnly(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha, binod := db.User(t, "Asha"), db.User(t, "Binod")
	manager := db.Member(t, asha, nil, "manager")
	counter := db.Member(t, asha, &asha.BusinessID, "counter")
	id := uuid.New()
	for range 2 {
		if err := s.Invite(t.Context(), asha.Account(), id, "dev@example.com", "manager", nil); err != nil {
			t.Fatalf("Invite = %v", err)
		}
	}
	if n := one[int](t, db, `select count(*) from tijori_river.river_job`); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
	wantKind(t, "Invite with the id of another", s.Invite(t.Context(), asha.Account(), id, "eva@example.com", "manager",
		nil), fault.Conflict)
	wantKind(t, "Invite twice", s.Invite(t.Context(), asha.Account(), uuid.New(), "dev@example.com", "counter", nil),
		fault.Conflict)
	wantKind(t, "Invite a member", s.Invite(t.Context(), asha.Account(), uuid.New(), manager.Email, "owner", nil),
		fault.Conflict)
	wantKind(t, "Invite into a stranger's business", s.Invite(t.Context(), asha.Account(), uuid.New(),
		"eva@example.com", "counter", &binod.BusinessID), fault.NotFound)
	wantKind(t, "Invite an owner of one business", s.Invite(t.Context(), asha.Account(), uuid.New(), "eva@example.com",
		"owner", &asha.BusinessID), fault.Invalid)
	wantKind(t, "Invite to no role", s.Invite(t.Context(), asha.Account(), uuid.New(), "eva@example.com", "boss", nil),
		fault.Invalid)
	for who, c := range map[string]postgres.Caller{
		"manager": manager.Account(), "counter": counter.Account(),
		"counter in the business": counter.Caller,
	} {
		wantKind(t, "Invite by a "+who, s.Invite(t.Context(), c, uuid.New(), "eva@example.com", "counter", nil),
			fault.Forbidden)
		_, _, err := s.Team(t.Context(), c)
		wantKind(t, "Team for a "+who, err, fault.Forbidden)
		wantKind(t, "RevokeInvitation by a "+who, s.RevokeInvitation(t.Context(), c, id), fault.Forbidden)
		wantKind(t, "ResendInvitation by a "+who, s.ResendInvitation(t.Context(), c, id), fault.Forbidden)
	}
	wantKind(t, "RevokeInvitation by another owner", s.RevokeInvitation(t.Context(), binod.Account(), id),
		fault.NotFound)
	wantKind(t, "ResendInvitation by another owner", s.ResendInvitation(t.Context(), binod.Account(), id),
		fault.NotFound)
	members, invitations, err := s.Team(t.Context(), asha.Account())
	if err != nil || len(members) != 3 || len(invitations) != 1 || invitations[0].Email != "dev@example.com" {
		t.Errorf("Team = %+v, %+v, %v", members, invitations, err)
	}
	for _, m := range members {
		if own := m.UserID == asha.UserID; m.You != own || m.Stays != own {
			t.Errorf("member %+v, want You and Stays for the owner alone", m)
		}
	}
}

func TestRevokedAndResentInvitations(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha, binod := db.User(t, "Asha"), db.User(t, "Binod")
	old := invite(t, s, asha, binod.Email, "manager", nil)
	id := one[uuid.UUID](t, db, `select id from invitations`)
	if err := s.ResendInvitation(t.Context(), asha.Account(), id); err != nil {
		t.Fatalf("ResendInvitation = %v", err)
	}
	l, err := s.IssueInvitation(t.Context(), asha.AccountID, id, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.AcceptInvitation(t.Context(), binod.Account(), old)
	wantKind(t, "AcceptInvitation by the older mail", err, fault.NotFound)
	if err := s.RevokeInvitation(t.Context(), asha.Account(), id); err != nil {
		t.Fatalf("RevokeInvitation = %v", err)
	}
	_, err = s.AcceptInvitation(t.Context(), binod.Account(), l.Token)
	wantKind(t, "AcceptInvitation after it was revoked", err, fault.NotFound)
	_, err = s.IssueInvitation(t.Context(), asha.AccountID, id, false)
	wantKind(t, "IssueInvitation after it was revoked", err, fault.NotFound)
	again := invite(t, s, asha, binod.Email, "manager", nil)
	exec(t, db, `update invitations set expires_at = now() - interval '1 second'`)
	_, err = s.AcceptInvitation(t.Context(), binod.Account(), again)
	wantKind(t, "AcceptInvitation too late", err, fault.NotFound)
	invite(t, s, asha, binod.Email, "manager", nil) // the expired one makes room
}

func memberID(t *testing.T, db *pgtest.DB, u *pgtest.User) uuid.UUID {
	t.Helper()
	return one[uuid.UUID](t, db, `select id from members where account_id = $1 and user_id = $2`, u.AccountID, u.UserID)
}

func TestRemoveMemberAtOnce(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha, binod := db.User(t, "Asha"), db.User(t, "Binod")
	manager := db.Member(t, asha, &asha.BusinessID, "manager")
	inviteBack := invite(t, s, asha, manager.Email, "accountant", nil) // another one, into the whole account, stays
	if _, err := person(t.Context(), db, manager.Caller); err != nil { // the session is open and has been seen
		t.Fatal(err)
	}
	id := memberID(t, db, manager)
	for who, c := range map[string]postgres.Caller{"another owner": binod.Account(), "a member": manager.Account()} {
		if err := s.RemoveMember(t.Context(), c, id); err == nil {
			t.Errorf("RemoveMember by %s worked", who)
		}
		if err := s.ChangeRole(t.Context(), c, id, "counter"); err == nil {
			t.Errorf("ChangeRole by %s worked", who)
		}
	}
	if err := s.ChangeRole(t.Context(), asha.Account(), id, "counter"); err != nil {
		t.Fatalf("ChangeRole = %v", err)
	}
	if p, err := person(t.Context(), db, manager.Caller); err != nil || p.Role != "counter" {
		t.Errorf("the role on the open session is %q, %v, want counter", p.Role, err)
	}
	wantKind(t, "ChangeRole to owner of one business", s.ChangeRole(t.Context(), asha.Account(), id, "owner"),
		fault.Invalid)
	if err := s.RemoveMember(t.Context(), asha.Account(), id); err != nil {
		t.Fatalf("RemoveMember = %v", err)
	}
	_, err := person(t.Context(), db, manager.Caller)
	wantKind(t, "the removed member's open session", err, fault.NotFound)
	if p, err := person(t.Context(), db, manager.Account()); err != nil || p.Role != "" || p.AccountID != uuid.Nil ||
		len(p.Businesses) != 0 {
		t.Errorf("the removed member at account level: %+v, %v, want nothing", p, err)
	}
	wantKind(t, "RemoveMember again", s.RemoveMember(t.Context(), asha.Account(), id), fault.NotFound)
	if _, err := s.InvitationByToken(t.Context(), inviteBack); err != nil {
		t.Errorf("an invitation into the whole account = %v, want it to stay", err)
	}
}

func TestRemovedMemberCannotComeBack(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha := db.User(t, "Asha")
	partner := db.Member(t, asha, nil, "owner")
	planted := invite(t, s, &pgtest.User{AccountID: asha.AccountID, Caller: partner.Caller}, "other@example.com",
		"owner", nil)
	if err := s.RemoveMember(t.Context(), asha.Account(), memberID(t, db, partner)); err != nil {
		t.Fatalf("RemoveMember = %v", err)
	}
	_, err := s.InvitationByToken(t.Context(), planted)
	wantKind(t, "an invitation that the removed owner had sent", err, fault.NotFound)
}

// An owner who is one no more leaves no way back behind: neither at once nor when the member goes later.
func TestFormerOwnerCannotComeBack(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha := db.User(t, "Asha")
	for _, end := range []string{"demoted", "leaves", "demoted and removed"} {
		partner := db.Member(t, asha, nil, "owner")
		planted := invite(t, s, &pgtest.User{AccountID: asha.AccountID, Caller: partner.Caller}, "sock@example.com",
			"owner", nil)
		id := memberID(t, db, partner)
		if end != "leaves" {
			if err := s.ChangeRole(t.Context(), asha.Account(), id, "manager"); err != nil {
				t.Fatalf("ChangeRole = %v", err)
			}
		}
		switch end {
		case "leaves":
			if err := s.LeaveTeam(t.Context(), partner.Account(), id); err != nil {
				t.Fatalf("LeaveTeam = %v", err)
			}
		case "demoted and removed":
			if err := s.RemoveMember(t.Context(), asha.Account(), id); err != nil {
				t.Fatalf("RemoveMember = %v", err)
			}
		}
		_, err := s.InvitationByToken(t.Context(), planted)
		wantKind(t, end+": an invitation that the former owner had sent", err, fault.NotFound)
		exec(t, db, `delete from invitations`)
	}
}

func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha := db.User(t, "Asha")
	id := memberID(t, db, asha)
	wantKind(t, "RemoveMember of the last owner", s.RemoveMember(t.Context(), asha.Account(), id), fault.Conflict)
	wantKind(t, "ChangeRole of the last owner", s.ChangeRole(t.Context(), asha.Account(), id, "manager"),
		fault.Conflict)
	for range 10 {
		partner := db.Member(t, asha, nil, "owner")
		both := []struct {
			c postgres.Caller
			m uuid.UUID
		}{{asha.Account(), memberID(t, db, partner)}, {partner.Account(), memberID(t, db, asha)}}
		var wg sync.WaitGroup
		for _, b := range both { // each removes the other at the same time
			wg.Go(func() {
				if err := s.RemoveMember(t.Context(), b.c, b.m); err != nil && !fault.Is(err, fault.Forbidden) {
					t.Errorf("RemoveMember = %v, want nil or Forbidden", err)
				}
			})
		}
		wg.Wait()
		owners := one[int](t, db, `select count(*) from members where account_id = $1 and role = 'owner'`,
			asha.AccountID)
		if owners != 1 {
			t.Fatalf("%d owners after two removed each other, want 1", owners)
		}
		if one[int](t, db, `select count(*) from members where user_id = $1`, asha.UserID) == 0 {
			asha = partner
		}
	}
}

// SQL injected as tijori_app meets the same locks.
func TestMembersCannotBeWrittenPastTheFunctions(t *testing.T) {
	t.Parallel()
	_, db := setup(t)
	asha := db.User(t, "Asha")
	for _, sql := range []string{
		`delete from members`, `update members set role = 'owner'`, `update invitations set token_hash = null`,
		`select token_hash from invitations`,
		`select * from users`, `select * from signups`, `select * from recoveries`, `select * from throttles`,
		`select * from credentials`, `select * from tijori_river.river_job`,
		`select tijori_access.accept_invitation('\x00', gen_random_uuid(), gen_random_uuid())`,
		`select tijori_access.lock_member(gen_random_uuid())`,
		`select tijori_access.issue_invitation(gen_random_uuid(), gen_random_uuid(), '\x00', false)`,
		`insert into members (account_id, id, user_id, role)
			values (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'owner')`,
	} {
		err := db.As(t.Context(), asha.Account(), func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(), sql)
			return err
		})
		wantKind(t, sql, err, fault.Forbidden)
	}
}
