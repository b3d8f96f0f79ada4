package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Login roles under their default names. None of them is superuser, table owner or BYPASSRLS.
const (
	RoleApp     = "tijori_app"     // requests of users and API keys
	RoleAuth    = "tijori_auth"    // sign-in, recovery, credential issue
	RoleBilling = "tijori_billing" // inbox, reconcile, resets
	RoleJobs    = "tijori_jobs"    // the job queue
	RoleSupport = "tijori_support" // support look-ups
	RoleLog     = "tijori_log"     // adds to the access log and reads nothing
	RoleWatch   = "tijori_watch"   // reads the access log, keeps alerts
)

// defaultPrefix begins the names of an installation's roles unless another
// installation on the same server has them already.
const defaultPrefix = "tijori"

// Roles that nobody logs in as: the owner of the tables, the owner of the
// functions that answer who is asking, and the one that reads everything for a back-up.
const (
	roleOwner  = "tijori_owner"
	roleGuard  = "tijori_guard"
	roleBackup = "tijori_backup"
)

var (
	idleRoles  = []string{roleOwner, roleGuard, roleBackup}
	loginRoles = []string{RoleApp, RoleAuth, RoleBilling, RoleJobs, RoleSupport, RoleLog, RoleWatch}
)

// LoginRoles are the roles that log in, under their default names.
func LoginRoles() []string { return slices.Clone(loginRoles) }

var roleNames = regexp.MustCompile(`\btijori_(owner|guard|backup|app|auth|billing|jobs|support|log|watch)\b`)

// role returns the name that a role has in this installation.
func (c Config) role(name string) string {
	prefix := c.RolePrefix
	if prefix == "" {
		prefix = defaultPrefix
	}
	return prefix + strings.TrimPrefix(name, defaultPrefix)
}

// withRoles returns SQL that is written with the default role names with those of
// this installation.
func (c Config) withRoles(sql string) string {
	return roleNames.ReplaceAllStringFunc(sql, c.role)
}

var validPrefix = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// FindRoles sets RolePrefix to what the database was set up with, for a program that
// does not set it up. Where the administrator cannot connect, the prefix stays as it is.
func (c *Config) FindRoles(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, c.admin())
	if err != nil {
		return nil // a node without an administrator's credential: the setting decides
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return c.findPrefix(ctx, conn)
}

// findPrefix sets RolePrefix. Roles belong to the whole server, so several
// installations need names of their own: a database that is set up says which it has; a new one
// takes the default, or, where another database has that, one made of its name.
func (c *Config) findPrefix(ctx context.Context, conn *pgx.Conn) error {
	if c.RolePrefix != "" && !validPrefix.MatchString(c.RolePrefix) {
		return &SetupError{
			Problem: fmt.Sprintf("%q cannot begin the names of roles", c.RolePrefix),
			Hint:    "TIJORI_ROLE_PREFIX takes lower-case letters, digits and _, forty at most",
		}
	}
	var owner string
	err := conn.QueryRow(ctx,
		`select pg_catalog.pg_get_userbyid(nspowner)::text from pg_catalog.pg_namespace
			where nspname = 'tijori'`).Scan(&owner)
	if err == nil {
		prefix, ok := strings.CutSuffix(owner, "_owner")
		if !ok {
			return &SetupError{
				Problem: "the database has a schema tijori that is not Tijori's: it belongs to the role " + owner,
				Hint:    "use another database",
			}
		}
		if c.RolePrefix != "" && c.RolePrefix != prefix {
			return &SetupError{
				Problem: fmt.Sprintf("this database was set up with roles named %s_…, not %s_…", prefix, c.RolePrefix),
				Hint:    "set TIJORI_ROLE_PREFIX to " + prefix + ", or leave it out",
			}
		}
		c.RolePrefix = prefix
		return nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return &SetupError{Problem: "cannot read the database's schemas", Err: err}
	}
	candidates := []string{c.RolePrefix}
	if c.RolePrefix == "" {
		candidates = []string{defaultPrefix, databasePrefix(conn.Config().Database)}
	}
	for _, prefix := range candidates {
		taken, err := prefixTaken(ctx, conn, prefix)
		if err != nil {
			return err
		}
		if !taken || c.restoring && c.RolePrefix != "" {
			c.RolePrefix = prefix
			return nil
		}
	}
	return &SetupError{
		Problem: "another database on this server has roles named " + candidates[len(candidates)-1] + "_…",
		Hint:    "set TIJORI_ROLE_PREFIX to a name that is not in use",
	}
}

// databasePrefix makes a prefix of a database's name.
func databasePrefix(database string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(database))
	return defaultPrefix + "_" + name[:min(len(name), 32)]
}

// prefixTaken reports whether a role with the prefix owns or may do something in another database.
func prefixTaken(ctx context.Context, conn *pgx.Conn, prefix string) (taken bool, err error) {
	err = conn.QueryRow(ctx, `
		select exists (
			select from pg_catalog.pg_shdepend d
			  join pg_catalog.pg_roles r on d.refclassid = 'pg_catalog.pg_authid'::regclass and r.oid = d.refobjid
			 where r.rolname = $1::text
			   and d.dbid not in (0, (select oid from pg_catalog.pg_database where datname = current_database())))`,
		prefix+"_owner").Scan(&taken)
	if err != nil {
		return false, &SetupError{Problem: "cannot read the server's roles", Err: err}
	}
	return taken, nil
}
