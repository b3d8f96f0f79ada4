package account

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// A NoticeLetter tells somebody what happened. Actor is the address of who did it, "" when that is the reader, or
// nobody who is known.
type NoticeLetter struct {
	To, Locale         string
	Event              Event
	Actor              string
	Network, UserAgent string
	At                 time.Time
}

// SweepNotices writes wrong passwords into the log, and enqueues a mail for every notice that waits for one. Notices
// are written in the transaction of what they tell, by whichever role: whatever was done is told.
func (s *Service) SweepNotices(ctx context.Context) (n int, err error) {
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.log_failures()`)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("log wrong passwords: %w", err)
	}
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			update notices set queued_at = now()
			 where id in (select id from notices where queued_at is null order by created_at limit 200
			                 for update skip locked)
			returning id`)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			return err
		}
		for _, id := range list {
			if err := s.enqueue(ctx, tx, NoticeMail{Notice: id}); err != nil {
				return err
			}
		}
		n = len(list)
		return nil
	})
	return n, err
}

// NoticeByID is the letter of a notice; NotFound when it was sent, or its reader is gone.
func (s *Service) NoticeByID(ctx context.Context, id uuid.UUID) (l NoticeLetter, err error) {
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			select u.email, u.locale, n.kind, coalesce(a.email, ''), n.network, n.user_agent, n.created_at
			  from notices n
			  join users u on u.id = n.user_id
			  left join users a on a.id = n.actor_id and a.id <> u.id
			 where n.id = $1`, id).
			Scan(&l.To, &l.Locale, &l.Event, &l.Actor, &l.Network, &l.UserAgent, &l.At)
	})
	return l, nothingToSend(err)
}

// NoticeSent forgets a notice whose letter is out.
func (s *Service) NoticeSent(ctx context.Context, id uuid.UUID) error {
	return s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `delete from notices where id = $1`, id)
		return err
	})
}
