// Package browse does with a real browser what no client without scripts can
// see: what a page keeps in the browser's storage after somebody has signed in
// or recovered an account, which addresses carry a token, and what a service
// worker has put aside. The browser reaches the target and nothing else: all it
// asks for goes through a door of ours.
package browse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// longest is how long one flow may take.
const longest = 90 * time.Second

// ErrNoBrowser says that there is nothing to browse with.
var ErrNoBrowser = errors.New("no browser is installed: install chromium, or name one with TIJORI_BROWSER")

var names = []string{"chromium-headless-shell", "headless-shell", "chromium", "chromium-browser", "google-chrome"}

// Browser is the path of a browser.
func Browser() (string, error) {
	if path := os.Getenv("TIJORI_BROWSER"); path != "" {
		return path, nil
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	if cache, err := os.UserCacheDir(); err == nil {
		for _, name := range names {
			if path, err := exec.LookPath(filepath.Join(cache, "tijori", "bin", name)); err == nil {
				return path, nil
			}
		}
	}
	return "", ErrNoBrowser
}

// A Flow is what somebody does: open a page, fill in its form, and look around.
type Flow struct {
	Address  string            // of the target
	Start    string            // the page with the form
	Fields   map[string]string // of the form, by name; none: the page alone
	Visit    []string          // pages to open afterwards
	Proves   string            // the page that shows that it worked
	Contains string            // and the text that it shows
	SignOut  string            // "POST /logout", done last; empty: nobody signs out
	Personal []string          // texts that belong to this person
	Longest  time.Duration     // 0 means a minute and a half
}

// Seen is what the browser held and asked for.
type Seen struct {
	Local   map[string]string // as it was before signing out
	Session map[string]string
	Cookies string // that scripts can read
	Pages   []string
	Asked   []Asked
	Kept    []Kept // in caches of service workers, after signing out
	Worker  bool   // a service worker is at work
	Refused []string
}

// Asked is a request of the browser, with the referrer that it sent.
type Asked struct {
	URL, Referrer string
}

// Kept is an answer in a cache that scripts manage.
type Kept struct {
	Cache, URL, Text string // the personal text that it holds
}

// Run plays a flow in a browser of its own.
func Run(ctx context.Context, path string, door *Door, f Flow) (_ *Seen, err error) {
	if f.Longest == 0 {
		f.Longest = longest
	}
	ctx, cancel := context.WithTimeout(ctx, f.Longest)
	defer cancel()
	profile, err := os.MkdirTemp("", "tijori-browser-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, removeSoon(profile)) }()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(profile),
		chromedp.ProxyServer("http://"+door.Address()), chromedp.Flag("proxy-bypass-list", "<-loopback>"),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-webrtc", true))
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // it does not start as root otherwise
	}
	ctx, end := chromedp.NewExecAllocator(ctx, opts...)
	defer end()
	ctx, end = chromedp.NewContext(ctx)
	defer end()
	p := &play{ctx: ctx, flow: f, seen: &Seen{}}
	if err := p.watch(); err != nil {
		return nil, err
	}
	err = p.run()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen.Refused = door.Refused()
	return p.seen, err
}

// removeSoon removes the profile, which the browser may be writing to for a moment still.
func removeSoon(dir string) error {
	var err error
	for range 50 {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// A play is a flow under way.
type play struct {
	ctx  context.Context //nolint:containedctx // the browser's tab is named by it
	flow Flow

	mu   sync.Mutex
	seen *Seen
}

// watch notes what the browser asks for.
func (p *play) watch() error {
	if err := chromedp.Do(p.ctx); err != nil {
		return err
	}
	if _, err := chromedp.Call(p.ctx, network.Enable, network.EnableParams{}); err != nil {
		return err
	}
	events := chromedp.Events(p.ctx, network.RequestWillBeSent)
	go func() {
		for e, err := range events {
			if err != nil {
				return
			}
			p.note(e)
		}
	}()
	questions := chromedp.Events(p.ctx, page.JavascriptDialogOpening)
	go p.dismiss(questions)
	return nil
}

// dismiss answers no to whatever a page asks, so that it does not wait for a person.
func (p *play) dismiss(questions iter.Seq2[page.EventJavascriptDialogOpening, error]) {
	for _, err := range questions {
		if err != nil {
			return
		}
		no := page.HandleJavaScriptDialogParams{Accept: false}
		if _, err := chromedp.Call(p.ctx, page.HandleJavaScriptDialog, no); err != nil && p.ctx.Err() != nil {
			return
		}
	}
}

func (p *play) note(e network.EventRequestWillBeSent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Request == nil || len(p.seen.Asked) >= 2000 {
		return
	}
	referrer := ""
	for name, v := range e.Request.Headers {
		if strings.EqualFold(name, "referer") {
			referrer = fmt.Sprint(v)
		}
	}
	p.seen.Asked = append(p.seen.Asked, Asked{e.Request.URL, referrer})
	if e.Type == "Document" {
		p.seen.Pages = append(p.seen.Pages, e.Request.URL)
	}
}

func (p *play) run() error {
	if err := p.open(p.flow.Start); err != nil {
		return err
	}
	if len(p.flow.Fields) > 0 {
		if err := p.submit(); err != nil {
			return err
		}
	}
	if err := p.settle(); err != nil {
		return err
	}
	for _, page := range p.flow.Visit {
		if err := p.open(page); err != nil {
			return err
		}
		if err := p.settle(); err != nil {
			return err
		}
	}
	if p.flow.Proves != "" {
		if err := p.open(p.flow.Proves); err != nil {
			return err
		}
		text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.documentElement.innerText`))
		if err != nil {
			return err
		}
		if !strings.Contains(text, p.flow.Contains) {
			return fmt.Errorf("%s does not show %q in the browser", p.flow.Proves, p.flow.Contains)
		}
		if err := p.settle(); err != nil {
			return err
		}
	}
	return p.leave()
}

// leave reads the storage, signs out, and looks at what is kept all the same.
func (p *play) leave() error {
	held, err := p.held()
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.seen.Local, p.seen.Session, p.seen.Cookies = held.Local, held.Session, held.Cookies
	p.mu.Unlock()
	if verb, path, ok := strings.Cut(p.flow.SignOut, " "); ok {
		js := fmt.Sprintf(`fetch(%s, {method: %s, credentials: "include"}).then(r => r.status)`, quoted(path), quoted(verb))
		if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[int](js, chromedp.EvalAwaitPromise)); err != nil {
			return fmt.Errorf("signing out: %w", err)
		}
	}
	kept, err := chromedp.Run(p.ctx, chromedp.Evaluate[struct {
		Worker bool
		Kept   []Kept
	}](fmt.Sprintf(keptJS, quoted(p.flow.Personal)), chromedp.EvalAwaitPromise))
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.seen.Worker, p.seen.Kept = kept.Worker, kept.Kept
	p.mu.Unlock()
	return nil
}

func (p *play) open(path string) error {
	if err := chromedp.Do(p.ctx, chromedp.Navigate(p.flow.Address+path)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// submit fills the form in as somebody who types, and sends it.
func (p *play) submit() error {
	missing, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](fmt.Sprintf(submitJS, quoted(p.flow.Fields))))
	if err != nil {
		return err
	}
	if missing != "" {
		return fmt.Errorf("%s has no field %q", p.flow.Start, missing)
	}
	return nil
}

type held struct {
	At, Cookies    string
	Ready          bool
	Local, Session map[string]string
}

func (p *play) held() (held, error) {
	return chromedp.Run(p.ctx, chromedp.Evaluate[held](heldJS))
}

// settle waits until the page is loaded, and neither the address nor the storage has changed for a second.
func (p *play) settle() error {
	last, same := "", time.Now()
	for begin := time.Now(); time.Since(begin) < 15*time.Second; {
		h, err := p.held()
		if p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		if err != nil { // between two pages
			same = time.Now()
			time.Sleep(50 * time.Millisecond)
			continue
		}
		now := fmt.Sprint(h)
		if now != last || !h.Ready {
			last, same = now, time.Now()
		}
		if time.Since(same) > time.Second {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil // a page that never rests is judged as it is
}

// quoted is a value as JavaScript has it.
func quoted(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(b)
}
