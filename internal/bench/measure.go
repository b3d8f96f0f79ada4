package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A sample is what one way of asking took.
type sample struct {
	latencies []time.Duration
	took      time.Duration
	cpu       time.Duration // of the database, where it was measured
}

// cpuEach is the database's processor time for one answer.
func (s *sample) cpuEach() time.Duration {
	if len(s.latencies) == 0 {
		return 0
	}
	return s.cpu / time.Duration(len(s.latencies))
}

func (s *sample) add(t sample) {
	s.latencies = append(s.latencies, t.latencies...)
	s.took += t.took
	s.cpu += t.cpu
}

func (s *sample) perSecond() float64 {
	if s.took == 0 {
		return 0
	}
	return float64(len(s.latencies)) / s.took.Seconds()
}

// percentile returns the latency that a share of the answers did not exceed.
func (s *sample) percentile(share float64) time.Duration {
	if len(s.latencies) == 0 {
		return 0
	}
	slices.Sort(s.latencies)
	return s.latencies[min(len(s.latencies)-1, int(share*float64(len(s.latencies))))]
}

// measureRequests measures every endpoint by HTTP and, by turns, its statements by pgbench.
func (r *run) measureRequests(ctx context.Context, report *report) error {
	const captured = 1
	for _, e := range endpoints {
		r.say("measuring %s", e.name)
		statements, err := r.capture(ctx, e, captured)
		if err != nil {
			return fmt.Errorf("capture %s: %w", e.name, err)
		}
		if e.body == nil {
			if err := r.warm(e); err != nil {
				return err
			}
		}
		script := script(statements, captured, r.Parties)
		report.scripts = append(report.scripts, named{e.name, script})
		for _, clients := range r.Clients {
			line := line{endpoint: e, clients: clients}
			for range r.Rounds {
				s, err := r.load(ctx, clients, r.Round, func() []byte { // each as a random business
					return e.request(1+rand.IntN(r.Businesses), 1+rand.IntN(min(heavy, r.Parties)))
				})
				if err != nil {
					return fmt.Errorf("%s: %w", e.name, err)
				}
				line.http.add(s)
				if s, err = r.runPgbench(ctx, script, postgres.RoleApp, clients, r.Round); err != nil {
					return fmt.Errorf("%s: %w\n%s", e.name, err, script)
				}
				line.pgbench.add(s)
			}
			report.lines = append(report.lines, line)
		}
	}
	return nil
}

// comparisonRoles are the roles that comparisonPolicies makes.
var comparisonRoles = []string{"bench_setting", "bench_free"}

// comparisonPolicies makes a role whose policies believe plain settings, to measure what the look-up
// of the credential costs. It exists in the benchmark's database only.
func (r *run) comparisonPolicies(ctx context.Context) error {
	_, err := r.super.Exec(ctx, `
		do $$ begin create role bench_setting login; exception when duplicate_object then null; end $$;
		grant usage on schema tijori to bench_setting;
		grant select on tijori.parties, tijori.entries, tijori.party_sums to bench_setting;
		create policy parties_select_setting on tijori.parties for select to bench_setting
			using ((account_id, business_id) = (select nullif(current_setting('bench.account', true), '')::uuid,
			    nullif(current_setting('bench.business', true), '')::uuid
				where current_setting('bench.role', true) in ('owner', 'manager', 'accountant')));
		create policy party_sums_select_setting on tijori.party_sums for select to bench_setting
			using ((account_id, business_id) = (select nullif(current_setting('bench.account', true), '')::uuid,
			    nullif(current_setting('bench.business', true), '')::uuid
				where current_setting('bench.role', true) in ('owner', 'manager', 'accountant')));
		create policy entries_select_setting on tijori.entries for select to bench_setting
			using ((account_id, business_id) = (select nullif(current_setting('bench.account', true), '')::uuid,
			    nullif(current_setting('bench.business', true), '')::uuid)
				and ((select current_setting('bench.role', true)) <> 'counter'
				    or created_by = (select nullif(current_setting('bench.user', true), '')::uuid)));
		-- Who has no policies at all goes by the same kind of plan, as a role of its own.
		do $$ begin create role bench_free login bypassrls; exception when duplicate_object then null; end $$;
		grant usage on schema tijori to bench_free;
		grant select on tijori.parties, tijori.entries, tijori.party_sums to bench_free`)
	return err
}

// plainListSQL is what tijori_khata.party_list() asks, for roles that are no caller, where no entry is dated ahead.
// Parameters: account, business, and those of ledger.PartyListSQL.
const plainListSQL = `
with total as (
	select count(*)::int as parties, (count(*) filter (where s.balance > 0))::int as due,
		(count(*) filter (where s.balance < 0))::int as advance,
		coalesce(sum(s.balance) filter (where s.balance > 0), 0)::bigint as get,
		coalesce(-sum(s.balance) filter (where s.balance < 0), 0)::bigint as give
	from tijori.party_sums s where s.account_id = $1 and s.business_id = $2 and s.living
), page as (
	select s.party_id as id, s.balance, s.entries, s.last_date, nullif(s.due_since, date '2100-01-01') as oldest_due
	from tijori.party_sums s
	where s.account_id = $1 and s.business_id = $2 and s.living
		and s.balance >= $3 and (s.balance, s.party_id) < ($4::bigint, $5::uuid)
	order by s.balance desc, s.party_id desc
	limit $6
)
select t.get, t.give, t.parties, t.due, t.advance, null::int,
	p.id, p.kind, p.name, p.name_key, p.phone, p.version, g.balance, g.entries, g.last_date, g.oldest_due, g.balance
from total t
left join (
	page g
	cross join lateral (
		select n.id, n.kind, n.name, n.name_key, n.phone, n.version
		from tijori.parties n
		where n.account_id = $1 and n.business_id = $2 and n.id = g.id
		limit 1
	) p
) on true
order by g.balance desc, g.id desc`

// plainPageSQL is what tijori_khata.party_page() asks, for roles that are no caller. Parameters: account, business, and
// those of ledger.PartyPageSQL.
const plainPageSQL = `
with party as (
	select id, kind, name, phone, note, created_by, created_at, updated_at, deleted_at, version
	from tijori.parties
	where account_id = $1 and business_id = $2 and id = $3 and deleted_at is null
), total as (
	select coalesce(sum(e.amount_minor) filter (where e.side = 'given' and e.business_date <= $7), 0)::bigint as given,
		coalesce(sum(e.amount_minor) filter (where e.side = 'received' and e.business_date <= $7), 0)::bigint
			as received,
		(count(*) filter (where e.business_date <= $7))::int as entries,
		coalesce(sum(e.amount_minor) filter (where e.side = 'given' and e.business_date > $7), 0)::bigint
			as given_ahead,
		coalesce(sum(e.amount_minor) filter (where e.side = 'received' and e.business_date > $7), 0)::bigint
			as received_ahead,
		(count(*) filter (where e.business_date > $7))::int as entries_ahead,
		coalesce(sum(case e.side when 'given' then e.amount_minor else -e.amount_minor end)
			filter (where (e.business_date, e.id) < ($4::date, $5::uuid)), 0)::bigint as top
	from (
		select x.* from tijori.entries x
		where x.account_id = $1 and x.business_id = $2 and x.party_id = $3 and x.deleted_at is null
		order by x.business_date desc, x.id desc
	) e
), page as (
	select e.*
	from tijori.entries e
	where e.account_id = $1 and e.business_id = $2 and e.party_id = $3 and e.deleted_at is null
		and (e.business_date, e.id) < ($4::date, $5::uuid)
	order by e.business_date desc, e.id desc
	limit $6
)
select p.id, p.kind, p.name, p.phone, p.note, p.created_by, p.created_at, p.updated_at, p.deleted_at, p.version,
	t.given, t.received, t.entries, t.given_ahead, t.received_ahead, t.entries_ahead,
	e.id, e.party_id, e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode,
	e.cheque_date, e.cheque_state, e.reverses,
	e.created_by, e.created_at, e.updated_at, e.version,
	t.top - coalesce(sum(case e.side when 'given' then e.amount_minor else -e.amount_minor end)
		over (order by e.business_date desc, e.id desc rows between unbounded preceding and 1 preceding), 0)::bigint
from party p
cross join total t
left join page e on true
order by e.business_date desc, e.id desc`

// measurePolicies measures the party list and the party page as pgbench alone sends them: with policies
// that look the credential up, with policies that believe settings, and without any.
func (r *run) measurePolicies(ctx context.Context, report *report) error {
	account, business := idSQL(accountKind, ":n::int"), idSQL(businessKind, ":n::int")
	list := []string{
		"'-9223372036854775808'", "'9223372036854775807'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "51",
		"current_date",
	}
	page := []string{
		idSQL(partyKind, ":n::int * 1000 + :p::int"), "'2101-01-01'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "51",
		"current_date",
	}
	tenant := []string{account, business}
	claims := statement{sql: "select set_config('tijori.credential', encode(" + tokenHashSQL(":n::int") +
		", 'hex'), true), set_config('tijori.business', (" + business +
		")::text, true), set_config('tijori.account', (" + account +
		")::text, true), set_config('tijori.own_only', 'off', true)"}
	settings := statement{sql: "select set_config('bench.account', (" + account +
		")::text, true), set_config('bench.business', (" + business +
		")::text, true), set_config('bench.role', 'owner', true)"}
	begin, commit := statement{sql: "begin isolation level read committed, read only"}, statement{sql: "commit"}
	for _, what := range []struct {
		name         string
		query, plain statement // plain is what asks for no caller
	}{
		{"party list", statement{ledger.PartyListSQL, list}, statement{plainListSQL, slices.Concat(tenant, list[:4])}},
		{"party page", statement{ledger.PartyPageSQL, page}, statement{plainPageSQL, slices.Concat(tenant, page)}},
	} {
		r.say("measuring what policies cost a %s", what.name)
		row := policyLine{name: what.name}
		ways := []struct {
			into       *sample
			role       string
			statements []statement
		}{
			{&row.lookup, postgres.RoleApp, []statement{begin, claims, what.query, commit}},
			{&row.setting, "bench_setting", []statement{begin, settings, what.plain, commit}},
			{&row.none, "bench_free", []statement{begin, settings, what.plain, commit}},
		}
		for range r.Rounds {
			for _, w := range ways {
				s, err := r.runPgbench(ctx, script(w.statements, 0, r.Parties), w.role, compared, r.Round)
				if err != nil {
					return err
				}
				w.into.add(s)
			}
		}
		report.policies = append(report.policies, row)
	}
	return nil
}
