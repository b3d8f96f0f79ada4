package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/audit/db/tree"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

const notSystem = `n.nspname !~ '^(pg_|information_schema$|tijori_audit$)'`

// Read takes the snapshot as a superuser of a scratch copy.
func Read(ctx context.Context, c *pgx.Conn) (*Schema, error) {
	s := &Schema{
		Operators: map[int]string{}, Builtin: map[int]string{}, Types: map[int]*Type{}, Labels: map[string]string{},
		Buckets:   map[string]bool{},
		relations: map[int]*Relation{}, functions: map[int]*Function{}, roles: map[string]*Role{},
		byName: map[string]*Relation{},
	}
	if _, err := c.Exec(ctx, `set search_path = pg_catalog`); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context, *pgx.Conn) error{
		s.readNames, s.readTypes, s.readRoles, s.readRelations, s.readColumns, s.readKeys, s.readConstraints,
		s.readPolicies, s.readFunctions, s.readTriggers, s.readViews, s.readGrants, s.readBuckets, s.resolveBodies,
	} {
		if err := step(ctx, c); err != nil {
			return nil, fmt.Errorf("read the catalogue: %w", err)
		}
	}
	return s, nil
}

// rows reads a query of one JSON column into values.
func rows[T any](ctx context.Context, c *pgx.Conn, sql string, each func(T)) error {
	r, _ := c.Query(ctx, `select to_jsonb(q)::text from (`+sql+`) q`)
	var text string
	_, err := pgx.ForEachRow(r, []any{&text}, func() error {
		var v T
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			return fmt.Errorf("%w in %s", err, text)
		}
		each(v)
		return nil
	})
	return err
}

func (s *Schema) readNames(ctx context.Context, c *pgx.Conn) error {
	type named struct {
		O int
		N string
	}
	if err := rows(ctx, c, `select oid::int as o, oprname as n from pg_operator`,
		func(v named) { s.Operators[v.O] = v.N }); err != nil {
		return err
	}
	return rows(
		ctx,
		c,
		`select oid::int as o, proname as n from pg_proc where pronamespace = 'pg_catalog'::regnamespace`,
		func(v named) { s.Builtin[v.O] = v.N },
	)
}

func (s *Schema) readTypes(ctx context.Context, c *pgx.Conn) error {
	err := rows(
		ctx,
		c,
		`select oid::bigint as "OID", format_type(oid, null) as "Name", typtype::text as "Kind", typcategory::text as "Category",
		typbasetype::bigint as "Base", case when typcategory = 'A' then typelem::bigint else 0 end as "Element",
		    typnotnull as "NotNull",
		(select array_agg(enumlabel order by enumsortorder) from pg_enum where enumtypid = t.oid) as "Labels"
		    from pg_type t
		where typtype <> 'c' or typnamespace <> 'pg_catalog'::regnamespace`,
		func(t Type) { s.Types[t.OID] = &t },
	)
	if err != nil {
		return err
	}
	type label struct{ O, L string }
	err = rows(
		ctx,
		c,
		`select oid::text as o, enumlabel::text as l from pg_enum`,
		func(v label) { s.Labels[v.O] = v.L },
	)
	if err != nil {
		return err
	}
	type check struct {
		T    int
		N, E string
		B    string
	}
	return rows(ctx, c, `select contypid::bigint as t, conname as n, pg_get_constraintdef(oid) as e, conbin::text as b
		from pg_constraint where contypid <> 0 and contype = 'c'`, func(v check) {
		if t := s.Types[v.T]; t != nil {
			t.Checks = append(t.Checks, &Check{Name: v.N, Expression: v.E, Node: first(v.B)})
		}
	})
}

func first(text string) *tree.Node {
	if text == "" {
		return nil
	}
	n, err := tree.ParseNodes(text)
	if err != nil || len(n) == 0 {
		return nil
	}
	return n[0]
}

func (s *Schema) readRoles(ctx context.Context, c *pgx.Conn) error {
	err := rows(
		ctx,
		c,
		`select rolname as "Name", rolsuper as "Super", rolcanlogin as "Login", rolinherit as "Inherit",
		rolbypassrls as "Bypass", rolreplication as "Replication", rolcreaterole as "CreateRole",
		    rolname ~ '^pg_' as "System",
		(select array_agg(g.rolname order by 1) from pg_auth_members m join pg_roles g on g.oid = m.roleid
		    where m.member = r.oid) as "MemberOf",
		(select array_agg(x) from pg_db_role_setting d, unnest(setconfig) x where d.setrole = r.oid) as "Config"
		from pg_roles r order by 1`,
		func(r Role) {
			s.Roles = append(s.Roles, &r)
			s.roles[r.Name] = &r
		},
	)
	return err
}

func (s *Schema) readRelations(ctx context.Context, c *pgx.Conn) error {
	return rows(
		ctx,
		c,
		`select c.oid::int as "OID", n.nspname as "Schema", c.relname as "Name", relkind::text as "Kind",
		relowner::regrole::text as "Owner", relrowsecurity as "RLS", relforcerowsecurity as "Force",
		    relispartition as "Partition",
		coalesce(exists (select 1 from unnest(reloptions) o where o ~ '^security_invoker=(on|true|1|yes)$'),
		    false) as "Invoker",
		coalesce(exists (select 1 from unnest(reloptions) o where o ~ '^security_barrier=(on|true|1|yes)$'),
		    false) as "Barrier",
		(select array_agg(inhparent::int) from pg_inherits where inhrelid = c.oid) as "Parents",
		case when relkind in ('v', 'm') then pg_get_viewdef(c.oid) end as "Definition",
		case when relkind = 'v' then pg_relation_is_updatable(c.oid, true) & 8 = 8 else false end as "Insertable",
		case when relkind = 'v' then pg_relation_is_updatable(c.oid, true) & 20 > 0 else false end as "Updatable",
		exists (select 1 from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
		    and d.deptype = 'e') as "Extension"
		from pg_class c join pg_namespace n on n.oid = relnamespace
		where relkind in ('r', 'p', 'v', 'm', 'f') and `+notSystem+` order by 2, 3`,
		func(r Relation) {
			r.Owner = strings.ReplaceAll(strings.Trim(r.Owner, `"`), `""`, `"`)
			s.Relations = append(s.Relations, &r)
			s.relations[r.OID] = &r
			s.byName[r.FullName()] = &r
		},
	)
}

func (s *Schema) readColumns(ctx context.Context, c *pgx.Conn) error {
	type row struct {
		R int
		Column
		Bin string
	}
	return rows(
		ctx,
		c,
		`select attrelid::int as "R", attnum::int as "Num", attname as "Name", atttypid::bigint as "Type", atttypmod as "TypeMod",
		format_type(atttypid, atttypmod) as "TypeText", attnotnull as "NotNull", attidentity::text as "Identity",
		    attgenerated <> '' as "Generated",
		coalesce(pg_get_expr(adbin, adrelid), '') as "Default", coalesce(adbin::text, '') as "Bin"
		from pg_attribute a join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = relnamespace
		left join pg_attrdef d on d.adrelid = attrelid and d.adnum = attnum
		where attnum > 0 and not attisdropped and relkind in ('r', 'p', 'v', 'm', 'f') and `+notSystem+
			` order by attrelid, attnum`,
		func(v row) {
			if r := s.relations[v.R]; r != nil {
				col := v.Column
				col.DefaultAt = first(v.Bin)
				r.Columns = append(r.Columns, &col)
			}
		},
	)
}

func (s *Schema) readKeys(ctx context.Context, c *pgx.Conn) error {
	type row struct {
		R int
		Key
	}
	type plain struct {
		R int
		C []int
	}
	err := rows(
		ctx,
		c,
		`select indrelid::int as "R", indkey::int2[] as "C" from pg_index x join pg_class c on c.oid = indrelid
		join pg_namespace n on n.oid = c.relnamespace where (not indisunique or indpred is not null) and `+notSystem+
			` order by 1`,
		func(v plain) {
			if r := s.relations[v.R]; r != nil {
				r.Indexed = append(r.Indexed, v.C)
			}
		},
	)
	if err != nil {
		return err
	}
	return rows(
		ctx,
		c,
		`select indrelid::int as "R", i.relname as "Name", indisprimary as "Primary", indkey::int2[] as "Columns",
		coalesce(pg_get_expr(indpred, indrelid), '') as "Predicate", indexrelid::int as "OID"
		from pg_index x join pg_class i on i.oid = indexrelid join pg_class c on c.oid = indrelid
		    join pg_namespace n on n.oid = c.relnamespace
		where indisunique and `+notSystem+` order by 1, 3 desc, 2`,
		func(v row) {
			if r := s.relations[v.R]; r != nil {
				k := v.Key
				r.Keys = append(r.Keys, &k)
			}
		},
	)
}

func (s *Schema) readConstraints(ctx context.Context, c *pgx.Conn) error {
	type row struct {
		R int
		T string
		Foreign
		Expression string
		Bin        string
	}
	return rows(
		ctx,
		c,
		`select conrelid::int as "R", contype::text as "T", x.oid::int as "OID", conname as "Name", conkey::int2[] as "Columns",
		confrelid::int as "Target", confkey::int2[] as "Targets", confdeltype::text as "OnDelete",
		case when contype = 'c' then pg_get_expr(conbin, conrelid) else '' end as "Expression",
		    coalesce(conbin::text, '') as "Bin"
		from pg_constraint x join pg_class c on c.oid = conrelid join pg_namespace n on n.oid = c.relnamespace
		where contype in ('f', 'c') and `+notSystem+` order by 1, 4`,
		func(v row) {
			r := s.relations[v.R]
			switch {
			case r == nil:
			case v.T == "f":
				f := v.Foreign
				r.Foreign = append(r.Foreign, &f)
			default:
				r.Checks = append(
					r.Checks,
					&Check{Name: v.Name, Columns: v.Columns, Expression: v.Expression, Node: first(v.Bin)},
				)
			}
		},
	)
}

func (s *Schema) readPolicies(ctx context.Context, c *pgx.Conn) error {
	type row struct {
		R int
		Policy
		U, C string
	}
	return rows(
		ctx,
		c,
		`select polrelid::int as "R", p.oid::int as "OID", polname as "Name", polcmd::text as "Command", polpermissive as "Permissive",
		case when 0 = any(polroles) then null else array(select rolname from pg_roles
		    where oid = any(polroles) order by 1) end as "Roles",
		coalesce(polqual::text, '') as "U", coalesce(polwithcheck::text, '') as "C",
		coalesce(pg_get_expr(polqual, polrelid), '') as "UsingText",
		    coalesce(pg_get_expr(polwithcheck, polrelid), '') as "CheckText"
		from pg_policy p join pg_class c on c.oid = polrelid join pg_namespace n on n.oid = relnamespace where `+
			notSystem+` order by 1, 3`,
		func(v row) {
			if r := s.relations[v.R]; r != nil {
				p := v.Policy
				p.Using, p.Check, p.Relation = first(v.U), first(v.C), r
				r.Policies = append(r.Policies, &p)
			}
		},
	)
}

func (s *Schema) readFunctions(ctx context.Context, c *pgx.Conn) error {
	type row struct {
		Function
		Names []string
		In    []int
		Modes []string
		B     string
	}
	err := rows(
		ctx,
		c,
		`select p.oid::int as "OID", n.nspname as "Schema", proname as "Name", prokind::text as "Kind",
		proowner::regrole::text as "Owner", lanname as "Language", prosecdef as "Definer", proconfig as "Config",
		    prosrc as "Body",
		provolatile::text as "Volatile", prorettype::bigint as "ReturnType", proretset as "ReturnsSet",
		    pronargdefaults::int as "Defaults",
		prorettype in ('trigger'::regtype, 'event_trigger'::regtype) as "Trigger", proisstrict as "Strict",
		n.nspname || '.' || proname || '(' || coalesce((select string_agg(format_type(t, null), ',' order by i)
			from unnest(proargtypes) with ordinality u (t, i)), '') || ')' as "Identity",
		proargnames as "Names", array(select unnest(proargtypes)::bigint) as "In", proargmodes::text[] as "Modes",
		coalesce(prosqlbody::text, '') as "B",
		exists (select 1 from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid
		    and d.deptype = 'e') as "Extension"
		from pg_proc p join pg_namespace n on n.oid = pronamespace join pg_language l on l.oid = prolang
		where `+notSystem+` and prokind in ('f', 'p') order by 2, 3`,
		func(v row) {
			f := v.Function
			f.Owner = strings.ReplaceAll(strings.Trim(f.Owner, `"`), `""`, `"`)
			var names []string
			for i, n := range v.Names {
				if v.Modes == nil || slices.Contains([]string{"i", "b", "v"}, v.Modes[i]) {
					names = append(names, n)
				}
			}
			for i, t := range v.In {
				a := Arg{Type: t}
				if i < len(names) {
					a.Name = names[i]
				}
				f.Args = append(f.Args, a)
			}
			if v.B != "" {
				f.Queries, f.Atomic = queries(v.B), true
			}
			s.Functions = append(s.Functions, &f)
			s.functions[f.OID] = &f
		},
	)
	return err
}

func queries(text string) []*tree.Node {
	n, err := tree.ParseNodes(text)
	if err != nil {
		return nil
	}
	return n
}

func (s *Schema) readTriggers(ctx context.Context, c *pgx.Conn) error {
	type row struct {
		R int
		Trigger
	}
	return rows(
		ctx,
		c,
		`select tgrelid::int as "R", tgname as "Name", tgfoid::int as "Function", tgtype::int as "Type", tgattr::int2[] as "Columns"
		from pg_trigger t join pg_class c on c.oid = tgrelid join pg_namespace n on n.oid = relnamespace
		where not tgisinternal and tgenabled <> 'D' and `+notSystem+` order by 1, 2`,
		func(v row) {
			if r := s.relations[v.R]; r != nil {
				t := v.Trigger
				r.Triggers = append(r.Triggers, &t)
			}
		},
	)
}

func (s *Schema) readViews(ctx context.Context, c *pgx.Conn) error {
	type row struct {
		R int
		A string
	}
	return rows(
		ctx,
		c,
		`select ev_class::int as "R", ev_action::text as "A" from pg_rewrite w join pg_class c on c.oid = ev_class
		join pg_namespace n on n.oid = relnamespace where rulename = '_RETURN' and `+notSystem,
		func(v row) {
			if r := s.relations[v.R]; r != nil {
				r.Query = first(v.A)
			}
		},
	)
}

func (s *Schema) readGrants(ctx context.Context, c *pgx.Conn) error {
	err := rows(
		ctx,
		c,
		`select d.oid::int as "OID", defaclrole::regrole::text as "Role", coalesce(n.nspname, '') as "Schema", defaclobjtype::text as "Kind",
		case when grantee = 0 then 'public' else grantee::regrole::text end as "Grantee", privilege_type as "Privilege"
		from pg_default_acl d left join pg_namespace n on n.oid = defaclnamespace, aclexplode(defaclacl) a order by 3, 4, 5, 6`,
		func(g DefaultGrant) { s.Grants = append(s.Grants, g) },
	)
	if err != nil {
		return err
	}
	return rows(
		ctx,
		c,
		`select p.oid::int as "OID", p.pubname as "Name", puballtables as "All", c.oid::int as "Relation",
		(select pr.prattrs::int2[] from pg_publication_rel pr where pr.prpubid = p.oid
		    and pr.prrelid = c.oid) as "Columns",
		coalesce((select pr.prqual is not null from pg_publication_rel pr where pr.prpubid = p.oid
		    and pr.prrelid = c.oid), false) as "Filter"
		from pg_publication p join pg_publication_tables t on t.pubname = p.pubname
		join pg_namespace n on n.nspname = t.schemaname join pg_class c on c.relnamespace = n.oid
		    and c.relname = t.tablename
		where `+notSystem+` order by 2, 4`,
		func(p Publication) { s.Published = append(s.Published, p) },
	)
}

func (s *Schema) readBuckets(ctx context.Context, c *pgx.Conn) error {
	r := s.byName["storage.buckets"]
	if r == nil || !slices.ContainsFunc(r.Columns, func(c *Column) bool { return c.Name == "public" }) {
		return nil
	}
	type bucket struct {
		I string
		P bool
	}
	return rows(
		ctx,
		c,
		`select id as i, coalesce(public, false) as p from storage.buckets`,
		func(b bucket) { s.Buckets[b.I] = b.P },
	)
}

// resolveBodies lets the server resolve the bodies of functions in SQL that
// are kept as text, by making copies of them in a transaction that is undone.
func (s *Schema) resolveBodies(ctx context.Context, c *pgx.Conn) error {
	tx, err := c.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, `set local check_function_bodies = on; set local statement_timeout = '3s'`); err != nil {
		return err
	}
	for _, f := range s.Functions {
		if f.Queries != nil || len(f.Body) > 100000 || f.Extension || f.Trigger {
			continue
		}
		if body := plain(f); body != "" {
			f.Queries = s.resolve(ctx, tx, f, body)
		}
	}
	return nil
}

var returns = lazyregexp.New(`(?is)^\s*begin\s+return\s+(query\s+)?(.*?);\s*end\s*;?\s*$`)

// picks is select … into v …; return v; asks is if exists (…) then return true.
var (
	picks = lazyregexp.New(
		`(?is)^\s*(?:declare\s+[^;]*;\s*)*begin\s+select\s+(.*?)\s+into\s+(?:strict\s+)?(\w+)\s+from\s+(.*?);\s*return\s+\(?(\w+)([^;]*?)\)?;\s*end\s*;?\s*$`,
	)
	asks = lazyregexp.New(
		`(?is)^\s*begin\s+if\s+exists\s*\((.*)\)\s*then\s+return\s+true;\s*(?:end\s+if;\s*return\s+false;|else\s+return\s+false;\s*end\s+if;)\s*end\s*;?\s*$`,
	)
)

// plain is the body of a function as SQL: of one in SQL, and of one in
// PL/pgSQL that does nothing but return an expression.
func plain(f *Function) string {
	switch f.Language {
	case "sql":
		return f.Body
	case "plpgsql":
		body := comments.ReplaceAllString(f.Body, " ")
		if m := picks.FindStringSubmatch(body); m != nil && m[2] == m[4] && !strings.Contains(m[1]+m[3], ";") {
			return "select (select " + m[1] + " from " + m[3] + ") " + m[5]
		}
		if m := asks.FindStringSubmatch(body); m != nil && !strings.Contains(m[1], ";") {
			return "select exists (" + m[1] + ")"
		}
		m := returns.FindStringSubmatch(body)
		if m == nil || strings.Contains(m[2], ";") {
			return ""
		}
		if m[1] != "" {
			return m[2]
		}
		return "select (" + m[2] + ")"
	}
	return ""
}

var comments = lazyregexp.New(`(?s)--[^\n]*|/\*.*?\*/`)

func (s *Schema) resolve(ctx context.Context, tx pgx.Tx, f *Function, body string) []*tree.Node {
	path, ok := f.Setting("search_path")
	if !ok {
		path = `"$user", public, extensions`
	}
	body = strings.TrimSpace(body)
	if !strings.HasSuffix(body, ";") {
		body += "\n;"
	}
	var head string
	err := tx.QueryRow(ctx, `select pg_get_functiondef($1::int::oid)`, f.OID).Scan(&head)
	if err != nil {
		_, _ = tx.Exec(ctx, `rollback to savepoint a`)
		return nil
	}
	at := strings.Index(head, "\nAS $")
	begin := strings.Index(head, "(")
	if at < 0 || begin < 0 {
		return nil
	}
	head = strings.ReplaceAll(head[begin:at], " SECURITY DEFINER", "")
	head = strings.Replace(head, "LANGUAGE plpgsql", "LANGUAGE sql", 1)
	var lines []string
	for line := range strings.Lines(head) {
		if !strings.HasPrefix(line, " SET ") {
			lines = append(lines, line)
		}
	}
	sql := `savepoint a; set local search_path = ` + path + `; create function tijori_audit.` + Quote(f.Name) +
		strings.Join(lines, "") + "\nbegin atomic\n" + body + "\nend"
	if path == "" || path == `""` {
		sql = strings.Replace(sql, "search_path = "+path, "search_path = ''", 1)
	}
	var text string
	if _, err = tx.Exec(ctx, sql); err == nil {
		_, err = tx.Exec(ctx, `set local search_path = pg_catalog`)
	}
	if err == nil {
		err = tx.QueryRow(ctx, `select prosqlbody::text from pg_proc where proname = `+Literal(f.Name)+
			` and pronamespace = 'tijori_audit'::regnamespace`).Scan(&text)
	}
	_, _ = tx.Exec(ctx, `rollback to savepoint a; set local search_path = pg_catalog`)
	if err != nil {
		return nil
	}
	return queries(text)
}
