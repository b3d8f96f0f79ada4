package db_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// A dump's rows are in the copy that is attacked, and nothing of them is in the
// report: not even where a function shows every row at once.
func TestDataIsMasked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	schema, data := filepath.Join(dir, "schema.sql"), filepath.Join(dir, "data.sql")
	write(t, schema, `
create role web login;
create type tier as enum ('free', 'pro');
create table firms (id bigint primary key, name text not null, tier tier not null default 'free');
create table people (email text primary key, firm_id bigint not null references firms, full_name text not null,
  pin char(4), phone varchar(20) unique, notes jsonb, tags text[], state text not null default 'new',
  nick text check (nick like 'n-%'));
create table codes (id bigint primary key, firm_id bigint not null references firms, code text not null,
  check (code ~ '^[A-Z]{3}$'));
alter table firms enable row level security; alter table people enable row level security;
alter table codes enable row level security;
create policy f on firms to web using (id = current_setting('app.firm')::bigint);
create policy p on people to web using (firm_id = current_setting('app.firm')::bigint and state <> 'gone');
create policy c on codes to web using (firm_id = current_setting('app.firm')::bigint);
create function everybody(firm bigint) returns jsonb language sql security definer set search_path = ''
  as $$ select jsonb_agg(to_jsonb(p)) from public.people p where p.firm_id = firm or p.firm_id < 100 $$;
grant select, insert, update, delete on firms, people, codes to web;
`)
	write(t, data, `SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.firms (id bigint);
COPY public.people (email, firm_id, full_name, pin, phone, notes, tags, state, nick) FROM stdin;
asha@example.in	1	Asha Pandurangan	7312	98450012	{"iban": "IN7788"}	{vip}	new	\N
ravi@example.in	2	Ravi Thimmaiah	4455	98450013	\N	\N	gone	\N
\.


COPY public.codes (id, firm_id, code) FROM stdin;
1	1	XQZ
\.
INSERT INTO public.firms VALUES (1, 'Pandurangan Mills', 'pro'), (2, 'Thimmaiah Estates', 'free');
INSERT INTO public.nowhere VALUES (1);
COPY public.firms FROM '/etc/passwd';
`)
	r := audit(t, db.Options{Migrations: schema, Data: data, Attack: true})
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(r); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"asha", "Pandurangan", "Thimmaiah", "7312", "98450012", "IN7788", "vip"} {
		if strings.Contains(b.String(), word) {
			t.Errorf("the report shows %q of a real customer: %s", word, b.String())
		}
	}
	if !slices.ContainsFunc(r.Findings, func(f finding.Finding) bool {
		return f.Object == "public.everybody(bigint)" && f.Proof != nil
	}) {
		t.Errorf("findings = %+v, want the function that shows everybody, with its proof", r.Findings)
	}
	if !slices.Contains(r.Looked, finding.Count{What: "masked rows of the data", N: 4}) {
		t.Errorf("looked = %+v, want 4 masked rows", r.Looked)
	}
	for _, want := range []string{"public.nowhere", "public.codes"} {
		if !slices.ContainsFunc(r.NotTested, func(n finding.NotTested) bool {
			return strings.Contains(n.What+n.Reason, want)
		}) {
			t.Errorf("not tested = %+v, want %s", r.NotTested, want)
		}
	}
}
