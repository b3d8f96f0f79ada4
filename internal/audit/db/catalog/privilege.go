package catalog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Privileges are what roles may do, as the server answers.
type Privileges struct {
	tables  map[privilege]bool
	columns map[privilege]map[int]bool
	execute map[privilege]bool
	usage   map[string]bool
	create  map[string]bool
}

type privilege struct {
	role string
	oid  int
	verb string
}

// ReadPrivileges asks the server for the effective rights of roles.
func (s *Schema) ReadPrivileges(ctx context.Context, c *pgx.Conn, roles []string) (*Privileges, error) {
	p := &Privileges{
		tables:  map[privilege]bool{},
		columns: map[privilege]map[int]bool{},
		execute: map[privilege]bool{},
		usage:   map[string]bool{},
		create:  map[string]bool{},
	}
	type row struct {
		R, V, S string
		O, N    int
		W       bool
	}
	list := "array["
	for i, r := range roles {
		if i > 0 {
			list += ", "
		}
		list += Literal(r)
	}
	list += "]::name[]"
	err := rows(
		ctx,
		c,
		`select r as "R", v as "V", c.oid::int as "O" from unnest(`+list+
			`) r, pg_class c join pg_namespace n on n.oid = relnamespace,
		unnest(array['select', 'insert', 'update', 'delete', 'truncate']) v
		where relkind in ('r', 'p', 'v', 'm', 'f') and `+notSystem+` and has_table_privilege(r, c.oid, v)`,
		func(v row) {
			p.tables[privilege{v.R, v.O, v.V}] = true
		},
	)
	if err != nil {
		return nil, fmt.Errorf("read privileges of tables: %w", err)
	}
	err = rows(
		ctx,
		c,
		`select r as "R", v as "V", c.oid::int as "O", attnum::int as "N" from unnest(`+list+
			`) r, pg_class c join pg_namespace n on n.oid = relnamespace
		join pg_attribute a on a.attrelid = c.oid and attnum > 0 and not attisdropped,
		    unnest(array['select', 'insert', 'update']) v
		where relkind in ('r', 'p', 'v', 'm', 'f') and `+notSystem+
			` and attacl is not null and has_column_privilege(r, c.oid, attnum, v)`,
		func(v row) {
			k := privilege{v.R, v.O, v.V}
			if p.columns[k] == nil {
				p.columns[k] = map[int]bool{}
			}
			p.columns[k][v.N] = true
		},
	)
	if err != nil {
		return nil, fmt.Errorf("read privileges of columns: %w", err)
	}
	err = rows(
		ctx,
		c,
		`select r as "R", p.oid::int as "O" from unnest(`+list+
			`) r, pg_proc p join pg_namespace n on n.oid = pronamespace
		where `+notSystem+` and has_function_privilege(r, p.oid, 'execute')`,
		func(v row) {
			p.execute[privilege{v.R, v.O, ""}] = true
		},
	)
	if err != nil {
		return nil, fmt.Errorf("read privileges of functions: %w", err)
	}
	err = rows(
		ctx,
		c,
		`select r as "R", n.nspname as "S", has_schema_privilege(r, n.oid, 'create') as "W" from unnest(`+list+
			`) r, pg_namespace n
		where `+notSystem+` and has_schema_privilege(r, n.oid, 'usage')`,
		func(v row) {
			p.usage[v.R+"\x00"+v.S] = true
			p.create[v.R+"\x00"+v.S] = v.W
		},
	)
	return p, err
}

// Can says whether a role holds a privilege on all columns of a relation.
func (p *Privileges) Can(role string, r *Relation, verb string) bool {
	return p.usage[role+"\x00"+r.Schema] && p.tables[privilege{role, r.OID, verb}]
}

// Some says whether a role holds a privilege on at least one column.
func (p *Privileges) Some(role string, r *Relation, verb string) bool {
	return p.Can(role, r, verb) || p.usage[role+"\x00"+r.Schema] && len(p.columns[privilege{role, r.OID, verb}]) > 0
}

// Column says whether a role holds a privilege on a column.
func (p *Privileges) Column(role string, r *Relation, verb string, num int) bool {
	return p.Can(role, r, verb) || p.usage[role+"\x00"+r.Schema] && p.columns[privilege{role, r.OID, verb}][num]
}

// Execute says whether a role may call a function.
func (p *Privileges) Execute(role string, f *Function) bool {
	return p.usage[role+"\x00"+f.Schema] && p.execute[privilege{role, f.OID, ""}]
}

// Usage says whether a role may look into a schema.
func (p *Privileges) Usage(role, schema string) bool { return p.usage[role+"\x00"+schema] }
