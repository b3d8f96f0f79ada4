package leaky

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
)

// cacheInFront is the shop's own cache, as a CDN in front of it would be.
func (s *Shop) cacheInFront(w http.ResponseWriter, r *http.Request) {
	keeps := s.has(CacheShared) && r.URL.Path == "/receipts" ||
		s.has(CacheDeceived) && strings.HasSuffix(r.URL.Path, ".css") && r.URL.Path != "/assets/app.css"
	if !keeps || r.Method != http.MethodGet {
		s.mux.ServeHTTP(w, r)
		return
	}
	s.mu.Lock()
	kept, ok := s.cache[r.RequestURI]
	s.mu.Unlock()
	if !ok {
		if strings.HasPrefix(r.URL.Path, "/invoices/") {
			r.URL.Path = strings.TrimSuffix(r.URL.Path, "/x.css") // the router is lenient
		}
		key := r.RequestURI
		recorder := httptest.NewRecorder()
		s.mux.ServeHTTP(recorder, r)
		kept = cached{recorder.Header().Clone(), recorder.Body.Bytes()}
		if recorder.Code != http.StatusOK {
			maps.Copy(w.Header(), kept.header)
			w.WriteHeader(recorder.Code)
			write(w, kept.body)
			return
		}
		s.mu.Lock()
		s.cache[key] = kept
		s.mu.Unlock()
	}
	maps.Copy(w.Header(), kept.header)
	write(w, kept.body)
}

func write(w http.ResponseWriter, b []byte) {
	if _, err := bytes.NewReader(b).WriteTo(w); err != nil {
		return
	}
}

func (s *Shop) home(w http.ResponseWriter, r *http.Request) {
	next := r.FormValue("next")
	if next != "" {
		if !s.has(OpenRedirect) && (!strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
			strings.ContainsAny(next, "\\\t\r\n")) {
			next = "/login"
		}
		w.Header().Set("Location", next)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	show(w, `<a href="/login">Sign in</a><link rel="stylesheet" href="/assets/app.css">`, nil)
}

func (s *Shop) me(w http.ResponseWriter, r *http.Request, u *user) {
	if s.has(CacheAllowed) {
		w.Header().Set("Cache-Control", "public, max-age=300")
	}
	if s.has(CacheSilent) {
		w.Header().Del("Cache-Control")
	}
	if s.has(CookieCached) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		if c, err := r.Cookie("session"); err == nil {
			http.SetCookie(w, s.cookie(c.Value))
		}
	}
	text := `<h1>{{.Mail}}</h1><p>Your latest invoices:</p><ul>{{range .Own}}<li>{{.Customer}}</li>{{end}}</ul>`
	text += `<script src="/assets/app.js"></script>`
	if s.has(ThirdParty) {
		text += `<script src="https://metrics.example.net/t.js"></script>`
	}
	if s.has(PageFields) {
		text += `<script id="__NEXT_DATA__" type="application/json">{"props":{"pageProps":{"user":{"email":"owner.private@gmail.com","phone":"+91 98201 55512","internalNote":"slow payer, call her uncle","riskScore":71}}}}</script>`
	}
	show(w, text, map[string]any{"Mail": u.mail, "Own": s.of(u.account)})
}

func (s *Shop) receipts(w http.ResponseWriter, _ *http.Request, u *user) {
	show(w, `<ul>{{range .}}<li>{{.Customer}} has paid {{.Amount}}</li>{{end}}</ul>`, s.of(u.account))
}

func (s *Shop) of(account string) []invoice {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []invoice
	for _, i := range s.invoices {
		if i.Account == account {
			out = append(out, *i)
		}
	}
	return out
}

// invoice is the one with that id, when it is the user's or the flaw is on.
func (s *Shop) invoice(id string, u *user, f Flaw) *invoice {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.invoices[id]
	if i == nil || i.Account != u.account && !s.has(f) {
		return nil
	}
	c := *i
	return &c
}

func missing(w http.ResponseWriter) { http.Error(w, "not found", http.StatusNotFound) }

func (s *Shop) invoicePage(w http.ResponseWriter, r *http.Request, u *user) {
	f := ReadByPath
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		f = ReadByMethod
		if !s.has(f) {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	i := s.invoice(r.PathValue("id"), u, f)
	if i == nil {
		missing(w)
		return
	}
	show(w, `<h1>{{.Customer}}</h1><p>{{.Note}}</p><p>{{.Amount}}</p>
<form method="post" action="/invoices/{{.ID}}/edit"><input type="hidden" name="account" value="{{.Account}}">
<input name="note" value="{{.Note}}"><button>Save</button></form>`, i)
}

func (s *Shop) addInvoice(w http.ResponseWriter, r *http.Request, u *user) {
	i := &invoice{
		ID: newID(), Account: u.account, Customer: r.FormValue("customer"), Note: r.FormValue("note"),
		Amount: 4711,
	}
	s.mu.Lock()
	s.invoices[i.ID] = i
	s.mu.Unlock()
	http.Redirect(w, r, "/invoices/"+i.ID, http.StatusSeeOther)
}

// editInvoice is written as it often is: with a hidden field for the account.
func (s *Shop) editInvoice(w http.ResponseWriter, r *http.Request, u *user) {
	account := u.account
	if s.has(WriteByHidden) && r.FormValue("account") != "" {
		account = r.FormValue("account")
	}
	s.mu.Lock()
	i := s.invoices[r.PathValue("id")]
	if i != nil && (i.Account == account || s.has(WriteByPath)) {
		i.Note = r.FormValue("note")
		s.mu.Unlock()
		http.Redirect(w, r, "/invoices/"+i.ID, http.StatusSeeOther)
		return
	}
	s.mu.Unlock()
	missing(w)
}

func (s *Shop) deleteInvoice(w http.ResponseWriter, r *http.Request, u *user) {
	i := s.invoice(r.PathValue("id"), u, DeleteByPath)
	if i == nil {
		missing(w)
		return
	}
	s.mu.Lock()
	delete(s.invoices, i.ID)
	s.mu.Unlock()
	http.Redirect(w, r, "/me", http.StatusSeeOther)
}

func (s *Shop) invoiceByQuery(w http.ResponseWriter, r *http.Request, u *user) {
	s.answerInvoice(w, s.invoice(r.URL.Query().Get("id"), u, ReadByQuery))
}

func (s *Shop) answerInvoice(w http.ResponseWriter, i *invoice) {
	if i == nil {
		missing(w)
		return
	}
	answer(w, i)
}

func (s *Shop) invoiceByJSON(w http.ResponseWriter, r *http.Request, u *user) {
	f, err := fields(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.answerInvoice(w, s.invoice(word(f, "invoice"), u, ReadByJSON))
}

func (s *Shop) invoiceByForm(w http.ResponseWriter, r *http.Request, u *user) {
	s.answerInvoice(w, s.invoice(r.PostFormValue("invoice"), u, ReadByForm))
}

func (s *Shop) listInvoices(w http.ResponseWriter, r *http.Request, u *user) {
	account := u.account
	if asked := r.URL.Query().Get("account_id"); asked != "" && s.has(ReadByAccount) {
		account = asked
	}
	answer(w, map[string]any{"items": s.of(account)})
}

// sendInvoice checks the invoice of the path, and sends the one of the body.
func (s *Shop) sendInvoice(w http.ResponseWriter, r *http.Request, u *user) {
	f, err := fields(r)
	if err != nil || s.invoice(r.PathValue("id"), u, "") == nil {
		missing(w)
		return
	}
	id := word(f, "copy_of")
	if id == "" {
		id = r.PathValue("id")
	}
	s.answerInvoice(w, s.invoice(id, u, ReadByMix))
}

func (s *Shop) apiMe(w http.ResponseWriter, _ *http.Request, u *user) {
	out := map[string]any{"email": u.mail, "account_id": u.account, "role": u.role}
	if s.has(SecretFields) {
		out["password_hash"] = "$2a$10$Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4YQ"
	}
	answer(w, out)
}

func (s *Shop) bank(w http.ResponseWriter, _ *http.Request, u *user) {
	if u.role != "owner" && !s.has(ReadByRole) {
		missing(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	show(w, `<p>Pays to {{.}}</p><form method="post" action="/bank"><input name="payee"></form>`, s.bankOf(u.account))
}

func (s *Shop) bankOf(account string) string {
	if i := s.invoices["bank-"+account]; i != nil {
		return i.Note
	}
	return "nobody"
}

func (s *Shop) setBank(w http.ResponseWriter, r *http.Request, u *user) {
	if u.role != "owner" && !s.has(WriteByRole) {
		missing(w)
		return
	}
	s.mu.Lock()
	s.invoices["bank-"+u.account] = &invoice{ID: "bank-" + u.account, Account: "bank", Note: r.FormValue("payee")}
	s.mu.Unlock()
	http.Redirect(w, r, "/bank", http.StatusSeeOther)
}

func (s *Shop) planOf(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[id]
	for _, sub := range a.subscriptions {
		if sub.active {
			return "pro"
		}
	}
	return a.plan
}

func (s *Shop) export(w http.ResponseWriter, _ *http.Request, u *user) {
	if s.planOf(u.account) != "pro" && !s.has(PaidForFree) {
		http.Error(w, "exports are part of Pro", http.StatusPaymentRequired)
		return
	}
	w.Header().Set("Content-Type", "text/csv")
	for _, i := range s.of(u.account) {
		fmt.Fprintf(w, "%s,%d\n", i.Customer, i.Amount)
	}
}

func (s *Shop) batch(w http.ResponseWriter, r *http.Request, u *user) {
	f, err := fields(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if s.planOf(u.account) != "pro" && !s.has(BatchForFree) {
		http.Error(w, "batches are part of Pro", http.StatusPaymentRequired)
		return
	}
	i := &invoice{ID: newID(), Account: u.account, Customer: word(f, "customer"), Amount: 4711}
	s.mu.Lock()
	s.invoices[i.ID] = i
	s.mu.Unlock()
	answer(w, i)
}

func (s *Shop) parties(w http.ResponseWriter, _ *http.Request, u *user) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, map[string]any{"items": append([]string{}, s.accounts[u.account].parties...)})
}

func (s *Shop) clearParties(w http.ResponseWriter, _ *http.Request, u *user) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[u.account].parties = nil
	w.WriteHeader(http.StatusNoContent)
}

func (s *Shop) addParty(w http.ResponseWriter, _ *http.Request, u *user) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[u.account]
	n := len(a.parties)
	if s.has(QuotaRaced) {
		s.mu.Unlock()
		pause()
		s.mu.Lock()
	}
	if n >= quota {
		http.Error(w, "the Free plan has 5 parties", http.StatusPaymentRequired)
		return
	}
	a.parties = append(a.parties, newID())
	w.WriteHeader(http.StatusCreated)
}

func (s *Shop) consume(w http.ResponseWriter, _ *http.Request, u *user) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[u.account]
	balance := a.credits
	if s.has(CreditsRaced) {
		s.mu.Unlock()
		pause()
		s.mu.Lock()
	}
	if balance < 10 {
		http.Error(w, "too few credits", http.StatusPaymentRequired)
		return
	}
	a.credits = balance - 10
	answer(w, map[string]any{"balance": a.credits})
}

func (s *Shop) billing(w http.ResponseWriter, _ *http.Request, u *user) {
	plan := s.planOf(u.account)
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, map[string]any{"plan": plan, "credits": s.accounts[u.account].credits})
}
