package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/platform"
)

type appCmd struct {
	Create  appCreateCmd  `cmd:"" help:"Make an app: its customers, plans and keys are its own. Test and live share nothing."`
	List    appListCmd    `cmd:"" help:"List the apps."`
	Origins appOriginsCmd `cmd:"" help:"Say where an app's customers may be led back to, and where its tokens are good."`
	Tokens  appTokensCmd  `cmd:"" help:"End every token of an app's customers at once."`
	Key     appKeyCmd     `cmd:"" help:"Keys of an app: create, list, rotate, revoke."`
}

type appKeyCmd struct {
	Create appKeyCreateCmd `cmd:"" help:"Make a key and print it, once. Only its hash is kept."`
	List   appKeyListCmd   `cmd:"" help:"List the keys of an app, the newest first."`
	Rotate appKeyRotateCmd `cmd:"" help:"Make a key that may what another may, and print it, once. Both are good until the old one is revoked."`
	Revoke appKeyRevokeCmd `cmd:"" help:"End a key at once."`
}

// appFlags are of commands about apps.
type appFlags struct {
	databaseFlags `embed:""`
}

// with connects beside a running server, or without one, for the time of fn.
func (f *appFlags) with(e *env, fn func(*database) error) error {
	d, err := f.beside(e)
	if err != nil {
		return err
	}
	return errors.Join(said(fn(d)), d.Close())
}

// said makes what breaks a rule a mistake in the command.
func said(err error) error {
	if fault.Is(err, fault.Invalid) {
		return usagef("%s", fault.Of(err).Sentence())
	}
	return err
}

// find returns an app by its id.
func (d *database) find(e *env, id string) (platform.Listed, error) {
	list, err := platform.ListApps(e, d.DB)
	if err != nil {
		return platform.Listed{}, err
	}
	for _, a := range list {
		if a.ID == id {
			return a, nil
		}
	}
	return platform.Listed{}, fmt.Errorf("there is no app %s\ntijori app list shows all", id)
}

type appCreateCmd struct {
	appFlags `embed:""`

	Name   string   `arg:"" help:"Its id: lower-case letters, digits and hyphens. The test mode of acme is acme-test."`
	Mode   string   `required:"" enum:"live,test" help:"live or test."`
	Title  string   `placeholder:"TEXT" help:"What people call it (default: its id)."`
	Origin []string `placeholder:"URL" help:"Where its pages are, such as https://app.example.com; more than once for several."`
}

// Run makes the app and says what is missing.
func (c *appCreateCmd) Run(e *env) error {
	id, err := platform.AppID(c.Name, c.Mode)
	if err != nil {
		return said(err)
	}
	title := strings.TrimSpace(c.Title)
	if title == "" {
		title = id
	}
	return c.with(e, func(d *database) error {
		list, err := platform.ListApps(e, d.DB)
		if err != nil {
			return err
		}
		for _, a := range list {
			if a.ID == id {
				return fmt.Errorf("there is an app %s already", id)
			}
		}
		if err := platform.CreateApp(e, d.DB, id, title, c.Mode, c.Origin); err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.stdout, "%s is made, %s\n"+
			"  plans  write a plan file that begins with app = %q, name it in TIJORI_APP_PLANS and restart\n"+
			"  keys   tijori app key create %s --name server\n", id, c.Mode, id, id)
		return err
	})
}

type appListCmd struct {
	appFlags `embed:""`
}

// Run lists the apps.
func (c *appListCmd) Run(e *env) error {
	return c.with(e, func(d *database) error {
		list, err := platform.ListApps(e, d.DB)
		if err != nil {
			return err
		}
		return table(e.stdout, "APP\tMODE\tMADE\tNAME\tORIGINS", func(row func(...any)) {
			for _, a := range list {
				row(a.ID, a.Mode, stamp(a.CreatedAt), a.Name, dash(strings.Join(a.Origins, ", ")))
			}
		})
	})
}

type appOriginsCmd struct {
	appFlags `embed:""`

	App    string   `arg:"" help:"The app's id."`
	Origin []string `arg:"" optional:"" help:"Its origins, such as https://app.example.com; none closes all."`
}

// Run replaces the list.
func (c *appOriginsCmd) Run(e *env) error {
	return c.with(e, func(d *database) error {
		origins := append([]string{}, c.Origin...)
		if err := platform.SetOrigins(e, d.DB, c.App, origins); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.stdout, "%s: %s\n", c.App, dash(strings.Join(origins, ", ")))
		return err
	})
}

type appTokensCmd struct {
	appFlags `embed:""`

	App string `arg:"" help:"The app's id."`
	End bool   `required:"" help:"End them all."`
}

// Run ends every token.
func (c *appTokensCmd) Run(e *env) error {
	return c.with(e, func(d *database) error {
		if err := platform.EndTokens(e, d.DB, c.App); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.stdout, "every customer token of %s has ended\n", c.App)
		return err
	})
}

type appKeyCreateCmd struct {
	appFlags `embed:""`

	App   string   `arg:"" help:"The app's id."`
	Name  string   `required:"" help:"What it is for; it stands in lists."`
	Kind  string   `default:"server" enum:"server,publishable" help:"server, or publishable for pages: it reads what is sold (default: ${default})."`
	Scope []string `placeholder:"SCOPE" help:"What a server key may: customers:read, customers:write, credits:spend, billing:write, webhooks:write (default: all)."`
}

// Run prints the key. It is not kept anywhere.
func (c *appKeyCreateCmd) Run(e *env) error {
	return c.with(e, func(d *database) error {
		app, err := d.find(e, c.App)
		if err != nil {
			return err
		}
		key, _, err := platform.CreateKey(e, d.DB, app, c.Kind, c.Name, c.Scope)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(e.stdout, key)
		return err
	})
}

type appKeyListCmd struct {
	appFlags `embed:""`

	App string `arg:"" help:"The app's id."`
}

// Run lists the keys, never the keys themselves.
func (c *appKeyListCmd) Run(e *env) error {
	return c.with(e, func(d *database) error {
		app, err := d.find(e, c.App)
		if err != nil {
			return err
		}
		list, err := platform.ListKeys(e, d.DB, app.ID)
		if err != nil {
			return err
		}
		return table(e.stdout, "KEY\tID\tKIND\tMADE\tENDED\tNAME\tMAY", func(row func(...any)) {
			for _, k := range list {
				ended := "–"
				if !k.RevokedAt.IsZero() {
					ended = stamp(k.RevokedAt)
				}
				row(k.Hint+"…", k.ID, k.Kind, stamp(k.CreatedAt), ended, k.Name, dash(strings.Join(k.Scopes, " ")))
			}
		})
	})
}

type appKeyRotateCmd struct {
	appFlags `embed:""`

	App string    `arg:"" help:"The app's id."`
	Key uuid.UUID `arg:"" help:"The id of the key to replace, as tijori app key list shows it."`
}

// Run prints the new key. The old one goes on, so that no request fails while programs are given the new one.
func (c *appKeyRotateCmd) Run(e *env) error {
	return c.with(e, func(d *database) error {
		app, err := d.find(e, c.App)
		if err != nil {
			return err
		}
		list, err := platform.ListKeys(e, d.DB, app.ID)
		if err != nil {
			return err
		}
		for _, k := range list {
			if k.ID != c.Key {
				continue
			}
			if !k.RevokedAt.IsZero() {
				return fmt.Errorf("this key has ended already\ntijori app key create %s makes another", app.ID)
			}
			key, _, err := platform.CreateKey(e, d.DB, app, k.Kind, k.Name, k.Scopes)
			if err != nil {
				return err
			}
			fmt.Fprintln(e.stdout, key)
			fmt.Fprintf(e.stderr, "both are good; when no program uses the old one: tijori app key revoke %s %s\n", app.ID, k.ID)
			return nil
		}
		return fmt.Errorf("%s has no such key\ntijori app key list %s shows all", app.ID, app.ID)
	})
}

type appKeyRevokeCmd struct {
	appFlags `embed:""`

	App string    `arg:"" help:"The app's id."`
	Key uuid.UUID `arg:"" help:"The key's id, as tijori app key list shows it."`
}

// Run ends the key. What asks with it is refused from then on.
func (c *appKeyRevokeCmd) Run(e *env) error {
	return c.with(e, func(d *database) error {
		if err := platform.RevokeKey(e, d.DB, c.App, c.Key); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.stdout, "%s opens nothing any more\n", c.Key)
		return err
	})
}
