package incident

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Complaint is somebody's "this is not mine": what they were shown, and their words.
type Complaint struct {
	ID         uuid.UUID
	At         time.Time
	Release    string    // that the server ran
	UserID     uuid.UUID // zero for whoever was sent a link, and for a user who is erased
	AccountID  uuid.UUID // the account they were in; of a shared statement, the one whose link it is
	BusinessID uuid.UUID
	Shared     bool   // a shared statement
	Page       string // its path, without the query; of a shared statement never the link
	Object     string // the last id in the path
	RequestID  string // of the page
	Words      string
}

var (
	plainPath   = regexp.MustCompile(`^/[A-Za-z0-9/_.-]{0,299}$`)
	plainObject = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|in_[A-Za-z0-9_]{1,90}|inv_[A-Za-z0-9_]{1,90}`)
	plainID     = regexp.MustCompile(`^[0-9a-f]{1,64}$`)
)

// CleanPage returns the path of a page as it may be kept: no query, no token of a link, nothing that is no path; ""
// for what is none.
func CleanPage(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if !plainPath.MatchString(path) || strings.HasPrefix(path, "/s/") || strings.HasPrefix(path, "//") {
		return ""
	}
	return path
}

// CleanWords returns somebody's words as they are kept. They must be there, so that a slip of the thumb reports nothing.
func CleanWords(words string) (string, error) {
	words = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(words, "")))
	switch n := utf8.RuneCountInString(words); {
	case n == 0:
		return "", fault.InvalidField("words", "Say what you saw that is not yours.")
	case n > 1000:
		return "", fault.InvalidField("words", "Please use at most %d characters.", 1000)
	}
	return words, nil
}

// Complain keeps what the caller of a transaction reports. The same id twice is one report.
func Complain(ctx context.Context, tx *postgres.Tx, id uuid.UUID, release, page, request, words string) error {
	words, err := CleanWords(words)
	if err != nil {
		return err
	}
	page = CleanPage(page)
	var object *string
	if ids := plainObject.FindAllString(page, -1); len(ids) > 0 {
		object = &ids[len(ids)-1]
	}
	_, err = tx.Exec(ctx, `select tijori_ops.complain($1, $2, $3, $4, $5, $6)`, id, firstRunes(release, 100), page,
		object, requestID(request), words)
	if err != nil {
		return fmt.Errorf("keep a report: %w", err)
	}
	return nil
}

// ComplainOfShare keeps what whoever holds a link to a statement reports. NotFound for a link that never was.
func (s *Service) ComplainOfShare(
	ctx context.Context, hash []byte, id uuid.UUID, release, request, words string,
) error {
	words, err := CleanWords(words)
	if err != nil {
		return err
	}
	ours := false
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select tijori_ops.complain_of_share($1, $2, $3, $4, $5)`, hash, id,
			firstRunes(release, 100), requestID(request), words).Scan(&ours)
	})
	if err != nil {
		return fmt.Errorf("keep a report: %w", err)
	}
	if !ours {
		return fault.New(fault.NotFound, "Page not found.")
	}
	return nil
}

func requestID(text string) *string {
	if !plainID.MatchString(text) {
		return nil
	}
	return &text
}

const zeroUUID = `'00000000-0000-0000-0000-000000000000'::uuid`

// Complaints lists what was reported in a span of time.
func (s *Service) Complaints(ctx context.Context, from, to time.Time) (list []Complaint, err error) {
	err = s.db.AsSupport(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select id, at, release, coalesce(user_id, `+zeroUUID+`), coalesce(account_id, `+zeroUUID+`),
			    coalesce(business_id, `+zeroUUID+`), shared, page, coalesce(object, ''), coalesce(request_id, ''), words
			  from tijori_ops.complaints($1, $2)`, from, to)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Complaint])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list reports: %w", err)
	}
	return list, nil
}

// TellComplaints hands what operators do not know of yet to tell, and remembers that they do when it succeeds. It is a
// loop's body; of several nodes one tells.
func (s *Service) TellComplaints(
	ctx context.Context, tell func(context.Context, []Complaint) error,
) (told int, err error) {
	err = s.db.AsOperator(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select id, at, release, coalesce(user_id, `+zeroUUID+`), coalesce(account_id, `+zeroUUID+`),
			    coalesce(business_id, `+zeroUUID+`), shared, page, coalesce(object, ''), coalesce(request_id, ''), words
			  from tijori_ops.untold_complaints()`)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Complaint])
		if err != nil || len(list) == 0 {
			return err
		}
		if err := tell(ctx, list); err != nil {
			return fmt.Errorf("tell %d reports: %w", len(list), err)
		}
		ids := make([]uuid.UUID, len(list))
		for i, c := range list {
			ids[i] = c.ID
		}
		told = len(list)
		_, err = tx.Exec(ctx, `select tijori_ops.tell_complaints($1)`, ids)
		return err
	})
	return told, err
}

// A ReleaseCount says how many reports came while a version ran.
type ReleaseCount struct {
	Release string
	Since   time.Time // its first start since the beginning of the span, zero when it ran before
	Reports int
}

// CountByRelease counts reports by the version that answered: one line for each version that started in the span or
// was reported about, in the order of their starts. So "none since the repair" is a figure.
func CountByRelease(list []Complaint, starts []Release, from time.Time) (counts []ReleaseCount) {
	at := map[string]int{}
	line := func(version string, since time.Time) int {
		i, ok := at[version]
		if !ok {
			i = len(counts)
			at[version] = i
			counts = append(counts, ReleaseCount{Release: version, Since: since})
		}
		return i
	}
	running := true // what started last before the span runs when it begins
	for i := len(starts) - 1; i >= 0; i-- {
		if starts[i].StartedAt.Before(from) {
			continue
		}
		if running && i+1 < len(starts) {
			line(starts[i+1].Version, time.Time{})
		}
		running = false
		line(starts[i].Version, starts[i].StartedAt)
	}
	if running && len(starts) > 0 {
		line(starts[0].Version, time.Time{})
	}
	for _, c := range list {
		counts[line(c.Release, time.Time{})].Reports++
	}
	return counts
}
