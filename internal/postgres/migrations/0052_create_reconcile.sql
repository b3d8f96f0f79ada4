-- +goose Up
-- The reconciler's book: its runs, with the cursor at which a broken one goes on, what each found and did, and
-- which subscriptions a run has met at the provider. Queues over all accounts, without a foreign key to tenant tables.
create table tijori.reconcile_runs (
    id uuid not null,
    provider text not null,
    account_id uuid,
    dry_run boolean not null,
    asked_by text not null,
    state text not null,
    phase text not null,
    cursor text not null default '',
    since timestamptz not null,
    started_at timestamptz not null,
    lease_until timestamptz not null,
    finished_at timestamptz,
    calls integer not null default 0,
    looked integer not null default 0,
    differ integer not null default 0,
    repaired integer not null default 0,
    queued integer not null default 0,
    failed integer not null default 0,
    note text not null default '',
    constraint reconcile_runs_pkey primary key (id),
    constraint reconcile_runs_provider_check check (provider in ('stripe', 'razorpay')),
    constraint reconcile_runs_state_check check (state in ('running', 'complete', 'partial')),
    constraint reconcile_runs_finished_check check ((state = 'running') = (finished_at is null))
);
create unique index reconcile_runs_live_idx on tijori.reconcile_runs (provider) where state = 'running' and account_id is null and not dry_run;
create index reconcile_runs_started_idx on tijori.reconcile_runs (provider, started_at desc);

create table tijori.reconcile_findings (
    run_id uuid not null,
    subscription_id text not null,
    class text not null,
    account_id uuid,
    outcome text not null,
    detail text not null,
    found_at timestamptz not null,
    constraint reconcile_findings_pkey primary key (run_id, subscription_id, class),
    constraint reconcile_findings_run_fkey foreign key (run_id) references tijori.reconcile_runs (id),
    constraint reconcile_findings_outcome_check check (outcome in ('differs', 'repaired', 'queued', 'failed'))
);
create table tijori.reconcile_seen (
    run_id uuid not null,
    subscription_id text not null,
    constraint reconcile_seen_pkey primary key (run_id, subscription_id),
    constraint reconcile_seen_run_fkey foreign key (run_id) references tijori.reconcile_runs (id)
);

alter table tijori.reconcile_runs enable row level security;
alter table tijori.reconcile_runs force row level security;
create policy reconcile_runs_select_billing on tijori.reconcile_runs for select to tijori_billing using (true);
create policy reconcile_runs_insert_billing on tijori.reconcile_runs for insert to tijori_billing with check (true);
create policy reconcile_runs_update_billing on tijori.reconcile_runs for update to tijori_billing using (true) with check (true);
grant select, insert on tijori.reconcile_runs to tijori_billing;
grant update (state, phase, cursor, lease_until, finished_at, calls, looked, differ, repaired, queued, failed, note) on tijori.reconcile_runs to tijori_billing;

alter table tijori.reconcile_findings enable row level security;
alter table tijori.reconcile_findings force row level security;
create policy reconcile_findings_select_billing on tijori.reconcile_findings for select to tijori_billing using (true);
create policy reconcile_findings_insert_billing on tijori.reconcile_findings for insert to tijori_billing with check (true);
create policy reconcile_findings_update_billing on tijori.reconcile_findings for update to tijori_billing using (true) with check (true);
grant select, insert on tijori.reconcile_findings to tijori_billing;
grant update (outcome, detail, found_at) on tijori.reconcile_findings to tijori_billing;

alter table tijori.reconcile_seen enable row level security;
alter table tijori.reconcile_seen force row level security;
create policy reconcile_seen_select_billing on tijori.reconcile_seen for select to tijori_billing using (true);
create policy reconcile_seen_insert_billing on tijori.reconcile_seen for insert to tijori_billing with check (true);
create policy reconcile_seen_delete_billing on tijori.reconcile_seen for delete to tijori_billing using (true);
grant select, insert, delete on tijori.reconcile_seen to tijori_billing;
