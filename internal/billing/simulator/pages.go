package simulator

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
)

//go:embed pages
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{"when": unixTime}).ParseFS(files, "pages/*.html"))

// Handler serves both APIs, the payment pages and the control page.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/", s.stripeAPI)
	mux.HandleFunc("POST /razorpay/v1/checkout/embedded", s.embedded)
	mux.HandleFunc("/razorpay/v1/", s.razorpayAPI)

	site := http.NewServeMux()
	site.HandleFunc("GET /{$}", s.control)
	site.HandleFunc("POST /act", s.act)
	site.HandleFunc("GET /c/pay/{id}", s.sessionPage)
	site.HandleFunc("POST /c/pay/{id}", s.paySession)
	site.HandleFunc("GET /p/session/{id}", s.portal)
	site.HandleFunc("GET /razorpay/i/{short}", s.subscriptionPage)
	site.HandleFunc("POST /razorpay/i/{short}", s.paySubscription)
	site.HandleFunc("GET /razorpay/l/{short}", s.linkPage)
	site.HandleFunc("POST /razorpay/l/{short}", s.payLink)
	site.HandleFunc("GET /invoice/{id}", s.invoicePage)
	site.HandleFunc("POST /invoice/{id}", s.payInvoice)
	site.HandleFunc("GET /simulator.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "pages/simulator.css")
	})
	mux.Handle("/", http.NewCrossOriginProtection().Handler(site))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// form-action is open to this machine's addresses because a payment ends with a redirect to the shop, which
		// browsers count.
		w.Header().Set("Content-Security-Policy",
			"default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "+
				"form-action 'self' "+s.c.AppURL+" http://127.0.0.1:* http://localhost:*")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		if !direct(r) {
			http.Error(w, "The simulated payments answer to this machine's own names only, and not through a proxy.",
				http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// direct reports whether a request names this machine, and no proxy has handed it on: a page elsewhere could give its
// own name our address, and a tunnel could let strangers pay with nothing.
func direct(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	for name := range r.Header {
		if name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || name == "True-Client-Ip" ||
			name == "Client-Ip" ||
			strings.HasPrefix(name, "X-Forwarded-") || strings.HasPrefix(name, "X-Original-") ||
			strings.HasPrefix(name, "Cf-") || strings.HasPrefix(name, "X-Envoy-") {
			return false
		}
	}
	return loopback(strings.Trim(host, "[]"))
}

func (s *Simulator) show(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		s.c.Log.Error("simulator: render", "page", name, "error", err)
		http.Error(w, "the page could not be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func (s *Simulator) sorry(w http.ResponseWriter, status int, text string) {
	s.show(w, status, "sorry.html", struct{ Text, Home string }{text, s.c.AppURL + "/billing"})
}

// payView is a payment page of either provider.
type payView struct {
	Provider, Plan, Amount, Interval, Email, Action, Cancel, Notice string
	Form                                                            bool // Razorpay's way back is a form that is posted
	Paid                                                            Paid
	Home                                                            string
}

func (s *Simulator) payView(provider, price, email, action, cancel string) payView {
	p := s.prices[price]
	return payView{
		Provider: provider, Plan: p.Name, Amount: money.Amount{Minor: p.Amount, Currency: p.Currency}.Short(),
		Interval: p.Interval, Email: email,
		Action: action, Cancel: cancel, Home: s.c.AppURL + "/billing",
	}
}

func (s *Simulator) openSession(r *http.Request) (v payView, ok bool) {
	s.change(func() {
		s.pass()
		c := s.s.Sessions[r.PathValue("id")]
		if c == nil || c.Status != "open" {
			return
		}
		email := ""
		if cus := s.s.Customers[c.Customer]; cus != nil {
			email = cus.Email
		}
		v, ok = s.payView("Stripe", c.Price, email, r.URL.Path, address(c.CancelURL)), true
	})
	return v, ok
}

func (s *Simulator) sessionPage(w http.ResponseWriter, r *http.Request) {
	v, ok := s.openSession(r)
	if !ok {
		s.sorry(w, http.StatusGone, "This checkout is paid, has expired, or was never there.")
		return
	}
	s.show(w, http.StatusOK, "pay.html", v)
}

func (s *Simulator) paySession(w http.ResponseWriter, r *http.Request) {
	v, ok := s.openSession(r)
	if !ok {
		s.sorry(w, http.StatusGone, "This checkout is paid, has expired, or was never there.")
		return
	}
	if r.PostFormValue("do") != "pay" {
		v.Notice = "The card was refused. Nothing was charged."
		s.show(w, http.StatusPaymentRequired, "pay.html", v)
		return
	}
	back, err := s.PaySession(r.PathValue("id"))
	if err != nil {
		s.sorry(w, http.StatusConflict, err.Error())
		return
	}
	s.arrive(r, r.PathValue("id"))
	if address(back) == "" {
		back = v.Home
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// arrive gives the webhooks of a payment a moment to be accepted before the
// customer is sent back, as Stripe's hosted page does.
func (s *Simulator) arrive(r *http.Request, about string) {
	for range 40 {
		waiting := slices.ContainsFunc(s.Events(), func(d Delivery) bool {
			return d.About == about && d.Status == "waiting" && d.Attempts == 0
		})
		if !waiting {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// embedded is Razorpay's hosted checkout: the shop's page posts a form here.
func (s *Simulator) embedded(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if r.PostFormValue("key_id") != RazorpayKeyID {
		s.sorry(w, http.StatusUnauthorized, "The key id of the form is not the simulator's.")
		return
	}
	short := ""
	s.change(func() {
		if sub := s.s.Subscriptions[r.PostFormValue("subscription_id")]; sub != nil && sub.Provider == facts.Razorpay {
			short = sub.Short
			sub.Callback, sub.Cancel = address(r.PostFormValue("callback_url")), address(r.PostFormValue("cancel_url"))
			sub.Email = r.PostFormValue("prefill[email]")
			s.s.changed = true
		}
	})
	if short == "" {
		s.sorry(w, http.StatusNotFound, "There is no such subscription.")
		return
	}
	http.Redirect(w, r, "/razorpay/i/"+short, http.StatusSeeOther)
}

func (s *Simulator) unpaid(r *http.Request) (v payView, ok bool) {
	s.change(func() {
		s.pass()
		if sub := s.razorpayBy(r.PathValue("short")); sub != nil &&
			(sub.Status == "created" || sub.Status == "pending" || sub.Status == "halted") {
			v, ok = s.payView("Razorpay", sub.Price, sub.Email, r.URL.Path, sub.Cancel), true
		}
	})
	return v, ok
}

func (s *Simulator) subscriptionPage(w http.ResponseWriter, r *http.Request) {
	v, ok := s.unpaid(r)
	if !ok {
		s.sorry(w, http.StatusGone, "This subscription is paid, has expired, or was never there.")
		return
	}
	s.show(w, http.StatusOK, "pay.html", v)
}

func (s *Simulator) paySubscription(w http.ResponseWriter, r *http.Request) {
	v, ok := s.unpaid(r)
	if !ok {
		s.sorry(w, http.StatusGone, "This subscription is paid, has expired, or was never there.")
		return
	}
	if r.PostFormValue("do") != "pay" {
		v.Notice = "The bank refused the mandate. Nothing was charged."
		s.show(w, http.StatusPaymentRequired, "pay.html", v)
		return
	}
	paid, err := s.PaySubscription(r.PathValue("short"))
	if errors.Is(err, errNoSuch) { // a cycle is outstanding: the customer pays it with another card
		id := s.idOf(r.PathValue("short"))
		if err = s.PayOpen(id); err == nil {
			paid.SubscriptionID = id
		}
	}
	if err != nil {
		s.sorry(w, http.StatusConflict, err.Error())
		return
	}
	s.arrive(r, paid.SubscriptionID)
	v.Paid, v.Form = paid, paid.Callback != ""
	s.show(w, http.StatusOK, "paid.html", v)
}

// idOf is the id of a Razorpay subscription by its short name.
func (s *Simulator) idOf(short string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sub := s.razorpayBy(short); sub != nil {
		return sub.ID
	}
	return ""
}

// payInvoice is the button of an open invoice's page.
func (s *Simulator) payInvoice(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if err := s.PayInvoice(id); err != nil {
		s.sorry(w, http.StatusConflict, "This invoice is paid, or cannot be paid any more.")
		return
	}
	s.arrive(r, id)
	http.Redirect(w, r, s.c.AppURL+"/billing", http.StatusSeeOther)
}

func (s *Simulator) invoicePage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	in := s.s.Invoices[r.PathValue("id")]
	var copied invoice
	if in != nil {
		copied = *in
	}
	s.mu.Unlock()
	if in == nil {
		s.sorry(w, http.StatusNotFound, "There is no such invoice.")
		return
	}
	s.show(w, http.StatusOK, "invoice.html", struct {
		invoice
		Money, Home string
		Payable     bool
	}{
		copied, money.Amount{Minor: copied.total(), Currency: copied.Currency}.Format(), s.c.AppURL + "/billing",
		copied.Provider == facts.Stripe && copied.Status == "open",
	})
}

// subView is a subscription on the control page and on the portal.
type subView struct {
	subscription
	Name, Money, Ending string
	Whose               string // the customer's address, where a checkout told it
	Ended, Outstanding  bool
}

// sessionView is an open checkout on the control page.
type sessionView struct {
	session
	Whose string
}

// purchaseView is a one-time purchase that was paid.
type purchaseView struct {
	Provider                         facts.Provider
	ID, Name, Money, Whose, Refunded string
	Left                             bool
}

// whose is the address of a Stripe customer, "" of one that is not known.
func (s *Simulator) whose(customer string) string {
	if c := s.s.Customers[customer]; c != nil {
		return c.Email
	}
	return ""
}

func (s *Simulator) purchases() (out []purchaseView) {
	for _, l := range sorted(s.s.Links) {
		if l.Payment != "" {
			out = append(out, purchase(facts.Razorpay, l.ID, strings.TrimPrefix(l.Description, "Tijori, "), l.Amount,
				l.Refunded,
				l.Currency))
		}
	}
	for _, c := range sorted(s.s.Sessions) {
		if p := s.prices[c.Price]; c.Intent != "" {
			v := purchase(facts.Stripe, c.ID, p.Name, p.Amount, c.Refunded, p.Currency)
			v.Whose = s.whose(c.Customer)
			out = append(out, v)
		}
	}
	return out
}

func purchase(p facts.Provider, id, name string, amount, refunded int64, currency string) purchaseView {
	v := purchaseView{
		Provider: p, ID: id, Name: name, Money: money.Amount{Minor: amount, Currency: currency}.Short(),
		Left: refunded < amount,
	}
	if refunded > 0 {
		v.Refunded = money.Amount{Minor: refunded, Currency: currency}.Short()
	}
	return v
}

func (s *Simulator) subViews(customer string) []subView {
	var out []subView
	for _, sub := range sorted(s.s.Subscriptions) {
		if customer != "" && sub.Customer != customer {
			continue
		}
		p := s.prices[sub.Price]
		v := subView{
			subscription: *sub, Whose: cmp.Or(s.whose(sub.Customer), sub.Email), Name: p.Name,
			Money:       money.Amount{Minor: p.Amount, Currency: p.Currency}.Short() + " per " + p.Interval,
			Ended:       sub.ended(),
			Outstanding: sub.Open != "",
		}
		switch {
		case sub.ended():
			v.Ending = "ended " + unixTime(sub.EndedAt)
		case sub.CancelAt != 0:
			v.Ending = "ends " + unixTime(sub.CancelAt)
		case sub.NextPrice != "":
			next := s.prices[sub.NextPrice]
			v.Money += ", then " + next.Name + " at " + money.Amount{
				Minor:    next.Amount,
				Currency: next.Currency,
			}.Short() +
				" per " + next.Interval
		case sub.CancelAtEnd:
			v.Ending = "ends " + unixTime(sub.PeriodEnd)
		}
		out = append(out, v)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Created > out[j].Created })
	return out
}

func (s *Simulator) portal(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	subs := s.subViews(r.PathValue("id"))
	s.mu.Unlock()
	back := address(r.URL.Query().Get("return_url"))
	if back == "" {
		back = s.c.AppURL + "/billing"
	}
	s.show(w, http.StatusOK, "portal.html", struct {
		Subs       []subView
		Back, Here string
	}{subs, back, r.URL.RequestURI()})
}

func (s *Simulator) control(w http.ResponseWriter, r *http.Request) {
	v := struct {
		Now        string
		Subs       []subView
		Sessions   []sessionView
		Purchases  []purchaseView
		Deliveries []Delivery
		Hold       bool
		Held       int
		Shop       string
		Notice     string
		CanMove    bool
	}{Shop: s.c.AppURL, Notice: r.URL.Query().Get("notice"), CanMove: s.c.Advance != nil}
	s.change(func() {
		s.pass()
		v.Now, v.Hold = unixTime(s.now()), s.s.Hold
		v.Subs, v.Purchases = s.subViews(""), s.purchases()
		for _, c := range sorted(s.s.Sessions) {
			if c.Status == "open" {
				v.Sessions = append(v.Sessions, sessionView{*c, s.whose(c.Customer)})
			}
		}
	})
	for _, d := range s.Events() {
		if d.Status == "held" {
			v.Held++
		}
		v.Deliveries = append(v.Deliveries, d)
	}
	slices.Reverse(v.Deliveries)
	v.Deliveries = v.Deliveries[:min(len(v.Deliveries), 60)]
	s.show(w, http.StatusOK, "control.html", v)
}

// act does what a button of the control page or the portal says.
func (s *Simulator) act(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<14)
	id, number := r.PostFormValue("id"), 0
	if n := r.PostFormValue("number"); n != "" {
		number, _ = strconv.Atoi(n)
	}
	ctx := r.Context()
	var err error
	switch do := r.PostFormValue("do"); do {
	case "good card":
		err = s.SetCard(id, true)
	case "bad card":
		err = s.SetCard(id, false)
	case "pay":
		err = s.PayOpen(id)
	case "renew":
		err = s.Renew(ctx, id)
	case "cancel":
		err = s.Cancel(id, false)
	case "cancel at end":
		err = s.Cancel(id, true)
	case "resume":
		err = s.Resume(id)
	case "pause":
		err = s.Pause(id)
	case "refund":
		err = s.Refund(id, true)
	case "refund half":
		err = s.Refund(id, false)
	case "refund purchase":
		err = s.RefundPurchase(id, true)
	case "refund half a purchase":
		err = s.RefundPurchase(id, false)
	case "dispute":
		err = s.Dispute(id)
	case "delete customer":
		err = s.DeleteCustomer(id)
	case "advance":
		var days int
		if days, err = strconv.Atoi(r.PostFormValue("days")); err == nil {
			err = s.Advance(ctx, time.Duration(days)*24*time.Hour)
		}
	case "hold":
		err = s.Hold(true)
	case "do not hold":
		err = s.Hold(false)
	case "release":
		err = s.Release(false)
	case "release backwards":
		err = s.Release(true)
	case "again":
		err = s.Again(number, false)
	case "unsigned":
		err = s.Again(number, true)
	case "drop":
		err = s.Drop(number)
	default:
		err = fmt.Errorf("there is no button %q", do)
	}
	to := "/"
	if back := r.PostFormValue("back"); strings.HasPrefix(back, "/p/session/") {
		to = back
	}
	if err != nil {
		s.sorry(w, http.StatusConflict, "That was not possible: "+err.Error()+".")
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
