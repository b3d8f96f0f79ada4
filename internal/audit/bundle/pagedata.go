package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// The bounds of page data.
const (
	maxNodes   = 500_000 // values of one page that are looked at
	maxNesting = 200     // levels; encoding/json itself stops at 10,000
	maxShapes  = 500     // different findings about data
)

// shown is what a visitor sees of a page: its text, and texts in attributes.
type shown struct {
	text   string // lower case, single spaces
	digits string
}

func (s *shown) has(value string) bool {
	value = strings.ToLower(strings.Join(strings.Fields(value), " "))
	return value != "" && strings.Contains(s.text, value)
}

func (s *shown) hasDigits(value string) bool {
	d := onlyDigits(value)
	return len(d) >= 6 && strings.Contains(s.digits, d[max(0, len(d)-10):]) || s.has(value)
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// page reads a page: what it shows, and the data that comes with it.
func (a *auditor) page(f file) {
	seen, scripts := readPage(f.body)
	w := &walk{a: a, file: f.name, seen: seen}
	var pushed strings.Builder
	for _, s := range scripts {
		switch {
		case s.json:
			w.json([]byte(s.text), s.name)
		case strings.Contains(s.text, "__next_f"):
			for _, chunk := range pushedChunks(s.text) {
				pushed.WriteString(chunk)
			}
		default:
			w.script(s.text)
		}
	}
	if pushed.Len() > 0 {
		w.flight(pushed.String())
	}
	w.finish()
}

type pageScript struct {
	name string
	text string
	json bool
}

// readPage takes a page apart. The tokenizer needs no tree, so depth costs nothing.
func readPage(b []byte) (*shown, []pageScript) {
	var text, digits strings.Builder
	var scripts []pageScript
	z := html.NewTokenizer(bytes.NewReader(b))
	var current *pageScript
	hidden, forEngines := "", false
	add := func(s string) {
		text.WriteString(s)
		text.WriteByte(' ')
	}
	for {
		switch z.Next() {
		case html.ErrorToken:
			if current != nil && current.text != "" {
				scripts = append(scripts, *current)
			}
			all := strings.ToLower(strings.Join(strings.Fields(text.String()), " "))
			digits.WriteString(onlyDigits(all))
			return &shown{all, digits.String()}, scripts
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			switch t.Data {
			case "script":
				kind := attr(t, "type")
				forEngines = kind == "application/ld+json"
				current = &pageScript{name: attr(t, "id"), json: strings.Contains(kind, "json")}
			case "style", "template":
				hidden = t.Data
			case "input":
				if attr(t, "type") != "hidden" {
					add(attr(t, "value"))
				}
			}
			for _, a := range t.Attr { // Inertia, Astro and others keep the data of a page in attributes
				if strings.HasPrefix(a.Val, `{"`) || strings.HasPrefix(a.Val, `[{"`) {
					scripts = append(scripts, pageScript{name: a.Key, text: a.Val, json: true})
				}
			}
			for _, name := range []string{"content", "alt", "title", "placeholder", "aria-label"} {
				if v := attr(t, name); v != "" {
					add(v)
				}
			}
			if h := attr(t, "href"); strings.HasPrefix(h, "mailto:") || strings.HasPrefix(h, "tel:") ||
				strings.HasPrefix(h, "https://wa.me/") {
				add(strings.TrimPrefix(strings.TrimPrefix(h, "mailto:"), "tel:"))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if string(name) == hidden {
				hidden = ""
			}
			if string(name) == "script" && current != nil {
				scripts = append(scripts, *current)
				current = nil
			}
		case html.TextToken:
			switch {
			case current != nil && forEngines: // written for search engines, to be shown
				add(string(z.Raw()))
			case current != nil:
				current.text += string(z.Raw())
			case hidden == "":
				add(string(z.Text()))
			}
		}
	}
}

func attr(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// dataFile reads JSON and flight files that frameworks fetch for a page.
func (a *auditor) dataFile(f file) {
	w := &walk{a: a, file: f.name, seen: &shown{}}
	if page := a.pageOf(f.name); page != nil {
		w.seen, _ = readPage(page)
	}
	if flight.Match(f.body[:min(len(f.body), 64)]) {
		w.flight(string(f.body))
	} else if json.Valid(f.body) {
		w.json(f.body, "")
	}
	w.finish()
}

// scriptData reads JSON that a bundler put into a script.
func (a *auditor) scriptData(f file) {
	w := &walk{a: a, file: f.name, seen: &shown{}, built: true}
	w.parsed(string(f.body))
	w.finish()
}

// push is self.__next_f.push([1,"…"]) and what follows its string.
var push = lazyregexp.New(`__next_f(?:\s*\|\|\s*\[\]\))?\.push\(\[\s*1\s*,\s*`)

func pushedChunks(script string) (out []string) {
	for _, at := range push.FindAllStringIndex(script, -1) {
		var chunk string
		if json.NewDecoder(strings.NewReader(script[at[1]:])).Decode(&chunk) == nil {
			out = append(out, chunk)
		}
	}
	return out
}

// flight is how rows of React's payload begin.
var flight = lazyregexp.New(`^(?:[0-9a-f]{0,6}:(?:I\[|HL\[|\[|\{|"|null|T[0-9a-f]+,|E\{|D\{)|:HL\[)`)

// A walk goes through the data of one page.
type walk struct {
	a        *auditor
	file     string
	seen     *shown
	built    bool // in a script: constants of the program, which are often examples
	nodes    int
	personal []exposed
	internal []exposed
	people   map[string]bool
}

// An exposed value is in the data and not on the page.
type exposed struct {
	path     string
	what     string
	masked   string
	severity finding.Severity
}

// flight reads the rows of React's payload.
func (w *walk) flight(s string) {
	for len(s) > 0 {
		colon := strings.IndexByte(s, ':')
		if colon < 0 || colon > 8 {
			_, s, _ = strings.Cut(s, "\n")
			continue
		}
		id, rest := s[:colon], s[colon+1:]
		if strings.HasPrefix(rest, "T") { // a text of so many bytes, which nothing ends
			size, text, ok := strings.Cut(rest[1:min(len(rest), 12)], ",")
			if n, err := strconv.ParseUint(size, 16, 31); ok && err == nil {
				from := 1 + len(size) + 1
				_ = text
				s = rest[min(len(rest), from+int(n)):]
				continue
			}
		}
		row, after, _ := strings.Cut(rest, "\n")
		if strings.HasPrefix(row, "[") || strings.HasPrefix(row, "{") {
			w.json([]byte(row), "row "+id)
		}
		s = after
	}
}

var (
	assigned = lazyregexp.New(`(?:window|self|globalThis)(?:\.([A-Za-z_$][\w$]*)|\[["']([^"']{1,60})["']\])\s*=\s*([{\[(])`)
	parse    = lazyregexp.New(`(?:JSON\.parse|\.enqueue)\(\s*(["'` + "`" + `])`)
)

// script reads data that an inline script assigns: window.__STATE__ = {…}.
func (w *walk) script(s string) {
	for _, m := range assigned.FindAllStringSubmatchIndex(s, 200) {
		name := group(s, m, 1) + group(s, m, 2)
		raw, err := firstValue(s[m[6]:])
		switch {
		case err == nil:
			w.json(raw, name)
		case strings.HasPrefix(name, "__") && m[7]-m[6] == 1 && len(s) > 200:
			w.a.notTested(w.file, "the page data in %s is a program, not JSON; it was searched for secrets only", name)
		}
	}
	w.parsed(s)
}

func group(s string, m []int, n int) string {
	if m[2*n] < 0 {
		return ""
	}
	return s[m[2*n]:m[2*n+1]]
}

func firstValue(s string) (json.RawMessage, error) {
	var raw json.RawMessage
	err := json.NewDecoder(strings.NewReader(s)).Decode(&raw)
	return raw, err
}

// parsed reads the literals that are given to JSON.parse.
func (w *walk) parsed(s string) {
	for _, m := range parse.FindAllStringSubmatchIndex(s, 2000) {
		quote := s[m[2]]
		body := s[m[3]:]
		end := 0
		for end < len(body) && body[end] != quote {
			if body[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(body) {
			continue
		}
		text := []byte(body[:end])
		if l := unescape(text); l != nil && !json.Valid(text) {
			text = jsString(text)
		}
		w.json(text, "JSON.parse")
	}
}

// jsString resolves one level of escapes as JavaScript does.
func jsString(b []byte) []byte {
	var out []byte
	for i := 0; i < len(b); {
		if b[i] != '\\' {
			out = append(out, b[i])
			i++
			continue
		}
		var buf [4]byte
		size, n := escape(b[i:], &buf)
		out = append(out, buf[:n]...)
		i += size
	}
	return out
}

func (w *walk) json(raw []byte, name string) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		if name == "__NEXT_DATA__" {
			w.a.notTested(w.file, "the page data in %s is no JSON", name)
		}
		return
	}
	w.value(name, "", v, 0)
}

// resolved undoes the flat forms of SvelteKit and Nuxt, and of Remix, in which
// every value is the number of another place in one array.
func resolved(v any) any {
	list, ok := v.([]any)
	if !ok || len(list) < 3 {
		return v
	}
	first, ok := list[0].(map[string]any)
	if !ok || len(first) == 0 {
		return v
	}
	// Remix numbers the names as well: {"_1":2}.
	name := func(k string) string {
		if n, err := strconv.Atoi(strings.TrimPrefix(k, "_")); err == nil && strings.HasPrefix(k, "_") && n >= 0 &&
			n < len(list) {
			if s, ok := list[n].(string); ok {
				return s
			}
		}
		return k
	}
	at := func(x any) (any, bool) {
		n, ok := x.(json.Number)
		if !ok {
			return nil, false
		}
		i, err := n.Int64()
		if err != nil || i < 0 || i >= int64(len(list)) {
			return nil, false
		}
		return list[i], true
	}
	for _, x := range first {
		if n, isNumber := x.(json.Number); isNumber && strings.HasPrefix(n.String(), "-") { // undefined, and the like
			continue
		}
		if _, ok := at(x); !ok {
			return v
		}
	}
	out := make([]any, 0, len(list))
	for _, item := range list { // one level: fields beside each other are what the rules read
		fields, ok := item.(map[string]any)
		if !ok {
			continue
		}
		flat := map[string]any{}
		for k, x := range fields {
			if y, ok := at(x); ok {
				switch y.(type) {
				case map[string]any, []any:
				default:
					flat[name(k)] = y
				}
			}
		}
		out = append(out, flat)
	}
	return out
}

func (w *walk) value(path, key string, v any, depth int) {
	if w.nodes++; w.nodes == maxNodes {
		w.a.notTested(w.file, "its data has more than %d values; the rest was not read", maxNodes)
	}
	if w.nodes >= maxNodes {
		return
	}
	if depth > maxNesting {
		w.a.notTested(w.file, "its data is nested more than %d levels deep", maxNesting)
		w.nodes = maxNodes
		return
	}
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			w.value(path+"."+clean(k), k, v[k], depth+1)
		}
	case []any:
		list, ok := resolved(v).([]any)
		if !ok {
			list = v
		}
		for _, item := range list {
			w.value(path+"[]", key, item, depth+1)
		}
	case string:
		w.leaf(path, key, v, false)
	case json.Number:
		w.leaf(path, key, v.String(), true)
	}
}

// clean keeps keys that are ids or texts from making every path different.
func clean(k string) string {
	if len(k) > 40 || strings.ContainsFunc(k, func(r rune) bool {
		return !unicode.IsLetter(r) && r != '_' && r != '-' &&
			!unicode.IsDigit(r)
	}) || len(onlyDigits(k)) > 3 {
		return "*"
	}
	return k
}

var (
	hash       = lazyregexp.New(`^(?:\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|\$argon2(?:id|i|d)\$\S+|\$scrypt\$\S+|\$pbkdf2\S*\$\S+|\$[156]\$\S+\$\S{20,}|pbkdf2_sha256\$\d+\$\S+|scrypt:\S+|\{SS?HA\}\S+)$`)
	email      = lazyregexp.New(`^[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}$`)
	roleEmail  = lazyregexp.New(`(?i)^(?:info|support|help|helpdesk|hello|hi|hey|contact|sales|admin|administrator|webmaster|postmaster|no-?reply|donotreply|team|press|media|privacy|security|legal|abuse|careers|jobs|hr|feedback|billing|accounts|office|mail|service|care|you|your|name|user|email|test|demo|john|jane|john\.doe|jane\.doe|foo|me)[.+\d-]*@|@(?:[\w.-]+\.)?(?:example\.(?:com|org|net)|test\.com|acme\.\w+|domain\.com|email\.com|company\.com|yourdomain\.\w+|sentry\.io|localhost)$|\.(?:png|jpe?g|webp|svg|gif|js|css)$`)
	phoneKey   = lazyregexp.New(`(?i)phone|mobile|whats_?app|(^|_)(tel|msisdn|cell)($|_)|contact_?(no|number)`)
	phone      = lazyregexp.New(`^\+?[0-9][0-9 ()./-]{6,18}[0-9]$`)
	tokenKey   = lazyregexp.New(`(?i)(reset|recovery|invit\w*|confirm\w*|verif\w*|magic|refresh|access|session|auth|otp|one_?time|unsubscribe)_?(token|code|key|secret|hash)$|^(otp|refreshToken|accessToken|api_?key|apiToken|secret)$`)
	passKey    = lazyregexp.New(`(?i)^(password|passwd|pass)_?(hash|digest|salt)?$|^(hashed|encrypted|crypted)_?pass(word)?$`)
	factorKey  = lazyregexp.New(`(?i)(totp|mfa|two_?factor|otp)_?(secret|seed|key)|backup_?codes?|recovery_?codes?`)
	bankKey    = lazyregexp.New(`(?i)^(bank_?)?account_?(number|no)$|^iban$|^ifsc(_?code)?$|^(upi|vpa)(_?id)?$|^routing_?number$`)
	cardKey    = lazyregexp.New(`(?i)^(card_?(number|no)|pan|cvv|cvc)$`)
	identKey   = lazyregexp.New(`(?i)^(aadhaa?r|uidai|pan)_?(card)?_?(number|no)?$|^(ssn|social_security\w*|passport|driving_licen[cs]e|voter_?id|national_?id|tax_?id)_?(number|no)?$`)
	panCard    = lazyregexp.New(`^[A-Z]{5}[0-9]{4}[A-Z]$`)
	birthKey   = lazyregexp.New(`(?i)^(dob|date_?of_?birth|birth_?(date|day))$`)
	noteKey    = lazyregexp.New(`(?i)^(internal|private|admin|staff|moderator|moderation|support|crm|agent|ops|backoffice|hidden)_?(note|comment|remark|memo|description|flag|tag|info|data|message|status|reason)s?$|^notes?_?(internal|private|admin|staff)$`)
	scoreKey   = lazyregexp.New(`(?i)^(risk|fraud|churn|lead|credit|trust|spam|health)_?(score|rating|level|reason|flag)s?$|^(churn|fraud)_?(risk|probability)$|^is_?(blacklisted|fraud|flagged|shadow_?banned)$`)
	costKey    = lazyregexp.New(`(?i)^(cost|purchase|wholesale|supplier|buying)_?(price|rate|amount)(_?(minor|cents|paise))?$|^(gross_?|profit_?)margin(_?percent)?$|^(commission|payout)_?(rate|percent)$`)
	emptyValue = lazyregexp.New(`^(?:|0|null|none|n/?a|-|false|low)$`)
)

// snake brings camelCase into the form that the expressions are written in.
func snake(k string) string {
	var b strings.Builder
	for i, r := range k {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), "-", "_"), "__", "_")
}

// wrapping is what frameworks put around data: the same data in another wrapping, or of the next build, is the same.
var (
	wrapping      = lazyregexp.New(`^(?:__NEXT_DATA__|__NUXT_DATA__|row [0-9a-f]+|JSON\.parse|data-page|props)|(?:\.(?:f|children|props|pageProps)|\[\])+$|\.(?:f|children|props|pageProps)\b|\[\]`)
	escapedDollar = lazyregexp.New(`^\$\$`) // of React's payload
)

// labels are the texts of an interface, in which a password is a word in some language.
var labels = lazyregexp.New(`(?i)(?:^|\.)(?:_?next_?i18n\w*|i18n\w*|translations?|locales?|messages|dictionar(?:y|ies)|lang|strings|resources|labels|intl|copy)(?:\.|$)`)

// leaf judges a value: by what it is where that can be seen, by its key where it cannot.
func (w *walk) leaf(path, key, v string, number bool) {
	if len(v) > 4000 || v == "" || strings.HasPrefix(v, "$") && len(v) < 8 { // "$undefined", "$L1"
		return
	}
	v = escapedDollar.ReplaceAllString(v, "$$")
	k := snake(key)
	path = wrapping.ReplaceAllString(path, "")
	add := func(what string, s finding.Severity, person bool) {
		w.personal = append(w.personal, exposed{path, what, maskValue(v), s})
		if person {
			if w.people == nil {
				w.people = map[string]bool{}
			}
			w.people[strings.ToLower(v)] = true
		}
	}
	digits := onlyDigits(v)
	switch {
	case hash.MatchString(v):
		add("password hash", finding.Critical, false)
	case w.built && !email.MatchString(v): // keys in a program are labels and messages
	case factorKey.MatchString(k) && !number && len(v) >= 6 && digits != "" && !strings.Contains(v, " ") &&
		!labels.MatchString(path):
		add("second factor's secret", finding.Critical, false)
	case passKey.MatchString(k) && !number && len(v) >= 6 && digits != "" && !strings.Contains(v, " ") &&
		!labels.MatchString(path):
		add("password", finding.Critical, false)
	case tokenKey.MatchString(k) && len(v) >= 6 && !strings.ContainsAny(v, " <>{") &&
		strings.ContainsAny(v, "0123456789") && !strings.HasPrefix(v, "pk_") && !strings.Contains(v, "://") &&
		!isAnonJWT(v):
		if !w.seen.has(v) {
			add("token or code", finding.High, false)
		}
	case cardKey.MatchString(k) && len(digits) >= 13 && len(digits) <= 19 && luhn(digits):
		add("card number", finding.Critical, false)
	case email.MatchString(v):
		if !roleEmail.MatchString(v) && !w.seen.has(v) {
			add("e-mail address", finding.Medium, true)
		}
	case phoneKey.MatchString(k) && phone.MatchString(v) && len(digits) >= 8 && len(digits) <= 15,
		len(digits) >= 11 && len(digits) <= 15 && strings.HasPrefix(v, "+") && phone.MatchString(v):
		if !w.seen.hasDigits(v) {
			add("phone number", finding.Medium, true)
		}
	case bankKey.MatchString(k) && len(v) >= 6 && len(v) <= 60 && !w.seen.has(v):
		add("bank account", finding.High, false)
	case identKey.MatchString(k) && len(v) >= 6 && len(v) <= 24 && strings.ContainsAny(v, "0123456789") &&
		!w.seen.has(v), panCard.MatchString(v) && strings.Contains(k, "pan") && !w.seen.has(v):
		add("identity number", finding.High, false)
	case birthKey.MatchString(k) && strings.ContainsAny(v, "0123456789") && !w.seen.has(v):
		add("date of birth", finding.Medium, false)
	case (noteKey.MatchString(k) && !number || scoreKey.MatchString(k) || costKey.MatchString(k) && number) &&
		!emptyValue.MatchString(strings.ToLower(v)) && !labels.MatchString(path):
		if !w.seen.has(v) {
			w.internal = append(w.internal, exposed{path, what(k), maskValue(v), finding.Medium})
		}
	}
}

func what(k string) string {
	switch {
	case costKey.MatchString(k):
		return "cost or margin"
	case scoreKey.MatchString(k):
		return "score about a customer"
	}
	return "internal note"
}

func isAnonJWT(v string) bool { return strings.HasPrefix(v, "eyJ") } // tokens are judged by their role, in scan

// maskValue shows that there is something, and how much, not what.
func maskValue(v string) string {
	r := []rune(strings.Join(strings.Fields(v), " "))
	if at := slices.Index(r, '@'); at > 0 && email.MatchString(v) {
		return string(r[:1]) + "…" + string(r[at:])
	}
	if len(r) < 8 {
		return fmt.Sprintf("(%d characters)", len(r))
	}
	return string(r[:2]) + fmt.Sprintf("… (%d characters)", len(r))
}

// luhn is the check digit of card numbers.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// finish makes one finding of what a page gives away of a kind. Pages of the
// same shape, such as those of all customers, are one finding.
func (w *walk) finish() {
	if w.built && len(w.people) < 3 &&
		!slices.ContainsFunc(w.personal, func(e exposed) bool { return e.severity == finding.Critical }) {
		w.personal = nil // one address in a program is its author's
	}
	w.report("bundle-personal-data", w.personal)
	if !w.built {
		w.report("bundle-internal-notes", w.internal)
	}
}

func (w *walk) report(id string, list []exposed) {
	if len(list) == 0 {
		return
	}
	f := newFinding(id)
	f.Severity = finding.Medium
	var paths, whats, lines []string
	for _, e := range list {
		f.Severity = max(f.Severity, e.severity)
		if !slices.Contains(paths, e.path) {
			paths = append(paths, e.path)
			if len(lines) < 12 {
				lines = append(lines, fmt.Sprintf("%s = %s (%s)", strings.TrimPrefix(e.path, "."), e.masked, e.what))
			}
		}
		if !slices.Contains(whats, e.what) {
			whats = append(whats, e.what)
		}
	}
	if id == "bundle-personal-data" && len(w.people) >= 2 {
		f.Severity = max(f.Severity, finding.High)
		lines = append(lines, fmt.Sprintf("addresses or numbers of %d people", len(w.people)))
	}
	slices.Sort(whats)
	slices.Sort(paths)
	f.Key = strings.Join(paths[:min(len(paths), 40)], " ")
	shape := id + "\x00" + f.Key
	if l := w.a.data[shape]; l != nil {
		l.finding.Severity = max(l.finding.Severity, f.Severity)
		l.addFile(w.file)
		return
	}
	if len(w.a.data) >= maxShapes {
		return
	}
	f.Title = fmt.Sprintf("The data of a page holds what the page does not show: %s.", strings.Join(whats, ", "))
	f.Object, f.Place = stable(w.file), finding.Place{File: w.file, Line: 1}
	f.Proof = &finding.Proof{Who: "anyone who opens the page", Steps: []string{
		w.a.get(w.file),
		"read the data in its source",
	}, Saw: strings.Join(lines, "\n")}
	w.a.data[shape] = &leak{finding: f, files: []string{w.file}}
}
