package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/postgres"
)

// A Happening is one change of a party or of one of its entries. Exactly one of
// Party and Entry is filled.
type Happening struct {
	SubjectID uuid.UUID
	Party     *Change[PartyFields]
	Entry     *Change[EntryFields]
}

// A Timeline is one page of what happened to a party and its entries, newest first.
type Timeline struct {
	Items []Happening
	Next  Cursor // "" on the last page
}

type timelineCursor struct {
	At      time.Time
	ID      uuid.UUID
	Version int
}

// timelineSQL is what was added (told by the rows, as the first change found
// them) and what was changed since. Parameters: account, business, party,
// cursor's time, id and version, rows.
const timelineSQL = `
with mine as (
	select e.id, e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode, e.created_by, e.created_at
	from tijori.entries e
	where e.account_id = $1 and e.business_id = $2 and e.party_id = $3 and e.deleted_at is null
	union all
	select e.id, e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode, e.created_by, e.created_at
	from tijori.entries e
	where e.account_id = $1 and e.business_id = $2 and e.party_id = $3 and e.deleted_at is not null
), happened as (
	select 'party' as subject, p.id as subject_id, 1 as version, 'create' as action, p.created_by as by, '' as name,
	    p.created_at as at,
		null::jsonb as before,
		    jsonb_build_object('kind', p.kind, 'name', p.name, 'phone', p.phone, 'note', p.note) as after
	from tijori.parties p
	where p.account_id = $1 and p.business_id = $2 and p.id = $3
	union all
	select 'entry', e.id, 1, 'create', e.created_by, '', e.created_at, null,
		jsonb_build_object('side', e.side, 'amount_minor', e.amount_minor, 'business_date', e.business_date,
		    'note', e.note, 'opening', e.opening,
		    'mode', e.mode)
	from mine e
	union all
	select c.subject, c.subject_id, c.version, c.action, c.changed_by, c.changed_by_name, c.changed_at, c.before,
	    c.after
	from tijori.changes c
	where c.account_id = $1 and c.business_id = $2 and c.subject = 'party' and c.subject_id = $3
	union all
	select c.subject, c.subject_id, c.version, c.action, c.changed_by, c.changed_by_name, c.changed_at, c.before,
	    c.after
	from mine e
	join tijori.changes c on c.account_id = $1 and c.business_id = $2 and c.subject = 'entry' and c.subject_id = e.id
), page as (
	select * from happened h
	where $4::timestamptz is null or (h.at, h.subject_id, h.version) < ($4::timestamptz, $5::uuid, $6::int)
	order by h.at desc, h.subject_id desc, h.version desc
	limit $7
)
select p.subject, p.subject_id, p.version, p.action, p.by, coalesce(nullif(p.name, ''), n.name, ''), p.at, p.before,
	case p.version when 1 then coalesce((
		select c.before from tijori.changes c
		where c.account_id = $1 and c.business_id = $2 and c.subject = p.subject and c.subject_id = p.subject_id
		    and c.version = 2), p.after)
	else p.after end
from page p
left join tijori_access.colleagues() n on n.user_id = p.by
order by p.at desc, p.subject_id desc, p.version desc`

// PartyTimeline returns one page of what happened to a party and to its
// entries, also when the party is in the bin. A missing party is a NotFound fault.
// Not for counters.
func PartyTimeline(ctx context.Context, tx *postgres.Tx, party uuid.UUID, after Cursor) (Timeline, error) {
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return Timeline{}, err
	}
	var c timelineCursor
	var at *time.Time
	if after != "" {
		if err := after.read(&c); err != nil {
			return Timeline{}, err
		}
		at = &c.At
	}
	rows, err := tx.Query(ctx, timelineSQL, tx.Scope.AccountID, tx.Scope.BusinessID, party, at, c.ID, c.Version,
		PageSize+1)
	if err != nil {
		return Timeline{}, fmt.Errorf("timeline of party %s: %w", party, err)
	}
	defer rows.Close()
	var t Timeline
	for rows.Next() {
		var subject, action, name string
		var id, by uuid.UUID
		var version int
		var when time.Time
		var before, after []byte
		if err := rows.Scan(&subject, &id, &version, &action, &by, &name, &when, &before, &after); err != nil {
			return Timeline{}, fmt.Errorf("timeline of party %s: %w", party, err)
		}
		if len(t.Items) == PageSize {
			t.Next = cursorOf(c)
			continue
		}
		h := Happening{SubjectID: id}
		if subject == "party" {
			h.Party, err = change(version, action, by, name, when, before, after, partyState.fields)
		} else {
			h.Entry, err = change(version, action, by, name, when, before, after, entryState.fields)
		}
		if err != nil {
			return Timeline{}, fmt.Errorf("timeline of party %s: %w", party, err)
		}
		t.Items = append(t.Items, h)
		c = timelineCursor{when, id, version}
	}
	if err := rows.Err(); err != nil {
		return Timeline{}, fmt.Errorf("timeline of party %s: %w", party, err)
	}
	if len(t.Items) == 0 && after == "" {
		return Timeline{}, errNoParty
	}
	return t, nil
}

func change[State, Fields any](version int, action string, by uuid.UUID, name string, at time.Time, before,
	after []byte, fields func(State) (Fields, error),
) (*Change[Fields], error) {
	c := &Change[Fields]{Version: version, Action: action, By: by, ByName: name, At: at}
	for _, side := range []struct {
		text []byte
		to   *Fields
	}{{before, &c.Before}, {after, &c.After}} {
		if side.text == nil {
			continue
		}
		var state State
		err := json.Unmarshal(side.text, &state)
		if err == nil {
			*side.to, err = fields(state)
		}
		if err != nil {
			return nil, err
		}
	}
	return c, nil
}
