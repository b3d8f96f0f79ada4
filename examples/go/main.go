// Command go is an app that sells a monthly plan and credits with Tijori: it draws posters, one for ten credits.
//
//	TIJORI_URL=http://127.0.0.1:8080 TIJORI_KEY=tj_test_sk_… go run ./examples/go
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"os"
	"sync"

	"github.com/tijorihq/tijori/client"
)

// An app is one that sells. Its jobs live as long as it does.
type app struct {
	tijori  *client.Client
	origin  string // of its pages, which Tijori knows
	secrets []string
	mu      sync.Mutex
	jobs    map[string]*job
	people  map[string]string // session to organisation
}

type job struct {
	org, title string
	drawn      bool
}

func main() {
	origin := os.Getenv("APP_URL")
	if origin == "" {
		origin = "http://localhost:3000"
	}
	tijori := client.New(os.Getenv("TIJORI_URL"), os.Getenv("TIJORI_KEY"))
	a := newApp(tijori, origin, os.Getenv("TIJORI_WEBHOOK_SECRET"))
	address := "localhost:3000"
	fmt.Println("open", origin)
	log.Fatal(http.ListenAndServe(address, a.routes()))
}

func newApp(tijori *client.Client, origin, secret string) *app {
	a := &app{tijori: tijori, origin: origin, jobs: map[string]*job{}, people: map[string]string{}}
	if secret != "" {
		a.secrets = []string{secret}
	}
	return a
}

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("POST /sign-in", a.signIn)
	mux.HandleFunc("POST /buy", a.forCustomer(a.buy))
	mux.HandleFunc("POST /top-up", a.forCustomer(a.topUp))
	mux.HandleFunc("POST /cancel", a.forCustomer(a.cancel))
	mux.HandleFunc("GET /paid", a.forCustomer(a.paid))
	mux.HandleFunc("POST /jobs", a.forCustomer(a.addJob))
	mux.HandleFunc("POST /jobs/{id}", a.forCustomer(a.draw))
	mux.HandleFunc("POST /hooks/tijori", a.hook)
	site := http.NewCrossOriginProtection()
	site.AddInsecureBypassPattern("POST /hooks/tijori") // signed
	return site.Handler(mux)
}

var page = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><meta charset="utf-8">
<title>Poster press</title><meta name="viewport" content="width=device-width"><h1>Poster press</h1>
{{with .State}}<p>{{.ID}} is on {{.Plan}}{{with .EndsAt}}, until {{.Format "2 January 2006"}}{{end}}.</p>
{{range .Meters}}<p>{{.Balance}} {{.Meter}} left</p>{{end}}
<form method="post" action="/jobs"><label>What to draw <input name="title" required></label><button>Next</button></form>
<form method="post" action="/buy"><button name="provider" value="razorpay">Get Studio by Razorpay</button>
<button name="provider" value="stripe">Get Studio by Stripe</button></form>
<form method="post" action="/top-up"><button name="provider" value="razorpay">Buy 50 credits by Razorpay</button>
<button name="provider" value="stripe">Buy 50 credits by Stripe</button></form>
<form method="post" action="/cancel"><button>Cancel plan</button></form>
{{else}}<form method="post" action="/sign-in"><label>Your organisation <input name="org" required></label>
<button>Sign in</button></form>{{end}}
{{with .Job}}<form method="post" action="/jobs/{{.}}"><button>Draw it for 10 credits</button></form>{{end}}</html>`))

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	var view struct {
		State *client.State
		Job   string
	}
	if org, ok := a.signedIn(r); ok {
		state, err := a.tijori.Customer(org).State(r.Context())
		if err != nil {
			a.refuse(w, err)
			return
		}
		view.State, view.Job = state, r.FormValue("job")
	}
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("Vary", "Cookie")
	if err := page.Execute(w, view); err != nil {
		log.Print("the page could not be sent")
	}
}

// signIn believes whoever says a name: put a sign-in of your own in its place. The session is the server's secret.
func (a *app) signIn(w http.ResponseWriter, r *http.Request) {
	org := r.PostFormValue("org")
	if _, err := a.tijori.Customer(org).Put(r.Context(), client.Profile{Name: org}); err != nil {
		a.refuse(w, err)
		return
	}
	session := rand.Text()
	a.mu.Lock()
	a.people[session] = org
	a.mu.Unlock()
	http.SetCookie(w, &http.Cookie{
		Name: "session", Value: session, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *app) signedIn(r *http.Request) (org string, ok bool) {
	c, err := r.Cookie("session")
	if err != nil {
		return "", false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	org, ok = a.people[c.Value]
	return org, ok
}

// forCustomer serves whoever is signed in. What a request says of itself names nobody.
func (a *app) forCustomer(
	do func(http.ResponseWriter, *http.Request, *client.Customer, string) error,
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		org, ok := a.signedIn(r)
		if !ok {
			http.Error(w, "Sign in first.", http.StatusUnauthorized)
			return
		}
		if err := do(w, r, a.tijori.Customer(org), org); err != nil {
			a.refuse(w, err)
		}
	}
}

func (a *app) buy(w http.ResponseWriter, r *http.Request, c *client.Customer, _ string) error {
	got, err := c.Checkout(r.Context(), client.Purchase{
		Plan: "studio", Interval: "month", Provider: r.PostFormValue("provider"), ReturnURL: a.origin + "/paid",
		Key: "page " + rand.Text(),
	})
	if err == nil {
		http.Redirect(w, r, got.URL, http.StatusSeeOther)
	}
	return err
}

func (a *app) topUp(w http.ResponseWriter, r *http.Request, c *client.Customer, _ string) error {
	address, err := c.TopUp(r.Context(), client.Purchase{
		TopUp: "pack", Provider: r.PostFormValue("provider"), ReturnURL: a.origin + "/paid", Key: "page " + rand.Text(),
	})
	if err == nil {
		http.Redirect(w, r, address, http.StatusSeeOther)
	}
	return err
}

func (a *app) cancel(w http.ResponseWriter, r *http.Request, c *client.Customer, _ string) error {
	_, err := c.Cancel(r.Context())
	if err == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
	return err
}

// paid is where the customer comes back to. What the address says is not believed: the provider is asked.
func (a *app) paid(w http.ResponseWriter, r *http.Request, c *client.Customer, _ string) error {
	_, err := c.Refresh(r.Context())
	if err == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
	return err
}

// addJob makes a job. Its id is the server's, and the key by which it is paid once.
func (a *app) addJob(w http.ResponseWriter, r *http.Request, _ *client.Customer, org string) error {
	id := rand.Text()
	a.mu.Lock()
	a.jobs[id] = &job{org: org, title: r.PostFormValue("title")}
	a.mu.Unlock()
	http.Redirect(w, r, "/?job="+id, http.StatusSeeOther)
	return nil
}

// draw does a job once, and it is paid once, however often the button is pressed.
func (a *app) draw(w http.ResponseWriter, r *http.Request, c *client.Customer, org string) error {
	id := r.PathValue("id")
	a.mu.Lock()
	j := a.jobs[id]
	a.mu.Unlock()
	if j == nil || j.org != org {
		http.NotFound(w, r)
		return nil
	}
	spend := client.Spend{Amount: 10, Feature: "render", Key: "job " + id, Note: j.title}
	err := c.Gate(r.Context(), spend, func(context.Context) (int64, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		j.drawn = true
		return 10, nil
	})
	if hold := client.Repeated(err); hold != nil && hold.Status == client.Captured {
		err = nil // it is drawn already
	}
	if err == nil {
		fmt.Fprintf(w, "Here is your poster: %s\n", j.title)
	}
	return err
}

// hook takes events. Nothing here decides what a customer may: Check and Gate ask.
func (a *app) hook(w http.ResponseWriter, r *http.Request) {
	if _, err := client.VerifyWebhook(r, a.secrets...); err != nil {
		http.Error(w, "not signed", http.StatusBadRequest)
		return
	}
	log.Print("an event of Tijori has come")
	w.WriteHeader(http.StatusNoContent)
}

// refuse says what Tijori has refused, and keeps to itself what is wrong with the server's own key.
func (a *app) refuse(w http.ResponseWriter, err error) {
	var e *client.Error
	switch {
	case client.Insufficient(err) != nil:
		http.Error(w, "There are not enough credits left.", http.StatusPaymentRequired)
	case errors.As(err, &e) && e.Code == "upgrade_required":
		http.Error(w, "Posters need the plan Studio.", http.StatusForbidden)
	case errors.As(err, &e) && (e.Status == http.StatusConflict || e.Status == http.StatusUnprocessableEntity):
		http.Error(w, e.Detail, e.Status)
	default:
		log.Print("Tijori does not answer, or refuses the key")
		http.Error(w, "Please try again in a moment.", http.StatusServiceUnavailable)
	}
}
