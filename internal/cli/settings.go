package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/argon2"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/embedded"
)

// databaseFlags say which database a command works on.
type databaseFlags struct {
	DatabaseURL    string `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"PostgreSQL 15+ to use, as a role with CREATEROLE and CREATE on the database. Without it Tijori runs its own."`
	AdminURL       string `name:"admin-url" env:"TIJORI_ADMIN_URL" placeholder:"URL" help:"Where to set up and migrate, with a role that may; DATABASE_URL then only says where to serve (default: DATABASE_URL)."`
	DatabaseSecret string `env:"TIJORI_DATABASE_SECRET" placeholder:"TEXT" help:"What the passwords of Tijori's login roles are derived from (default: the password in TIJORI_ADMIN_URL or DATABASE_URL)."`
	RolePrefix     string `env:"TIJORI_ROLE_PREFIX" placeholder:"NAME" help:"What the names of Tijori's roles begin with (default: what the database was set up with; for a new one tijori, or tijori_DATABASE where another installation on the server has that)."`
	Data           string `env:"TIJORI_DATA" placeholder:"DIR" help:"State directory (default: ./tijori-data, as root /var/lib/tijori)."`
	PoolSize       int    `env:"TIJORI_POOL_SIZE" placeholder:"N" help:"Connections for requests, 4 to 200; others grow with it (default: 8, which makes 46 in all)."`
	SharedBuffers  string `env:"TIJORI_SHARED_BUFFERS" placeholder:"SIZE" help:"Memory that Tijori's own PostgreSQL keeps pages in (default: 128MB)."`
	MaxConnections int    `env:"TIJORI_MAX_CONNECTIONS" placeholder:"N" help:"Connections that Tijori's own PostgreSQL accepts (default: 60, or as many as the pool size needs)."`
	PGBin          string `name:"pg-bin" env:"TIJORI_PG_BIN" placeholder:"DIR" help:"Where the PostgreSQL server programs are."`
}

// defaultData is the state directory where none is named.
func defaultData() string {
	if os.Geteuid() == 0 {
		return "/var/lib/tijori"
	}
	return "tijori-data"
}

// dataDir is the absolute state directory, made when it is missing.
func (f *databaseFlags) dataDir() (string, error) {
	dir := f.Data
	if dir == "" {
		dir = defaultData()
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("cannot use the state directory: %w", err)
	}
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o755 // the database runs below it as another user; its own folder is closed
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return "", &postgres.SetupError{
			Problem: "cannot make the state directory",
			Hint:    "set TIJORI_DATA to a folder that you may write to", Err: err,
		}
	}
	if _, err := os.ReadDir(dir); err != nil {
		return "", &postgres.SetupError{
			Problem: "cannot read the state directory",
			Hint:    "set TIJORI_DATA to a folder that you may read and write", Err: err,
		}
	}
	return dir, nil
}

// A database is one that a command has opened, with what it must close.
type database struct {
	*postgres.DB
	config   postgres.Config
	server   *embedded.Server // nil with DATABASE_URL
	describe string           // for people, without the password
}

// open starts the private PostgreSQL or connects to DATABASE_URL, sets up roles and
// migrations, and opens the pools.
func (f *databaseFlags) open(ctx context.Context) (_ *database, err error) {
	if err := f.checkSizes(); err != nil {
		return nil, err
	}
	d := &database{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if f.DatabaseURL == "" {
		err = d.startPrivate(ctx, f)
	} else {
		err = d.useURL(f)
	}
	if err != nil {
		return nil, err
	}
	if err := postgres.Setup(ctx, &d.config); err != nil {
		return nil, err
	}
	return d, d.openPools(ctx)
}

// openMigrated connects to a database that somebody else sets up and migrates. It needs
// no administrator.
func (f *databaseFlags) openMigrated(ctx context.Context) (_ *database, err error) {
	if f.DatabaseURL == "" {
		return nil, usagef("--no-migrate needs DATABASE_URL\nTijori's own PostgreSQL is set up by the server that runs it")
	}
	if err := f.checkSizes(); err != nil {
		return nil, err
	}
	d := &database{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if err := d.useURL(f); err != nil {
		return nil, err
	}
	if err := d.openPools(ctx); err != nil {
		return nil, err
	}
	return d, d.CheckMigrations(ctx)
}

// moreConnections are those of an installation beside its pools: set-up, back-ups, and commands run beside the server.
const moreConnections = 14

// checkSizes refuses sizes that cannot be.
func (f *databaseFlags) checkSizes() error {
	if f.PoolSize != 0 && (f.PoolSize < 4 || f.PoolSize > 200) {
		return usagef("TIJORI_POOL_SIZE %d is not a number from 4 to 200", f.PoolSize)
	}
	least := postgres.Connections(f.PoolSize) + moreConnections
	if f.DatabaseURL == "" && f.MaxConnections != 0 && f.MaxConnections < least {
		return usagef("TIJORI_MAX_CONNECTIONS %d is too few: the server's pools and its commands need %d", f.MaxConnections, least)
	}
	if f.SharedBuffers != "" && !memorySize.MatchString(f.SharedBuffers) {
		return usagef("TIJORI_SHARED_BUFFERS %q is not a size such as 512MB or 4GB", f.SharedBuffers)
	}
	return nil
}

var memorySize = regexp.MustCompile(`^[1-9][0-9]{0,5}(kB|MB|GB)$`)

func (d *database) openPools(ctx context.Context) (err error) {
	if d.DB, err = postgres.Open(ctx, d.config); err != nil {
		return notOpened(err,
			"every node needs the same TIJORI_DATABASE_SECRET and, where it is set, TIJORI_ROLE_PREFIX; "+
				"a database that is not set up yet needs tijori migrate")
	}
	return nil
}

// notOpened is the reason not to start that postgres.Open gives. Where it gives none, the login roles were refused.
func notOpened(err error, hint string) error {
	if setup, ok := errors.AsType[*postgres.SetupError](err); ok {
		return setup
	}
	return &postgres.SetupError{Problem: "cannot connect as Tijori's own roles", Hint: hint, Err: err}
}

func (d *database) startPrivate(ctx context.Context, f *databaseFlags) error {
	dir, err := f.dataDir()
	if err != nil {
		return err
	}
	config := f.privateConfig(dir)
	if d.server, err = embedded.Start(ctx, config); err != nil {
		return err
	}
	if d.config.Admin, err = pgx.ParseConfig(d.server.DSN("postgres", "postgres")); err != nil {
		return err
	}
	d.config.Private, d.config.PoolSize = true, f.PoolSize
	d.describe = "its own PostgreSQL in " + config.Dir
	return nil
}

// privateConfig is how the private server of a state directory runs.
func (f *databaseFlags) privateConfig(dir string) embedded.Config {
	config := embedded.Config{
		Dir: filepath.Join(dir, "postgres"), Users: postgres.LoginRoles(), SharedBuffers: f.SharedBuffers,
		MaxConnections: max(f.MaxConnections, postgres.Connections(f.PoolSize)+moreConnections),
	}
	if f.PGBin != "" {
		config.BinDirs = filepath.SplitList(f.PGBin)
	}
	return config
}

func (d *database) useURL(f *databaseFlags) error {
	config, err := pgx.ParseConfig(f.DatabaseURL)
	if err != nil {
		return usagef("DATABASE_URL is not a PostgreSQL address\nit looks like postgres://user:password@host:5432/database")
	}
	d.config = postgres.Config{Server: config, Admin: config, RolePrefix: f.RolePrefix, PoolSize: f.PoolSize}
	if f.AdminURL != "" {
		if d.config.Admin, err = pgx.ParseConfig(f.AdminURL); err != nil {
			return usagef("TIJORI_ADMIN_URL is not a PostgreSQL address\nit looks like postgres://user:password@host:5432/database")
		}
	}
	secret := f.DatabaseSecret
	if secret == "" {
		secret = d.config.Admin.Password
	}
	if secret != "" {
		d.config.Password = rolePassword(secret)
	}
	d.describe = fmt.Sprintf("PostgreSQL at %s, database %s", config.Host, config.Database)
	return nil
}

// rolePassword derives the login roles' password, the same on every node that
// knows the secret. The derivation is slow, so that a leaked one does not give the secret away.
func rolePassword(secret string) string {
	salt := sha256.Sum256([]byte("tijori login roles"))
	return hex.EncodeToString(argon2.IDKey([]byte(secret), salt[:], 3, 64<<10, 2, 24))
}

// Close closes the pools and stops the private server.
func (d *database) Close() error {
	if d.DB != nil {
		d.DB.Close()
	}
	if d.server != nil {
		return d.server.Stop()
	}
	return nil
}

// loopback reports whether an address (host:port) listens on this machine only.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func parsePublicURL(text, addr string) (*url.URL, error) {
	if text == "" {
		text = "http://" + addr
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" ||
		u.RawQuery != "" {
		return nil, usagef("TIJORI_PUBLIC_URL %q is not an address such as https://khata.example.com", text)
	}
	u.Path = ""
	return u, nil
}

func parsePrefixes(texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p)
			continue
		}
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return nil, usagef("trusted proxy %q is neither an address nor a network", text)
		}
		out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
	}
	return out, nil
}
