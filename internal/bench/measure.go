package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
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

// plainTotals is what tijori_khata.totals() adds up for the caller, for roles that are no caller.
const plainTotals = `(
	select count(*)::int as parties, (count(*) filter (where s.balance > 0))::int as due,
		(count(*) filter (where s.balance < 0))::int as advance,
		coalesce(sum(s.balance) filter (where s.balance > 0), 0)::bigint as get,
		coalesce(-sum(s.balance) filter (where s.balance < 0), 0)::bigint as give
	from tijori.party_sums s where s.account_id = $1 and s.business_id = $2 and s.living)`

// plainAhead is what tijori_khata.ahead() finds where no entry is dated ahead, for roles that are no caller.
const plainAhead = `(
	select s.party_id, s.living, s.made_on, s.balance, s.entries, s.last_date, s.due_since, 0::bigint as given_ahead,
		0::bigint as received_ahead, 0 as entries_ahead
	from tijori.party_sums s where false) ahead`

// measurePolicies measures the party list and the party page as pgbench alone sends them: with policies
// that look the credential up, with policies that believe settings, and without any.
func (r *run) measurePolicies(ctx context.Context, report *report) error {
	account, business := idSQL(accountKind, ":n::int"), idSQL(businessKind, ":n::int")
	list := statement{ledger.PartyListSQL, []string{
		account, business, "'-9223372036854775808'",
		"'9223372036854775807'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "51",
	}}
	plain := strings.NewReplacer("tijori_khata.totals()", plainTotals, "tijori_khata.ahead()", plainAhead)
	plainList := statement{plain.Replace(ledger.PartyListSQL), list.args}
	page := statement{ledger.PartyPageSQL, []string{
		account, business, idSQL(partyKind, ":n::int * 1000 + :p::int"),
		"'2101-01-01'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "51", "current_date",
	}}
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
	}{{"party list", list, plainList}, {"party page", page, page}} {
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
