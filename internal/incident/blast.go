package incident

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
)

// A Question asks who saw what in a span of time. At least one of the first four is set.
type Question struct {
	Account  uuid.UUID // whose data, or who looked
	User     uuid.UUID // who looked
	Object   string    // what was looked at
	Route    string    // as routes are written, such as GET /billing/invoices/{provider}/{invoice}
	Release  string    // which program answered; "" for all
	From, To time.Time
}

// A Sight is what one caller saw of one object through one route of one release.
type Sight struct {
	UserID   uuid.UUID `json:"user,omitzero"`    // zero for a stranger
	KeyID    uuid.UUID `json:"api_key,omitzero"` // of a program
	Account  uuid.UUID `json:"account,omitzero"` // that the caller was in
	Operator bool      `json:"operator,omitempty"`
	Route    string    `json:"route"`
	Object   string    `json:"object,omitempty"`
	Release  string    `json:"release"`
	Owner    uuid.UUID `json:"owner,omitzero"` // the account whose object it is; zero where that is not known
	Kind     string    `json:"kind,omitempty"` // of object: party, entry, business, account, invoice
	Foreign  bool      `json:"foreign"`        // the object is of another account than the caller's
	Times    int       `json:"times"`
	Rows     int64     `json:"rows"` // that the database answered
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Requests []string  `json:"requests"` // ids of the first twenty
}

// A Radius is the answer to a Question.
type Radius struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Sights   []Sight   `json:"sights"`
	NotKnown []string  `json:"not_known"` // what the log cannot tell, in words
}

// Foreign are the sights of what belongs to others.
func (r Radius) Foreign() []Sight {
	return slices.DeleteFunc(slices.Clone(r.Sights), func(s Sight) bool { return !s.Foreign })
}

const (
	mostSights = 50_000 // lines of an answer
	ownersAt   = 2_000  // objects that are looked up together
	keptDays   = 90     // of allowed requests; see the migration of the access log
)

// Blast answers a question from the access log. That it was asked is logged.
func (s *Service) Blast(ctx context.Context, who string, q Question) (r Radius, err error) {
	if q.Account == uuid.Nil && q.User == uuid.Nil && q.Object == "" && q.Route == "" {
		return r, fault.New(fault.Invalid, "Name an account, a user, an object or a route.")
	}
	if !q.From.Before(q.To) {
		return r, fault.New(fault.Invalid, "The span of time ends before it begins.")
	}
	if err := s.log(ctx, who, "blast", q.String(), ""); err != nil {
		return r, err
	}
	r.From, r.To = q.From, q.To
	if err := s.sights(ctx, q, &r); err != nil {
		return r, fmt.Errorf("read the access log: %w", err)
	}
	slices.SortFunc(r.Sights, func(a, b Sight) int {
		if a.Foreign != b.Foreign {
			if a.Foreign {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(a.Owner.String(), b.Owner.String()), a.First.Compare(b.First))
	})
	if err := s.notKnown(ctx, q, &r); err != nil {
		return r, fmt.Errorf("read the access log: %w", err)
	}
	return r, nil
}

// String names what is asked.
func (q Question) String() string {
	var parts []string
	for _, p := range []struct{ word, value string }{
		{"account", idText(q.Account)},
		{"user", idText(q.User)},
		{"object", q.Object},
		{"route", q.Route},
		{"release", q.Release},
	} {
		if p.value != "" {
			parts = append(parts, p.word+" "+p.value)
		}
	}
	return strings.Join(parts, ", ") + fmt.Sprintf(", from %s to %s", q.From.UTC().Format(time.RFC3339),
		q.To.UTC().Format(time.RFC3339))
}

func idText(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// log writes a line of the log of incidents.
func (s *Service) log(ctx context.Context, who, act, about, reason string) error {
	err := s.db.AsOperator(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_ops.asked_blast($1, $2, $3, $4)`, who, act, about, reason)
		return err
	})
	if err != nil {
		return fmt.Errorf("write the log of incidents: %w", err)
	}
	return nil
}

var errTooMany = errors.New("too many")

// sights reads the log grouped, and asks whose the objects are a batch at a time: what an account's question keeps is
// what its own people saw, and what others saw of it.
func (s *Service) sights(ctx context.Context, q Question, r *Radius) error {
	var batch []Sight
	flush := func() error {
		if err := s.own(ctx, batch); err != nil {
			return err
		}
		for _, one := range batch {
			if q.Account != uuid.Nil && one.Account != q.Account && one.Owner != q.Account {
				continue
			}
			if len(r.Sights) == mostSights {
				return errTooMany
			}
			r.Sights = append(r.Sights, one)
		}
		batch = batch[:0]
		return nil
	}
	err := pgx.BeginTxFunc(ctx, s.db.Watch, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select coalesce(user_id, `+zeroUUID+`), coalesce(key_id, `+zeroUUID+`),
			    coalesce(account_id, `+zeroUUID+`), operator, route,
			    coalesce(object, business_id::text, ''), release, count(*), sum(rows), min(at), max(at),
			    (array_agg(request_id order by at))[1:20]
			  from tijori.access_log
			 where at >= $1 and at < $2 and verdict = 'allowed'
			   and ($3::uuid is null or user_id = $3) and ($4 = '' or object = $4 or business_id::text = $4)
			   and ($5 = '' or route = $5) and ($6 = '' or release = $6)
			 group by 1, 2, 3, 4, 5, 6, 7`, q.From, q.To, orNull(q.User), q.Object, q.Route, q.Release)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var one Sight
			err := rows.Scan(&one.UserID, &one.KeyID, &one.Account, &one.Operator, &one.Route, &one.Object,
				&one.Release, &one.Times, &one.Rows, &one.First, &one.Last, &one.Requests)
			if err != nil {
				return err
			}
			if batch = append(batch, one); len(batch) == ownersAt {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return rows.Err()
	})
	if err == nil {
		err = flush()
	}
	if errors.Is(err, errTooMany) {
		r.NotKnown = append(r.NotKnown, fmt.Sprintf(
			"there are more than %d lines, and the others are left out: ask for a shorter span", mostSights))
		return nil
	}
	return err
}

// own fills in whose the objects of sights are.
func (s *Service) own(ctx context.Context, list []Sight) error {
	var objects []string
	for _, one := range list {
		if one.Object != "" {
			objects = append(objects, one.Object)
		}
	}
	if len(objects) == 0 {
		return nil
	}
	type owner struct {
		Object  string
		Account uuid.UUID
		Kind    string
	}
	owners := map[string]owner{}
	err := s.db.AsSupport(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select object, account_id, kind from tijori_ops.owners_of($1)`, objects)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[owner])
		for _, o := range found {
			owners[o.Object] = o
		}
		return err
	})
	if err != nil {
		return err
	}
	for i := range list {
		if o, ok := owners[list[i].Object]; ok {
			list[i].Owner, list[i].Kind = o.Account, o.Kind
			list[i].Foreign = !list[i].Operator && o.Account != list[i].Account
		}
	}
	return nil
}

// notKnown says what the log cannot tell of a span of time.
func (s *Service) notKnown(ctx context.Context, q Question, r *Radius) error {
	add := func(format string, args ...any) { r.NotKnown = append(r.NotKnown, fmt.Sprintf(format, args...)) }
	var began *time.Time
	var lost, unnamed, links, strangers int64
	err := pgx.BeginTxFunc(ctx, s.db.Watch, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `select at from tijori.access_log order by at limit 1`).Scan(&began)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return tx.QueryRow(ctx, `
			select coalesce(sum(rows) filter (where verdict = 'lost'), 0),
			    count(*) filter (where verdict = 'allowed' and object is null and business_id is null and rows > 0),
			    count(*) filter (where verdict = 'allowed' and route like '%{token}%'),
			    count(*) filter (where verdict = 'allowed' and user_id is null and key_id is null
			        and route not like '%{token}%' and object is not null)
			  from tijori.access_log where at >= $1 and at < $2`, q.From, q.To).
			Scan(&lost, &unnamed, &links, &strangers)
	})
	if err != nil {
		return err
	}
	switch {
	case began == nil:
		add("the access log is empty: nothing is known")
		return nil
	case q.From.Before(*began):
		add("the access log begins at %s: what was before is not known", began.UTC().Format(time.DateTime+"Z"))
	}
	if end := time.Now().AddDate(0, 0, -keptDays); q.From.Before(end) {
		add("allowed requests are kept for %d days: of those before %s nothing is left", keptDays,
			end.UTC().Format(time.DateOnly))
	}
	if lost > 0 {
		add("%d requests of this span are missing from the log: it could not be written fast enough", lost)
	}
	if unnamed > 0 {
		add("%d requests of this span read rows of no named object (lists, totals, reports, searches): the log knows how "+
			"many rows, not which", unnamed)
	}
	if links > 0 {
		add("%d requests opened links of their own secret: the log does not say which, nor who", links)
	}
	if strangers > 0 {
		add("%d requests named an object and nobody was signed in", strangers)
	}
	if n := len(slices.DeleteFunc(slices.Clone(r.Sights), func(x Sight) bool {
		return x.Object == "" || x.Owner != uuid.Nil
	})); n > 0 {
		add("of %d lines it is not known whose the object is: it was erased, or is of a kind that is not looked up", n)
	}
	add("copies outside of Tijori are not known: what was downloaded, printed, photographed or passed on")
	return nil
}
