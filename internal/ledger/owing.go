package ledger

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// An Owing is a party that owes, and when it was last reminded.
type Owing struct {
	PartyID  uuid.UUID
	Name     string
	Phone    string
	Balance  int64     // positive
	Since    time.Time // business date of the oldest unpaid Given entry
	Reminded *Reminder // the newest one, nil when there is none
}

// An OwingList is a page of those who have owed for some time, the longest first, with the sums of all of them.
type OwingList struct {
	Parties int
	Total   int64
	Rows    []Owing
	Next    Cursor // "" on the last page
}

type owingCursor struct {
	Since time.Time
	ID    uuid.UUID
}

// QueueOwing puts a page of the living parties that have owed since a day or longer into a batch of postgres.Read,
// and fills list when it is answered. The cursor must have passed CheckOwing. A counter sees no party here.
func QueueOwing(s postgres.Scope, b *pgx.Batch, until time.Time, after Cursor, list *OwingList) {
	*list = OwingList{}
	c := owingCursor{Since: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}
	if after != "" && after.read(&c) != nil {
		return
	}
	b.Queue(owingTotalsSQL, s.AccountID, s.BusinessID, day(until)).QueryRow(func(row pgx.Row) error {
		return row.Scan(&list.Parties, &list.Total)
	})
	b.Queue(owingSQL, s.AccountID, s.BusinessID, day(until), day(c.Since), c.ID, PageSize+1).Query(list.scan)
}

// CheckOwing returns the Invalid fault of a cursor that is none.
func CheckOwing(after Cursor) error {
	var c owingCursor
	if after == "" {
		return nil
	}
	if err := after.read(&c); err != nil {
		return err
	}
	if y := c.Since.Year(); y < 2000 || y > 2100 {
		return errCursor
	}
	return nil
}

func (l *OwingList) scan(rows pgx.Rows) error {
	for rows.Next() {
		var o Owing
		var balance *int64
		var channel, by *string
		var at *time.Time
		if err := rows.Scan(&o.PartyID, &o.Name, &o.Phone, &o.Balance, &o.Since, &balance, &channel, &by,
			&at); err != nil {
			return err
		}
		if at != nil {
			o.Reminded = &Reminder{PartyID: o.PartyID, Balance: *balance, Channel: *channel, ByName: *by, At: *at}
		}
		if len(l.Rows) == PageSize {
			last := l.Rows[PageSize-1]
			l.Next = cursorOf(owingCursor{last.Since, last.PartyID})
			continue
		}
		l.Rows = append(l.Rows, o)
	}
	return rows.Err()
}
