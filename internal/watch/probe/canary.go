package probe

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// A canary is an account of ours while it is signed in. It has planted a party whose name is its mark.
type canary struct {
	*Canary
	client  *http.Client
	in      bool // has a session, as far as is known
	settled bool // and all of what follows is known

	account, business, party string // ids; "" until they are known
	mark                     string // "Canary NAME " and digits that nobody guesses
}

func newCanary(c *Canary, timeout time.Duration) *canary {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // documented never to happen
	}
	return &canary{Canary: c, client: newClient(timeout, jar)}
}

// markOf is how every mark of a canary begins. Names of canaries hold no blank, so no mark begins as another's does.
func markOf(name string) string { return "Canary " + name + " " }

// tell is what gives a canary away: its mark, whichever prober planted it, and its ids.
type tell struct{ what, text string }

func (k *canary) tells() []tell {
	out := []tell{{"the mark", markOf(k.Name)}, {"the address", k.Email}}
	for _, id := range []tell{
		{"the account", k.account},
		{"the business", k.business},
		{"the party", k.party},
	} {
		if id.text != "" {
			out = append(out, id)
		}
	}
	return out
}

// errSignedOut is what a page says to somebody whose session has ended.
var errSignedOut = errors.New("the session has ended")

// lookAsCanaries signs all canaries in, plants what is missing, and then lets each look at its own pages and at those
// of the next one.
func (p *Prober) lookAsCanaries(ctx context.Context) []Result {
	out := make([]Result, len(p.canaries))
	for i, k := range p.canaries {
		out[i] = Result{
			Name: k.Name, Kind: Account, Title: k.Title, TitleHi: k.TitleHi, Hidden: k.Hidden,
			Place: len(p.config.Targets) + i,
		}
		p.twice(ctx, &out[i], func() error { return k.settle(ctx) })
	}
	for i, k := range p.canaries {
		if !out[i].OK || ctx.Err() != nil {
			continue
		}
		settled := out[i].Took
		p.twice(ctx, &out[i], func() error {
			err := p.lookAs(ctx, k, &out[i])
			if errors.Is(err, errSignedOut) {
				k.in, k.settled = false, false
				if err = k.settle(ctx); err == nil {
					err = p.lookAs(ctx, k, &out[i])
				}
			}
			return err
		})
		out[i].Took += settled
	}
	return out
}

// settle signs in where that is necessary, and finds or plants the mark.
func (k *canary) settle(ctx context.Context) error {
	if k.settled {
		return nil
	}
	if !k.in {
		if err := k.signIn(ctx); err != nil {
			return fmt.Errorf("signing in: %w", err)
		}
		k.in = true
	}
	home, err := k.get(ctx, "/")
	if errors.Is(err, errSignedOut) {
		k.in = false
	}
	if err != nil {
		return err
	}
	business, ok := strings.CutPrefix(home.url.Path, "/b/")
	if !ok || uuid.Validate(business) != nil {
		return errors.New("the canary's account does not have exactly one business")
	}
	var me struct {
		AccountID string `json:"account_id"`
	}
	if err := k.read(ctx, "/api/billing/me", &me); err != nil {
		return err
	}
	k.business, k.account = business, me.AccountID
	if err := k.plant(ctx); err != nil {
		return err
	}
	k.settled = true
	return nil
}

func (k *canary) signIn(ctx context.Context) error {
	a, err := k.send(ctx, http.MethodPost, "/login", "application/x-www-form-urlencoded",
		[]byte(url.Values{"email": {k.Email}, "password": {k.Password}}.Encode()))
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(a.url.Path, "/login/second"):
		return errors.New("it asks for a second step, which a canary cannot take")
	case strings.HasPrefix(a.url.Path, "/login") || a.status != http.StatusOK:
		return fmt.Errorf("it answers %d at %s", a.status, pattern(a.url.Path))
	}
	return nil
}

// plant finds the party whose name is the canary's mark, or adds one.
func (k *canary) plant(ctx context.Context) error {
	var list struct {
		Parties []struct{ ID, Name string }
	}
	if err := k.read(ctx, k.api()+"/parties", &list); err != nil {
		return err
	}
	k.party = ""
	for _, one := range list.Parties {
		if strings.HasPrefix(one.Name, markOf(k.Name)) && (k.party == "" || one.ID < k.party) {
			k.party, k.mark = one.ID, one.Name
		}
	}
	if k.party != "" {
		return nil
	}
	var digits [8]byte
	if _, err := rand.Read(digits[:]); err != nil {
		panic(err) // documented never to happen
	}
	mark := markOf(k.Name) + hex.EncodeToString(digits[:])
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{
		"id": id.String(), "kind": "customer", "name": mark, "note": "Planted by tijori watch probe. Do not delete.",
	})
	if err != nil {
		return err
	}
	a, err := k.send(ctx, http.MethodPost, k.api()+"/parties", "application/json", body)
	if err != nil {
		return fmt.Errorf("planting the mark: %w", err)
	}
	if a.status != http.StatusCreated {
		return fmt.Errorf("planting the mark: it answers %d", a.status)
	}
	k.party, k.mark = id.String(), mark
	return nil
}

func (k *canary) api() string  { return "/api/businesses/" + k.business }
func (k *canary) shop() string { return "/b/" + k.business }

// A page is where a canary looks at its own data, and whether its mark must be there.
type page struct {
	path  string
	marks bool
}

// private are pages about one party, book or account: what nobody else may open.
func (k *canary) private() []page {
	return []page{
		{k.shop(), true},
		{k.shop() + "/p/" + k.party, true},
		{k.api() + "/parties", true},
		{k.api() + "/parties/" + k.party, true},
	}
}

func (k *canary) pages() []page {
	return append(k.private(), []page{
		{k.shop() + "/parties/new", false},
		{"/settings", false},
		{"/billing", false},
		{"/team", false},
		{"/api/billing/me", false},
	}...)
}

// lookAs opens the canary's own pages, which must be there and hold nothing of others; the next canary's, which must
// not be there; and its own without a session, as a visitor does who is given what was kept for somebody else. A page
// that fails does not keep it from looking at the others.
func (p *Prober) lookAs(ctx context.Context, k *canary, r *Result) error {
	r.Seen = nil
	var wrong error // the first
	note := func(err error) {
		if wrong == nil {
			wrong = err
		}
	}
	for _, one := range k.pages() {
		a, err := k.get(ctx, one.path)
		if errors.Is(err, errSignedOut) {
			return err
		}
		if err != nil {
			note(err)
			continue
		}
		p.search(k, a, one.path, r)
		if one.marks && !bytes.Contains(a.body, []byte(k.mark)) {
			k.settled = false // somebody deleted it, or this is not our page: find or plant it before the next look
			note(fmt.Errorf("%s does not show the canary's own party", pattern(one.path)))
		}
	}
	visitor := newClient(p.config.Timeout, nil)
	for _, one := range k.private() {
		a, err := k.ask(ctx, visitor, one.path)
		if err != nil {
			note(err)
			continue
		}
		if bytes.Contains(a.body, []byte(k.mark)) {
			r.see(fmt.Sprintf("a visitor is shown canary %s at %s", k.Name, pattern(one.path)))
		}
		p.search(k, a, one.path, r)
	}
	other := p.canaries[(slices.Index(p.canaries, k)+1)%len(p.canaries)]
	if other.party == "" || other.URL != k.URL {
		return wrong
	}
	for _, one := range other.private() {
		a, err := k.ask(ctx, k.client, one.path)
		if err != nil {
			note(err)
			continue
		}
		switch {
		case a.status/100 == 2:
			r.see(fmt.Sprintf("canary %s may open %s of canary %s", k.Name, pattern(one.path), other.Name))
		case a.status != http.StatusNotFound && a.status != http.StatusServiceUnavailable:
			note(fmt.Errorf("%s of another canary answers %d, not 404", pattern(one.path), a.status))
		}
		p.search(k, a, one.path, r)
	}
	return wrong
}

// search looks for anything of another canary in an answer, besides what the path itself named.
func (p *Prober) search(k *canary, a *answer, path string, r *Result) {
	for _, other := range p.canaries {
		if other == k {
			continue
		}
		for _, t := range other.tells() {
			if bytes.Contains(a.body, []byte(t.text)) && !strings.Contains(path, t.text) {
				r.see(fmt.Sprintf("canary %s is shown %s of canary %s at %s", k.Name, t.what, other.Name,
					pattern(path)))
			}
		}
	}
}

const maxSeen = 20

func (r *Result) see(what string) {
	if len(r.Seen) < maxSeen && !slices.Contains(r.Seen, what) {
		r.Seen = append(r.Seen, what)
	}
}

var ids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// pattern is a path without its ids.
func pattern(path string) string { return ids.ReplaceAllString(path, "{id}") }

// get opens a page of the canary, which must be there.
func (k *canary) get(ctx context.Context, path string) (*answer, error) {
	a, err := k.ask(ctx, k.client, path)
	switch {
	case err != nil:
		return nil, err
	case a.status == http.StatusUnauthorized, a.url.Path == "/login":
		return nil, errSignedOut
	case a.status != http.StatusOK:
		return nil, fmt.Errorf("%s answers %d", pattern(path), a.status)
	case a.cut:
		return nil, fmt.Errorf("%s is too large to be searched", pattern(path))
	}
	return a, nil
}

func (k *canary) ask(ctx context.Context, client *http.Client, path string) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.URL+path, nil)
	if err != nil {
		return nil, explain(err)
	}
	a, err := do(client, r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pattern(path), err)
	}
	return a, nil
}

func (k *canary) read(ctx context.Context, path string, into any) error {
	a, err := k.get(ctx, path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("%s answers no JSON", pattern(path))
	}
	return nil
}

func (k *canary) send(ctx context.Context, method, path, kind string, body []byte) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, k.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, explain(err)
	}
	r.Header.Set("Content-Type", kind)
	return do(k.client, r)
}

// signOut ends the session, so that none is left behind.
func (k *canary) signOut(ctx context.Context) {
	if k.in {
		_, _ = k.send(ctx, http.MethodPost, "/logout", "application/x-www-form-urlencoded",
			nil) // it ends without as well
		k.in = false
	}
}
