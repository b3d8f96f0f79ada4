package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// A PartyName is what everybody in a business, a counter too, may know of a party.
type PartyName struct {
	ID   uuid.UUID
	Kind Kind
	Name string
}

// PartyNames is one page of names to choose from.
type PartyNames struct {
	Rows []PartyName
	Next Cursor // "" on the last page
}

// PartyNamesSQL is a page of names. Parameters: word patterns, cursor's name
// key and id ("" and the zero id for the first page), rows, what was typed. Account
// and business are those of the caller's scope.
const PartyNamesSQL = `
select n.id, n.kind, n.name, n.name_key
from tijori_khata.party_names(null, $1::text[], $5) n
where (n.name_key collate "C", n.id) > ($2::text, $3::uuid)
order by n.name_key collate "C", n.id
limit $4`

// QueuePartyNames puts a page of names into a batch of postgres.Read. A broken
// cursor is the first page.
func QueuePartyNames(b *pgx.Batch, query string, after Cursor, names *PartyNames) {
	*names = PartyNames{}
	b.Queue(PartyNamesSQL, partyNamesArgs(query, after)...).Query(names.scan)
}

func partyNamesArgs(query string, after Cursor) []any {
	var c partyCursor
	if after != "" && after.read(&c) != nil {
		c = partyCursor{}
	}
	words, _ := searchPatterns(query)
	return []any{words, cleanCursorText(c.Name), c.ID, PageSize + 1, heard(query)}
}

func (n *PartyNames) scan(rows pgx.Rows) error {
	*n = PartyNames{}
	var last partyCursor
	for rows.Next() {
		var p PartyName
		var key string
		if err := rows.Scan(&p.ID, &p.Kind, &p.Name, &key); err != nil {
			return err
		}
		if len(n.Rows) == PageSize {
			n.Next = cursorOf(last)
			continue
		}
		n.Rows = append(n.Rows, p)
		last = partyCursor{Name: key, ID: p.ID}
	}
	return rows.Err()
}

// PartyNameByID returns the name of a living party. Every role.
func PartyNameByID(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (PartyName, error) {
	var p PartyName
	err := tx.QueryRow(ctx, `select n.id, n.kind, n.name from tijori_khata.party_names($1) n`,
		id).Scan(&p.ID, &p.Kind, &p.Name)
	if errors.Is(err, pgx.ErrNoRows) {
		return PartyName{}, errNoParty
	}
	if err != nil {
		return PartyName{}, fmt.Errorf("name of party %s: %w", id, err)
	}
	return p, nil
}
