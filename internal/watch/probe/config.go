package probe

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// A Config says what is probed, and how often.
type Config struct {
	Location    string        // where this prober stands, such as "mumbai"; names its part of the history
	Every       time.Duration // between two looks at the addresses
	CanaryEvery time.Duration // between two looks as the canaries
	Timeout     time.Duration // of one request
	Targets     []Target
	Canaries    []Canary
}

// A Target is an address that anybody may open.
type Target struct {
	Name             string // in the history; lower case
	Title, TitleHi   string // on the status page
	URL              string
	Status           int    // that the last answer must have
	Contains         string // text that the answer must hold; "" asks for none
	Hidden           bool   // not on the public page
	followsRedirects bool
}

// A Canary is an account of our own that must never see another canary's data.
type Canary struct {
	Name           string
	Title, TitleHi string
	URL            string // of the server, without a path
	Email          string
	Password       string
	Hidden         bool
}

// The bounds of a configuration.
const (
	maxTargets  = 50
	maxCanaries = 8
)

// file is the form of a configuration on disk.
type file struct {
	Location    string       `toml:"location"`
	Every       string       `toml:"every"`
	CanaryEvery string       `toml:"canary_every"`
	Timeout     string       `toml:"timeout"`
	Targets     []fileTarget `toml:"target"`
	Canaries    []fileCanary `toml:"canary"`
}

type fileTarget struct {
	Name     string `toml:"name"`
	Title    string `toml:"title"`
	TitleHi  string `toml:"title_hi"`
	URL      string `toml:"url"`
	Status   int    `toml:"status"`
	Contains string `toml:"contains"`
	Hidden   bool   `toml:"hidden"`
}

type fileCanary struct {
	Name         string `toml:"name"`
	Title        string `toml:"title"`
	TitleHi      string `toml:"title_hi"`
	URL          string `toml:"url"`
	Email        string `toml:"email"`
	PasswordFile string `toml:"password_file"`
	PasswordEnv  string `toml:"password_env"`
	Hidden       bool   `toml:"hidden"`
}

// Load reads and checks a configuration. The passwords of canaries are in files or in the environment, never in it.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	var f file
	meta, err := toml.Decode(string(text), &f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return nil, fmt.Errorf("%s: there is no setting %s", path, extra[0])
	}
	c := &Config{Location: f.Location}
	for _, one := range []struct {
		name, text   string
		to           *time.Duration
		usual        time.Duration
		least, upTo  time.Duration
		leastAllowed string
	}{
		{"every", f.Every, &c.Every, time.Minute, 10 * time.Second, 10 * time.Minute, "10s to 10m"},
		{"canary_every", f.CanaryEvery, &c.CanaryEvery, 5 * time.Minute, time.Minute, 15 * time.Minute, "1m to 15m"},
		{"timeout", f.Timeout, &c.Timeout, 10 * time.Second, time.Second, time.Minute, "1s to 1m"},
	} {
		*one.to = one.usual
		if one.text == "" {
			continue
		}
		d, err := time.ParseDuration(one.text)
		if err != nil || d < one.least || d > one.upTo {
			return nil, fmt.Errorf("%s: %s is a time of %s, not %q", path, one.name, one.leastAllowed, one.text)
		}
		*one.to = d
	}
	for _, t := range f.Targets {
		c.Targets = append(c.Targets, Target{
			Name: t.Name, Title: t.Title, TitleHi: t.TitleHi, URL: t.URL, Status: t.Status, Contains: t.Contains,
			Hidden: t.Hidden,
		})
	}
	for _, k := range f.Canaries {
		password, err := k.password()
		if err != nil {
			return nil, fmt.Errorf("%s: canary %s: %w", path, k.Name, err)
		}
		c.Canaries = append(c.Canaries, Canary{
			Name: k.Name, Title: k.Title, TitleHi: k.TitleHi, URL: k.URL, Email: k.Email, Password: password,
			Hidden: k.Hidden,
		})
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func (k fileCanary) password() (string, error) {
	switch {
	case (k.PasswordFile == "") == (k.PasswordEnv == ""):
		return "", fmt.Errorf("set password_file or password_env")
	case k.PasswordEnv != "":
		if v := os.Getenv(k.PasswordEnv); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("the environment has no %s", k.PasswordEnv)
	}
	text, err := os.ReadFile(k.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("cannot read the password: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" {
		return "", fmt.Errorf("%s is empty", k.PasswordFile)
	}
	return password, nil
}

var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// Check completes a configuration, and refuses one that cannot be.
func (c *Config) Check() error {
	if c.Location == "" {
		host, err := os.Hostname()
		if err != nil || !plainName.MatchString(strings.ToLower(host)) {
			host = "prober"
		}
		c.Location = strings.ToLower(host)
	}
	if !plainName.MatchString(c.Location) {
		return fmt.Errorf("location is made of a to z, 0 to 9 and -, at most 40, not %q", c.Location)
	}
	if len(c.Targets)+len(c.Canaries) == 0 {
		return fmt.Errorf("there is nothing to probe: add a [[target]]")
	}
	if len(c.Targets) > maxTargets || len(c.Canaries) > maxCanaries {
		return fmt.Errorf("at most %d targets and %d canaries", maxTargets, maxCanaries)
	}
	if len(c.Canaries) == 1 {
		return fmt.Errorf("a canary needs another one whose data it must not see: add a second [[canary]]")
	}
	seen := map[string]bool{}
	for i := range c.Targets {
		t := &c.Targets[i]
		if err := checkName(t.Name, &t.Title, &t.TitleHi, seen); err != nil {
			return err
		}
		if _, err := checkURL(t.URL); err != nil {
			return fmt.Errorf("target %s: %w", t.Name, err)
		}
		if t.Status == 0 {
			t.Status = 200
		}
		if t.Status < 100 || t.Status > 599 {
			return fmt.Errorf("target %s: %d is no HTTP status", t.Name, t.Status)
		}
		t.followsRedirects = t.Status/100 != 3
	}
	emails := map[string]bool{}
	for i := range c.Canaries {
		k := &c.Canaries[i]
		if err := checkName(k.Name, &k.Title, &k.TitleHi, seen); err != nil {
			return err
		}
		u, err := checkURL(k.URL)
		if err != nil {
			return fmt.Errorf("canary %s: %w", k.Name, err)
		}
		if u.Scheme != "https" && !loopback(u.Hostname()) {
			return fmt.Errorf("canary %s: its password would travel in plain text: use https", k.Name)
		}
		if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return fmt.Errorf("canary %s: url is the server's address, without a path", k.Name)
		}
		k.URL = strings.TrimRight(k.URL, "/")
		if k.Email = strings.TrimSpace(k.Email); k.Email == "" || emails[strings.ToLower(k.Email)] {
			return fmt.Errorf("canary %s: each canary needs an email of its own", k.Name)
		}
		emails[strings.ToLower(k.Email)] = true
	}
	return nil
}

func checkName(name string, title, titleHi *string, seen map[string]bool) error {
	if !plainName.MatchString(name) {
		return fmt.Errorf("a name is made of a to z, 0 to 9 and -, at most 40, not %q", name)
	}
	if seen[name] {
		return fmt.Errorf("there are two called %s", name)
	}
	seen[name] = true
	if *title == "" {
		*title = name
	}
	if *titleHi == "" {
		*titleHi = *title
	}
	if len([]rune(*title)) > 80 || len([]rune(*titleHi)) > 80 {
		return fmt.Errorf("the title of %s is longer than 80 characters", name)
	}
	return nil
}

func checkURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, fmt.Errorf("url is an address that begins with https:// or http://, without a password in it")
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
