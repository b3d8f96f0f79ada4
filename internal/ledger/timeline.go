package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/term"
)

// A Happening is one change of a party or of one of its entries, or a merge with another party. Exactly one of Party,
// Entry and Merge is filled.
type Happening struct {
	SubjectID uuid.UUID
	Party     *Change[PartyFields]
	Entry     *Change[EntryFields]
	Merge     *Merged
	From, To  string // of an entry that was moved: the names of the parties
}

// Merged is a merge with another party, or its undoing.
type Merged struct {
	Other   string // the name of the other party
	Into    bool   // this party was merged into the other
	Entries int    // how many were moved
	Undone  bool   // this is the undoing
	CanUndo bool
	ByName  string
	At      time.Time
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
// them) and what was changed since. A merge and its undoing are a line each, and the entries that they moved are none.
// Parameters: account, business, party, cursor's time, id and version, rows, how long a merge can be undone.
const timelineSQL = `
with mine as (
	select e.id, e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode, e.cheque_date, e.cheque_state,
	    e.created_by, e.created_at
	from tijori.entries e
	where e.account_id = $1 and e.business_id = $2 and e.party_id = $3 and e.deleted_at is null
	union all
	select e.id, e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode, e.cheque_date, e.cheque_state,
	    e.created_by, e.created_at
	from tijori.entries e
	where e.account_id = $1 and e.business_id = $2 and e.party_id = $3 and e.deleted_at is not null
), gone as (
	select c.* from tijori.changes c
	where c.account_id = $1 and c.business_id = $2 and c.from_party = $3
	union all
	select c.* from tijori.changes c
	where c.account_id = $1 and c.business_id = $2 and c.to_party = $3
), pair as (
	select m.* from tijori.merges m where m.account_id = $1 and m.business_id = $2 and m.from_party = $3
	union all
	select m.* from tijori.merges m where m.account_id = $1 and m.business_id = $2 and m.into_party = $3
), merged as (
	select m.id, 1 as version, m.created_by as by, m.created_by_name as name, m.created_at as at, m.from_party,
		m.into_party, m.from_party as moved_from, m.into_party as moved_to,
		m.undone_at is null and m.created_at > now() - $8::interval as can_undo
	from pair m
	union all
	select m.id, 2, m.undone_by, '', m.undone_at, m.from_party, m.into_party, m.into_party, m.from_party, false
	from pair m where m.undone_at is not null
), happened as (
	select 'party' as subject, p.id as subject_id, 1 as version, 'create' as action, p.created_by as by, '' as name,
	    p.created_at as at,
		null::jsonb as before,
		    jsonb_build_object('kind', p.kind, 'name', p.name, 'phone', p.phone, 'note', p.note) as after,
		null::uuid as from_party, null::uuid as to_party, 0::bigint as entries, false as can_undo
	from tijori.parties p
	where p.account_id = $1 and p.business_id = $2 and p.id = $3
	union all
	select 'entry', e.id, 1, 'create', e.created_by, '', e.created_at, null,
		jsonb_build_object('side', e.side, 'amount_minor', e.amount_minor, 'business_date', e.business_date,
		    'note', e.note, 'opening', e.opening,
		    'mode', e.mode, 'cheque_date', e.cheque_date, 'cheque_state', e.cheque_state), null, null, 0, false
	from mine e
	union all
	select c.subject, c.subject_id, c.version, c.action, c.changed_by, c.changed_by_name, c.changed_at, c.before,
	    c.after, null, null, 0, false
	from tijori.changes c
	where c.account_id = $1 and c.business_id = $2 and c.subject = 'party' and c.subject_id = $3
	union all
	select c.subject, c.subject_id, c.version, c.action, c.changed_by, c.changed_by_name, c.changed_at, c.before,
	    c.after, c.from_party, c.to_party, 0, false
	from mine e
	join tijori.changes c on c.account_id = $1 and c.business_id = $2 and c.subject = 'entry' and c.subject_id = e.id
	where c.action <> 'move'
		or $3 in (c.from_party, c.to_party) and not exists (select 1 from merged m where m.at = c.changed_at)
	union all
	select c.subject, c.subject_id, c.version, c.action, c.changed_by, c.changed_by_name, c.changed_at, c.before,
	    c.after, c.from_party, c.to_party, 0, false
	from gone c
	where not exists (select 1 from merged m where m.at = c.changed_at)
		and not exists (select 1 from mine e where e.id = c.subject_id)
	union all
	select 'merge', m.id, m.version, 'merge', m.by, m.name, m.at, null, null, m.from_party, m.into_party,
		(select count(*) from tijori.changes c
			where c.account_id = $1 and c.business_id = $2 and c.from_party = m.moved_from and c.to_party = m.moved_to
				and c.changed_at = m.at), m.can_undo
	from merged m
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
	else p.after end,
	coalesce(f.name, ''), coalesce(t.name, ''), p.from_party is not distinct from $3, p.entries, p.can_undo
from page p
left join tijori.parties f on f.account_id = $1 and f.business_id = $2 and f.id = p.from_party
left join tijori.parties t on t.account_id = $1 and t.business_id = $2 and t.id = p.to_party
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
		PageSize+1, term.MergeUndo)
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
		var from, to string
		var away, canUndo bool
		var entries int
		if err := rows.Scan(&subject, &id, &version, &action, &by, &name, &when, &before, &after, &from, &to, &away,
			&entries, &canUndo); err != nil {
			return Timeline{}, fmt.Errorf("timeline of party %s: %w", party, err)
		}
		if len(t.Items) == PageSize {
			t.Next = cursorOf(c)
			continue
		}
		h := Happening{SubjectID: id}
		switch subject {
		case "merge":
			h.Merge = &Merged{
				Other: from, Into: away, Entries: entries, Undone: version > 1, CanUndo: canUndo,
				ByName: name, At: when,
			}
			if away {
				h.Merge.Other = to
			}
		case "party":
			h.Party, err = change(version, action, by, name, when, before, after, partyState.fields)
		default:
			h.From, h.To = from, to
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
