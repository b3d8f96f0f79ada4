// Package demo fills a demonstration account through the same doors that users
// use: it signs up, buys a plan, invites a member for the counter and writes a year of
// entries. It exists for development set-ups; production never calls it.
package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/role"
)

// Who can sign in to the demonstration account. It exists on a development
// machine only, so the password is no secret.
const (
	OwnerEmail   = "asha@demo.example"
	CounterEmail = "chhotu@demo.example"
	Password     = "demonstration"
)

// A Shop fills the demonstration account.
type Shop struct {
	DB       *postgres.DB
	Accounts *account.Service
	// buys a plan for the caller's account and waits for it
	Buy func(context.Context, postgres.Caller) (Room, error)
	Now func() time.Time // the service clock
}

// Room is what the plan holds that was bought; 0 is without limit.
type Room struct{ Parties, People int }

// The demonstration is made for a plan with this much room. In a smaller one there is less of it.
var (
	WantsParties = len(people) + len(peopleAtStation)
	WantsPeople  = 2
)

// within returns as many of a list as there is room for, and the room that is left.
func within(list []person, room Room) ([]person, Room) {
	if room.Parties == 0 || len(list) < room.Parties {
		if room.Parties > 0 {
			room.Parties -= len(list)
		}
		return list, room
	}
	list, room.Parties = list[:room.Parties], -1
	return list, room
}

// Filled is what a visit to the account finds.
type Filled struct {
	Parties, Entries int
	New              bool // filled by this call
}

var device = account.Device{UserAgent: "tijori demo", Network: "127.0.0.1"}

// Fill makes the account, or finds it as an earlier call left it. A call that
// was broken off is completed by the next one: every id follows from the
// account's own, so nothing is written twice.
func (s Shop) Fill(ctx context.Context) (f Filled, err error) {
	session, err := s.Accounts.SignIn(ctx, OwnerEmail, Password, device, "")
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Unauthorized) {
		f.New = true
		session, err = s.open(ctx)
	}
	if err != nil {
		return f, err
	}
	owner := postgres.Caller{Credential: account.Hash(session.Token)}
	defer func() { err = errors.Join(err, s.Accounts.SignOut(ctx, session.Token)) }()
	main, err := s.firstBusiness(ctx, owner)
	if err != nil {
		return f, err
	}
	room, err := s.Buy(ctx, owner)
	if err != nil {
		return f, fmt.Errorf("buy a plan: %w", err)
	}
	counter := room.People == 0 || room.People >= WantsPeople
	second := derive(main, "second shop")
	if err := s.Accounts.AddBusiness(ctx, owner, second, "Ganesh Kirana, Station Road", "INR"); err != nil {
		return f, err
	}
	for _, shop := range []struct {
		business uuid.UUID
		people   []person
	}{{main, people}, {second, peopleAtStation}} {
		caller := owner
		caller.Business = shop.business
		var list []person
		if room.Parties >= 0 {
			list, room = within(shop.people, room)
		}
		n, err := s.fillBook(ctx, caller, list)
		if err != nil {
			return f, err
		}
		f.Parties += len(list)
		f.Entries += n
	}
	if !counter {
		return f, nil
	}
	return f, s.hireCounter(ctx, owner, main)
}

// open signs the owner up and opens the link, which the mail would bring.
func (s Shop) open(ctx context.Context) (account.Session, error) {
	err := s.Accounts.SignUp(ctx, account.SignUpForm{
		Name: "Asha Gupta", Email: OwnerEmail, BusinessName: "श्री गणेश किराना स्टोर", Locale: "en",
		Currency: "INR", Network: device.Network,
	})
	if err != nil {
		return account.Session{}, err
	}
	var id uuid.UUID
	err = s.DB.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select id from signups where email = $1 order by created_at desc limit 1`,
			OwnerEmail).Scan(&id)
	})
	if err != nil {
		return account.Session{}, fmt.Errorf("find the sign-up: %w", err)
	}
	// The worker that mails the link may make another one at the same moment; the last one made counts.
	for range 5 {
		letter, err := s.Accounts.IssueSignUp(ctx, id)
		if err != nil {
			return account.Session{}, err
		}
		session, err := s.Accounts.ConfirmSignUp(ctx, letter.Token, Password, device)
		if !fault.Is(err, fault.NotFound) {
			return session, err
		}
	}
	return account.Session{}, errors.New("the sign-up's link was replaced five times")
}

func (s Shop) firstBusiness(ctx context.Context, owner postgres.Caller) (id uuid.UUID, err error) {
	err = s.DB.As(ctx, owner, func(tx *postgres.Tx) error {
		return tx.QueryRow(ctx,
			`select id from tijori.businesses
				where account_id = $1 order by created_at, id limit 1`, tx.Scope.AccountID).Scan(&id)
	})
	if err != nil {
		return id, fmt.Errorf("find the first business: %w", err)
	}
	return id, nil
}

// fillBook writes the parties and their entries, many in one transaction.
func (s Shop) fillBook(ctx context.Context, caller postgres.Caller, list []person) (n int, err error) {
	today, err := ledger.Today(s.Now(), "Asia/Kolkata")
	if err != nil {
		return 0, err
	}
	for i, p := range list {
		party := derive(caller.Business, "party "+p.name)
		err := s.DB.As(ctx, caller, func(tx *postgres.Tx) error {
			if _, err := ledger.AddParty(ctx, tx, party, ledger.PartyFields{
				Kind: p.kind, Name: p.name, Phone: p.phone,
				Note: p.note,
			}); err != nil {
				return fmt.Errorf("party %s: %w", p.name, err)
			}
			for j, e := range p.year(int64(i), today) {
				if _, err := ledger.AddEntry(ctx, tx, derive(party, fmt.Sprint("entry ", j)), party, e); err != nil {
					return fmt.Errorf("entry of %s: %w", p.name, err)
				}
				n++
			}
			return nil
		})
		if fault.Is(err, fault.Conflict) { // filled on an earlier day, with other dates
			continue
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// hireCounter invites the counter staff into the first shop and lets him accept, once.
func (s Shop) hireCounter(ctx context.Context, owner postgres.Caller, business uuid.UUID) error {
	if _, err := s.Accounts.SignIn(ctx, CounterEmail, Password, device, ""); err == nil {
		return nil
	}
	id := derive(business, "invitation")
	err := s.Accounts.Invite(ctx, owner, id, CounterEmail, role.Counter, &business)
	if err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	var accountID uuid.UUID
	if err := s.DB.As(ctx, owner,
		func(tx *postgres.Tx) error { accountID = tx.Scope.AccountID; return nil }); err != nil {
		return err
	}
	for range 5 {
		letter, err := s.Accounts.IssueInvitation(ctx, accountID, id, false)
		if err != nil {
			return err
		}
		_, err = s.Accounts.SignUpByInvitation(ctx, letter.Token, "Chhotu", Password, "hi", device)
		if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return errors.New("the invitation's link was replaced five times")
}

// derive makes an id that follows from another: the same at every call.
func derive(from uuid.UUID, what string) uuid.UUID { return uuid.NewSHA1(from, []byte(what)) }
