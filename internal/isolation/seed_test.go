package isolation

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// A column as the catalogue tells it.
type column struct {
	Table, Name, Type string
	Needed            bool // not null, and no default
	NotNull           bool
	Generated         bool     // from other columns
	Choices           []string // of a check like: status in ('open', 'closed')
	Parent            string   // the table that a reference by this column (and others) leads to, of the first such one
	ParentColumn      string
}

// catalogue holds the tenant tables, parents before children, with their columns.
type catalogue struct {
	tables  []string
	columns map[string][]column
	keys    map[string][]string            // primary keys
	grants  map[string]map[string][]string // what tijori_app may do: table, verb, columns
}

var quoted = regexp.MustCompile(`'([^']*)'::text`)

func readCatalogue(t testing.TB, super *pgxpool.Pool) *catalogue {
	t.Helper()
	return readTables(t, super, tenantTables(t, super))
}

// readTables reads the catalogue of some tables.
func readTables(t testing.TB, super *pgxpool.Pool, tenants []string) *catalogue {
	t.Helper()
	c := &catalogue{
		columns: map[string][]column{}, keys: map[string][]string{},
		grants: map[string]map[string][]string{},
	}
	type raw struct {
		Table, Name, Type string
		Needed, NotNull   bool
		Generated         bool
		Check             string
		Parent            string
		ParentColumn      string
	}
	for _, r := range rowsOf[raw](t, super, `
		select c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull and not a.atthasdef,
		    a.attnotnull, a.attgenerated <> '',
		       coalesce((select pg_get_constraintdef(k.oid) from pg_constraint k
		                  where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]
		                      and pg_get_constraintdef(k.oid) like '%= ANY (ARRAY[%' limit 1), ''),
		       coalesce(f.parent, ''), coalesce(f.parent_column, '')
		  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		  left join lateral (
			select r.relname::text as parent, b.attname::text as parent_column
			  from pg_constraint k join pg_class r on r.oid = k.confrelid cross join unnest(k.conkey, k.confkey) u(x, y)
			  join pg_attribute b on b.attrelid = r.oid and b.attnum = u.y
			 where k.conrelid = c.oid and k.contype = 'f' and u.x = a.attnum order by array_length(k.conkey,
			     1) desc limit 1) f on true
		 where c.relnamespace = 'tijori'::regnamespace and c.relname = any ($1) order by c.relname, a.attnum`, tenants) {
		col := column{
			Table: r.Table, Name: r.Name, Type: r.Type, Needed: r.Needed, NotNull: r.NotNull,
			Generated: r.Generated, Parent: r.Parent, ParentColumn: r.ParentColumn,
		}
		for _, m := range quoted.FindAllStringSubmatch(r.Check, -1) {
			col.Choices = append(col.Choices, m[1])
		}
		c.columns[r.Table] = append(c.columns[r.Table], col)
	}
	for _, k := range rowsOf[struct{ Table, Column string }](t, super, `
		select c.relname::text, a.attname::text from pg_constraint k join pg_class c on c.oid = k.conrelid
		  cross join unnest(k.conkey) with ordinality u(x, i) join pg_attribute a on a.attrelid = c.oid
		      and a.attnum = u.x
		 where k.contype = 'p' and c.relname = any ($1) order by 1, u.i`, tenants) {
		c.keys[k.Table] = append(c.keys[k.Table], k.Column)
	}
	for _, g := range rowsOf[struct{ Table, Verb, Column string }](t, super, `
		select c.relname::text, v.verb, a.attname::text
		  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped,
		      unnest(array['select', 'insert', 'update']) v(verb)
		 where c.relnamespace = 'tijori'::regnamespace and c.relname = any ($1) and has_column_privilege('tijori_app',
		     c.oid, a.attnum, v.verb)
		 order by 1, 2, a.attnum`, tenants) {
		if c.grants[g.Table] == nil {
			c.grants[g.Table] = map[string][]string{}
		}
		c.grants[g.Table][g.Verb] = append(c.grants[g.Table][g.Verb], g.Column)
	}
	// Parents before children.
	for len(c.tables) < len(tenants) {
		before := len(c.tables)
		for _, table := range tenants {
			ready := !slices.Contains(c.tables, table)
			for _, col := range c.columns[table] {
				if col.Parent != "" && col.Parent != table && slices.Contains(tenants, col.Parent) &&
					!slices.Contains(c.tables, col.Parent) {
					ready = false
				}
			}
			if ready {
				c.tables = append(c.tables, table)
			}
		}
		if len(c.tables) == before {
			t.Fatalf("tables refer to each other in a circle: %v", tenants)
		}
	}
	return c
}

func (c *catalogue) column(table, name string) (column, bool) {
	i := slices.IndexFunc(c.columns[table], func(col column) bool { return col.Name == name })
	if i < 0 {
		return column{}, false
	}
	return c.columns[table][i], true
}

// businessColumn names the column that says which business a row belongs to, or
// "" for rows of the account as a whole.
func (c *catalogue) businessColumn(table string) string {
	if table == "businesses" {
		return "id"
	}
	if col, ok := c.column(table, "business_id"); ok && col.NotNull {
		return "business_id"
	}
	return ""
}

// A row by column, as text.
type row map[string]string

func (r row) clone() row {
	out := row{}
	for k, v := range r {
		out[k] = v
	}
	return out
}

// A place is where rows are made: a business, and who makes them.
type place struct {
	account, business, user uuid.UUID
	mark                    string // stands in every text of the place
	app, connection         string // "" for the khata's
}

func (p place) appID() string        { return cmp.Or(p.app, "khata") }
func (p place) connectionID() string { return cmp.Or(p.connection, "razorpay") }

// seeds are values that the catalogue does not tell.
var seeds = map[string]row{
	"accounts":       {"currency": "INR"},
	"app_keys":       {"kind": "publishable"},
	"events":         {"number": "1000000"}, // after those that triggers write
	"businesses":     {"currency": "INR"},
	"invitations":    {"role": "counter"},
	"members":        {"role": "counter"},
	"security_log":   {"kind": "key_made"},
	"changes":        {"subject": "entry"},
	"credit_grants":  {"kind": "top_up"},
	"credit_entries": {"kind": "top_up"},
	"parties":        {"phone": "", "note": ""},
	"payments":       {"currency": "INR"},
	"plan_spans":     {"kind": "paid", "currency": "INR", "monthly_minor": "100"},
	"payees":         {"upi_id": "shop@upi", "payee_name": "Shop"},
	"shares":         {"expires_at": "2099-01-01 00:00:00+00"},
	"customer_links": {"opens": "link", "expires_at": "2025-01-01 00:00:00+00"},
	"invoices":       {"currency": "INR"},
	"purchases":      {"currency": "INR"},
}

// make returns a row of a table that could stand in a place. Only what must be
// filled is, and what says whose the row is.
func (c *catalogue) make(t testing.TB, table string, p place, parent func(table string, p place) row) row {
	t.Helper()
	r := row{}
	for _, col := range c.columns[table] {
		seed, seeded := seeds[table][col.Name]
		switch {
		case col.Generated:
		case seeded:
			r[col.Name] = seed
		case col.Name == "account_id":
			r[col.Name] = p.account.String()
		case col.Name == "business_id", table == "businesses" && col.Name == "id":
			r[col.Name] = p.business.String()
		case col.Name == "currency":
			r[col.Name] = "INR"
		case col.Name == "app_id":
			r[col.Name] = p.appID()
		case col.Name == "connection_id":
			r[col.Name] = p.connectionID()
		case col.Name == "provider":
			r[col.Name] = "razorpay"
		case slices.Contains([]string{"created_by", "changed_by", "invited_by", "user_id"}, col.Name):
			r[col.Name] = p.user.String()
		case !col.Needed && col.Type != "text":
		case col.Name == "meter":
			r[col.Name] = "credits"
		case col.Parent == "plans":
			r[col.Name] = "free"
		case col.Parent != "" && slices.Contains(c.tables, col.Parent):
			r[col.Name] = parent(col.Parent, p)[col.ParentColumn]
		case len(col.Choices) > 0:
			r[col.Name] = col.Choices[0]
		case col.Needed, slices.Contains([]string{"note", "name"}, col.Name):
			r[col.Name] = valueOf(t, col, p.mark)
		}
	}
	return r
}

func valueOf(t testing.TB, col column, mark string) string {
	t.Helper()
	switch col.Type {
	case "text":
		return mark + "-" + strings.ToLower(uuid.NewString()[:8])
	case "uuid":
		return uuid.NewString()
	case "bytea":
		return `\x` + strings.Repeat(strings.ReplaceAll(uuid.NewString(), "-", ""), 2)
	case "timestamp with time zone":
		return "2026-01-01 10:00:00+00"
	case "date":
		return "2026-01-01"
	case "bigint", "integer", "smallint":
		return "2"
	case "boolean":
		return "false"
	case "jsonb":
		return fmt.Sprintf(`{"text": %q}`, mark)
	}
	if strings.HasSuffix(col.Type, "[]") {
		return "{}"
	}
	t.Fatalf("no seed for column %s.%s of type %s: write one in seeds", col.Table, col.Name, col.Type)
	return ""
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// values returns the columns of a row that may be written, and their values, for an insert.
func (r row) values(may []string) (columns, values string) {
	var cs, vs []string
	for _, name := range sortedKeys(r) {
		if may == nil || slices.Contains(may, name) {
			cs, vs = append(cs, name), append(vs, literal(r[name]))
		}
	}
	return strings.Join(cs, ", "), strings.Join(vs, ", ")
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// where is the condition that finds a row by its key.
func (c *catalogue) where(table string, r row) string {
	var out []string
	for _, k := range c.keys[table] {
		out = append(out, k+" = "+literal(r[k]))
	}
	return strings.Join(out, " and ")
}

// A world has two accounts with rows in every tenant table, and people of all
// kinds who ask.
type world struct {
	*pgtest.DB
	*catalogue
	victim, stranger        *pgtest.User
	second                  uuid.UUID // the victim's other business
	members                 map[string]*pgtest.User
	rows                    map[string][]row // of the victim's first business, or account
	others                  map[string][]row // of the victim's second business
	own                     map[string][]row // of the stranger
	removed, revoked, stale *pgtest.User
}

const (
	victimMark   = "victimsecret"
	strangerMark = "stranger"
)

func newWorld(t testing.TB) *world {
	t.Helper()
	db := pgtest.New(t)
	w := &world{
		DB: db, catalogue: readCatalogue(t, db.Super), members: map[string]*pgtest.User{},
		rows: map[string][]row{}, others: map[string][]row{}, own: map[string][]row{},
	}
	w.victim, w.stranger = db.User(t, victimMark), db.User(t, strangerMark)
	w.second = db.Business(t, w.victim, victimMark)
	for _, role := range []string{"manager", "accountant", "counter"} {
		w.members[role] = db.Member(t, w.victim, &w.victim.BusinessID, role)
		w.members["second "+role] = db.Member(t, w.victim, &w.second, role)
		w.members["account "+role] = db.Member(t, w.victim, nil, role)
	}
	w.members["owner"] = w.victim
	w.removed, w.revoked, w.stale = db.Member(t, w.victim, nil, "manager"), db.Member(t, w.victim, nil,
		"manager"), db.Member(t, w.victim, nil, "manager")
	w.exec(t, "delete from members where user_id = $1", w.removed.UserID)
	w.exec(t, "update credentials set revoked_at = now() where user_id = $1", w.revoked.UserID)
	w.exec(t, "update credentials set expires_at = now() - interval '1 second' where user_id = $1", w.stale.UserID)
	w.exec(t, "delete from credit_calendars") // they came with the accounts; the seeds have all columns
	for _, table := range w.tables {
		for _, p := range []struct {
			into map[string][]row
			place
		}{
			{w.rows, place{
				account: w.victim.AccountID, business: w.victim.BusinessID, user: w.victim.UserID,
				mark: victimMark,
			}},
			{w.rows, place{
				account: w.victim.AccountID, business: w.victim.BusinessID,
				user: w.members["counter"].UserID, mark: victimMark,
			}},
			{w.others, place{account: w.victim.AccountID, business: w.second, user: w.victim.UserID, mark: victimMark}},
			{w.own, place{
				account: w.stranger.AccountID, business: w.stranger.BusinessID, user: w.stranger.UserID,
				mark: strangerMark,
			}},
		} {
			p.into[table] = append(p.into[table], w.seed(t, table, p.place)...)
		}
	}
	return w
}

// seed makes a row of a table in a place, unless the place has one that may be only once.
func (w *world) seed(t testing.TB, table string, p place) []row {
	t.Helper()
	// made with the people, and with parties
	if table == "accounts" || table == "businesses" || table == "members" || table == "party_sums" {
		return []row{w.find(t, table, p)}
	}
	r := w.make(t, table, p, func(parent string, p place) row { return w.find(t, parent, p) })
	w.direct(t, table, r)
	columns, values := r.values(nil)
	tag, err := w.Super.Exec(t.Context(), "insert into tijori."+table+" ("+columns+") values ("+values+
		") on conflict do nothing")
	if err != nil {
		t.Fatalf("no seed for table %s: %v; write what it needs in seeds (tried %v)", table, err, r)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	return []row{r}
}

// direct gives a provider's object its place in the directory, which comes before a row about it.
func (w *world) direct(t testing.TB, table string, r row) {
	t.Helper()
	kind, id := "", ""
	switch table {
	case "subscriptions":
		kind, id = "subscription", r["id"]
	case "provider_customers":
		kind, id = "customer", r["customer_id"]
	}
	if id != "" {
		w.exec(t, `insert into tijori.provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
			values ($1, $2, $3, $4, $5, now()) on conflict do nothing`, r["connection_id"], r["provider"], kind, id, r["account_id"])
	}
}

// find returns a row of a place as it is in the database.
func (w *world) find(t testing.TB, table string, p place) row {
	t.Helper()
	condition := "account_id = " + literal(p.account.String())
	if b := w.businessColumn(table); b != "" {
		condition += " and " + b + " = " + literal(p.business.String())
	}
	var keys []string
	var texts []*string
	err := w.Super.QueryRow(t.Context(), `
		select array_agg(x.key), array_agg(x.value) from (select * from tijori.`+table+` where `+condition+
		` order by 1, 2 limit 1) r, jsonb_each_text(to_jsonb(r)) x`).Scan(&keys, &texts)
	if err != nil {
		t.Fatalf("a row of %s where %s: %v", table, condition, err)
	}
	out := row{}
	for i, k := range keys {
		if texts[i] != nil {
			out[k] = *texts[i]
		}
	}
	return out
}

func (w *world) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := w.Super.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
