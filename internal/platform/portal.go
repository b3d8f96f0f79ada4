package platform

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/strictjson"
	"github.com/tijorihq/tijori/internal/term"
)

// The pages of ours to which a customer of an app is led, by a token in the address. Package web serves them.
const PortalPath = "/portal"

// PortalPrefix begins the tokens of links to the portal, and of its sessions.
const PortalPrefix = "tj_pl_"

var errNoLink = fault.New(fault.NotFound, "This link has ended or was used. Go back and ask for another.")

// A Link leads a customer of an app to a page of ours.
type Link struct {
	URL       string // from the path on
	ExpiresAt time.Time
}

// MakePortalLink makes a link by which the customer whom the holder names opens, once, a page of ours with what they
// have bought. back is where that page leads back to, on one of the app's origins.
func (s *Service) MakePortalLink(ctx context.Context, h postgres.Holder, back string) (l Link, err error) {
	p, err := s.Payer(ctx, h, WriteBilling, back)
	if err != nil {
		return l, err
	}
	token, hash, err := newToken()
	if err != nil {
		return l, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return l, err
	}
	err = s.db.WriteHeld(ctx, p.App.ID, h, func(b *pgx.Batch) {
		b.Queue(`select tijori_access.make_portal_link($1, $2, $3, $4)`, id, hash[:], back,
			int(term.PortalLink/time.Second)).QueryRow(func(row pgx.Row) error { return row.Scan(&l.ExpiresAt) })
	})
	l.URL = PortalPath + "/" + token
	return l, told(err)
}

func newToken() (token string, hash [32]byte, err error) {
	if token, err = secret(PortalPrefix); err != nil {
		return "", hash, err
	}
	return token, Hash(token), nil
}

// A Pending is what a link leads to before it is used: whose app it is of, and nothing of the customer.
type Pending struct {
	Purse
	AppName  string
	Back     string
	Checkout uuid.UUID // that is to be paid
}

// PendingLink says what a link of the portal leads to. NotFound, in the same words, for one that was used, has ended or
// never was.
func (s *Service) PendingLink(ctx context.Context, token string) (Pending, error) {
	return s.pending(ctx, token, "link")
}

// PayLink says what a link to pay leads to. NotFound likewise.
func (s *Service) PayLink(ctx context.Context, token string) (Pending, error) {
	return s.pending(ctx, token, "pay")
}

func (s *Service) pending(ctx context.Context, token, kind string) (p Pending, err error) {
	var id, name string
	err = s.db.ReadHeld(ctx, "", postgres.Holder{Credential: Hash(token)}, func(b *pgx.Batch) {
		b.Queue(`select l.app_id, l.app_name, l.account, l.name, l.back, coalesce(l.checkout, $2)
			  from tijori_access.pending_link($1) l`, kind, uuid.Nil).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if err := rows.Scan(&id, &p.AppName, &p.Account, &name, &p.Back, &p.Checkout); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	})
	if err != nil {
		return p, err
	}
	if p.App = s.apps[id]; p.App == nil || p.App.Billing == nil {
		return Pending{}, errNoLink
	}
	p.Payer = billing.CustomerOf(p.Account, name, "", p.Back)
	return p, nil
}

// OpenPortal uses a link up and returns the token of a session of its own kind, which opens the portal of one customer
// for a short time and nothing else. NotFound for a link that was used, has ended or never was.
func (s *Service) OpenPortal(ctx context.Context, link string) (session string, err error) {
	session, hash, err := newToken()
	if err != nil {
		return "", err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	var opened bool
	err = s.db.WriteHeld(ctx, "", postgres.Holder{Credential: Hash(link)}, func(b *pgx.Batch) {
		b.Queue(`select tijori_access.open_portal($1, $2, $3)`, id, hash[:], int(term.PortalSession/time.Second)).
			QueryRow(func(row pgx.Row) error { return row.Scan(&opened) })
	})
	if err == nil && !opened {
		err = errNoLink
	}
	return session, err
}

// A Portal is what the page of one customer shows.
type Portal struct {
	Purse
	AppName   string
	Back      string
	ExpiresAt time.Time
	State     struct {
		Plan     string     `json:"plan"`
		Status   string     `json:"status"`
		Interval string     `json:"interval"`
		Provider string     `json:"provider"`
		Until    *time.Time `json:"until"`
		EndsAt   *time.Time `json:"ends_at"`
		Meters   []struct {
			Meter   string `json:"meter"`
			Balance int64  `json:"balance"`
		} `json:"meters"`
	}
}

// PortalOf is whose page a session opens, and what they have. leads is where the customer goes from a provider's page.
// NotFound for a session that has ended, was left or never was.
func (s *Service) PortalOf(ctx context.Context, session, leads string) (p Portal, err error) {
	var id, name, email string
	var state json.RawMessage
	err = s.db.ReadHeld(ctx, "", postgres.Holder{Credential: Hash(session)}, func(b *pgx.Batch) {
		b.Queue(`select l.app_id, l.app_name, l.account, l.name, l.email, l.back, l.expires_at, l.state
			  from tijori_plans.portal() l`).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if err := rows.Scan(&id, &p.AppName, &p.Account, &name, &email, &p.Back, &p.ExpiresAt,
					&state); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	})
	if err != nil {
		return p, err
	}
	if p.App = s.apps[id]; p.App == nil || p.App.Billing == nil {
		return Portal{}, errNoLink
	}
	if err := strictjson.DecodeOpen(state, &p.State); err != nil {
		return p, err
	}
	p.Payer = billing.CustomerOf(p.Account, name, email, leads)
	return p, nil
}

// LeavePortal ends a session.
func (s *Service) LeavePortal(ctx context.Context, session string) error {
	return s.db.WriteHeld(ctx, "", postgres.Holder{Credential: Hash(session)}, func(b *pgx.Batch) {
		b.Queue(`select tijori_access.leave_portal()`)
	})
}
