// Package secret finds keys, tokens and passwords in text, and judges them by
// what their holder can do: a publishable key is fine, a secret one is not, and
// a JWT is what its claims say. A secret that it finds is never shown whole.
package secret

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// A Match is a secret in a text.
type Match struct {
	Kind
	Start, End int    // in the text
	Detail     string // what its content says, without the secret: "role service_role, of project abcd"
	Name       string // the variable or field that holds it, if there is one
	value      string
	shown      string // instead of the masked value
}

// Masked is what may be printed: four characters at either end at most, fewer
// where that would be much of it.
func (m Match) Masked() string {
	if m.shown != "" {
		return m.shown
	}
	return Mask(m.value)
}

// Mark tells secrets apart without holding them.
func (m Match) Mark() string {
	sum := sha256.Sum256([]byte("tijori audit\x00" + m.ID + "\x00" + m.value))
	return hex.EncodeToString(sum[:4])
}

// Mask hides a secret.
func Mask(s string) string {
	r := []rune(s)
	switch {
	case len(r) >= 24:
		return string(r[:4]) + "…" + string(r[len(r)-4:])
	case len(r) >= 16:
		return string(r[:2]) + "…" + string(r[len(r)-2:])
	}
	return "••••"
}

// maxMatches is how many secrets one text may hold. A text with more is a list
// of examples or an attack on the reader.
const maxMatches = 500

// A scan is one text under way.
type scan struct {
	b         []byte
	now       time.Time
	found     []Match
	published map[string]bool
}

// Scan returns the secrets of a text, in order, and how many distinct
// publishable keys it holds. It takes time in proportion to the text.
func Scan(b []byte, now time.Time) (found []Match, publishableKeys int) {
	s := &scan{b: b, now: now, published: map[string]bool{}}
	for _, p := range patterns {
		s.each(p, func(start, end int) {
			s.add(Match{Kind: p.kind, Start: start, End: end})
		})
	}
	for _, p := range publishable {
		s.each(p, func(start, end int) {
			if p.anchor == "AIza" && s.near(start, end, 3000, "generativelanguage.googleapis.com",
				"@google/generative-ai", "GoogleGenerativeAI", "GEMINI", "gemini-") {
				s.add(Match{Kind: geminiKey, Start: start, End: end})
				return
			}
			s.published[string(b[start:end])] = true
			if strings.HasPrefix(p.anchor, "rzp_") {
				s.razorpay(end)
			}
		})
	}
	s.tokens()
	s.urls()
	s.pem()
	s.aws()
	s.byName()
	slices.SortStableFunc(s.found, func(a, b Match) int { return a.Start - b.Start })
	return s.found, len(s.published)
}

// each calls do for every place where the pattern stands by itself.
func (s *scan) each(p pattern, do func(start, end int)) {
	anchor := []byte(p.anchor)
	for at := 0; ; {
		i := bytes.Index(s.b[at:], anchor)
		if i < 0 || len(s.found) >= maxMatches {
			return
		}
		i += at
		at = i + len(anchor)
		start := i
		for start > 0 && i-start < p.back && isKeyByte(s.b[start-1]) {
			start--
		}
		m := p.shape.FindIndex(s.b[start:min(len(s.b), start+1200)])
		if m == nil || start > 0 && (isWordByte(s.b[start-1]) || p.alone && isKeyByte(s.b[start-1])) {
			continue
		}
		end := start + m[1]
		if end < len(s.b) && isWordByte(s.b[end]) || placeholder(string(s.b[i:end])) {
			continue
		}
		at = end
		do(start, end)
	}
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

func isKeyByte(c byte) bool { return isWordByte(c) || c == '-' || c == '.' || c == '~' }

// add keeps a match that lies in no other, and names the field that holds it.
func (s *scan) add(m Match) {
	if len(s.found) >= maxMatches || slices.ContainsFunc(s.found, func(o Match) bool {
		return m.Start < o.End &&
			o.Start < m.End
	}) {
		return
	}
	if m.value == "" {
		m.value = string(s.b[m.Start:m.End])
	}
	if m.Name == "" {
		m.Name = s.nameBefore(m.Start)
	}
	s.found = append(s.found, m)
}

var nameBefore = lazyregexp.New("([A-Za-z_$][A-Za-z0-9_$.]{0,60})[\"']?\\s*[:=]\\s*(?:[A-Za-z_$.]{1,60}\\s*(?:\\|\\||\\?\\?)\\s*)?[\"'`]?$")

// nameBefore is the variable or field to which what stands at start is assigned.
func (s *scan) nameBefore(start int) string {
	window := s.b[max(0, start-160):start]
	if m := nameBefore.FindSubmatch(window); m != nil {
		return string(m[1])
	}
	return ""
}

func (s *scan) near(start, end, distance int, words ...string) bool {
	window := s.b[max(0, start-distance):min(len(s.b), end+distance)]
	return slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(window, []byte(w)) })
}

// razorpay looks for the secret that belongs to a key id that ends at end:
// beside it as in Basic authentication, or as the next literal.
var (
	besideID = lazyregexp.New(`^:([A-Za-z0-9]{20,40})(?:[^A-Za-z0-9]|$)`)
	afterID  = lazyregexp.New(`^["'` + "`" + `][^"'` + "`" + `]{1,60}["'` + "`" + `]([A-Za-z0-9]{24})["'` + "`" + `]`)
)

func (s *scan) razorpay(end int) {
	window := s.b[end:min(len(s.b), end+160)]
	for _, shape := range []*lazyregexp.Regexp{besideID, afterID} {
		if m := shape.FindSubmatchIndex(window); m != nil && mixed(string(window[m[2]:m[3]])) {
			s.add(Match{Kind: razorpay, Start: end + m[2], End: end + m[3]})
			return
		}
	}
}

// mixed tells a random key from a word: small and capital letters and figures.
func mixed(s string) bool {
	return strings.ContainsAny(s, "0123456789") && strings.ToLower(s) != s && strings.ToUpper(s) != s && entropy(s) > 3
}

var jwt = shape(`eyJ[A-Za-z0-9_-]+\.(eyJ[A-Za-z0-9_-]+)\.[A-Za-z0-9_-]{16,}`)

// longestToken is as large as a cookie or a header may be.
const longestToken = 8 << 10

// tokens judges JWTs by the role in them.
func (s *scan) tokens() {
	for at := 0; ; {
		i := bytes.Index(s.b[at:], []byte("eyJ"))
		if i < 0 {
			return
		}
		i += at
		at = i + 3
		if i > 0 && (isWordByte(s.b[i-1]) || s.b[i-1] == '.' || s.b[i-1] == '-') {
			continue
		}
		m := jwt.FindSubmatchIndex(s.b[i:min(len(s.b), i+longestToken)])
		if m == nil {
			continue
		}
		at = i + m[1]
		s.token(i, i+m[1], s.b[i+m[2]:i+m[3]])
	}
}

var adminRoles = []string{
	"admin", "administrator", "superuser", "super_admin", "root", "postgres", "supabase_admin",
	"owner", "service", "system",
}

func (s *scan) token(start, end int, payload []byte) {
	raw, err := base64.RawURLEncoding.DecodeString(string(payload))
	if err != nil {
		return
	}
	var claims struct {
		Role  string  `json:"role"`
		Sub   any     `json:"sub"`
		Exp   float64 `json:"exp"`
		Iss   string  `json:"iss"`
		Ref   string  `json:"ref"`
		Email string  `json:"email"`
		Name  string  `json:"name"`
	}
	if json.Unmarshal(raw, &claims) != nil {
		return
	}
	m := Match{Start: start, End: end}
	sub := ""
	if claims.Sub != nil {
		sub = fmt.Sprint(claims.Sub)
	}
	switch {
	case claims.Role == "anon" || claims.Role == "anonymous":
		s.published[string(s.b[start:end])] = true
		return
	case claims.Role == "service_role":
		m.Kind = serviceRole
	case slices.Contains(adminRoles, strings.ToLower(claims.Role)):
		m.Kind = adminToken
	case sub == "1234567890" || sub == "" && claims.Email == "": // the example of jwt.io; tokens that are nobody
		return
	default:
		m.Kind = sessionJWT
	}
	var details []string
	if claims.Role != "" {
		details = append(details, "role "+cut(claims.Role, 40))
	}
	if claims.Ref != "" {
		details = append(details, "project "+cut(claims.Ref, 40))
	}
	switch until := time.Unix(int64(min(claims.Exp, 1e11)), 0).UTC(); {
	case claims.Exp <= 0:
		details = append(details, "without an end")
	case until.Before(s.now):
		details = append(details, "ended on "+until.Format(time.DateOnly))
		m.Severity = min(m.Severity, finding.Low)
	default:
		details = append(details, "until "+until.Format(time.DateOnly))
	}
	if claims.Iss == "supabase-demo" {
		details = append(details, "the key of every local Supabase, which opens nothing on the internet")
		m.Severity = finding.Low
	}
	m.Detail = strings.Join(details, ", ")
	s.add(m)
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

var (
	schemes = []string{
		"postgres", "postgresql", "mysql", "mysql2", "mariadb", "mongodb", "mongodb+srv", "redis",
		"rediss", "amqp", "amqps", "sqlserver", "mssql", "clickhouse", "cockroachdb", "prisma+postgres",
	}
	userinfo = shape(`([^\s"'` + "`" + `<>/@:\\]{0,80}):([^\s"'` + "`" +
		`<>/@\\]{1,200})@([A-Za-z0-9.\-_\[\]:]{1,200})`)
)

// urls finds database addresses that hold a password.
func (s *scan) urls() {
	for at := 0; ; {
		i := bytes.Index(s.b[at:], []byte("://"))
		if i < 0 {
			return
		}
		i += at
		at = i + 3
		start := i
		for start > 0 && i-start < 20 && (isWordByte(s.b[start-1]) || s.b[start-1] == '+') {
			start--
		}
		scheme := strings.ToLower(string(s.b[start:i]))
		if !slices.Contains(schemes, scheme) {
			continue
		}
		m := userinfo.FindSubmatch(s.b[at:min(len(s.b), at+600)])
		if m == nil {
			continue
		}
		user, password, host := string(m[1]), string(m[2]), strings.TrimRight(string(m[3]), ".:")
		if placeholderURL(password, host) {
			continue
		}
		s.add(Match{
			Kind: databaseURL, Start: start, End: at + len(m[0]), value: user + ":" + password + "@" + host,
			shown: fmt.Sprintf("%s://%s:••••@%s", scheme, cut(user, 40), cut(host, 80)),
		})
	}
}

var dummyPasswords = []string{
	"password", "pass", "passwd", "postgres", "secret", "pw", "pwd", "root", "admin",
	"mypassword", "your-password", "yourpassword", "your_password", "example", "test", "user", "username", "changeme",
	"db_password",
}

// placeholderURL knows the examples of documentation: they name no real host,
// or no real password.
func placeholderURL(password, host string) bool {
	if strings.ContainsAny(password, "[]{}$<>*…") || strings.Contains(password, "...") ||
		strings.Trim(strings.ToLower(password), "x") == "" {
		return true
	}
	name, _, _ := strings.Cut(strings.ToLower(host), ":")
	local := name == "localhost" || name == "127.0.0.1" || name == "0.0.0.0" || name == "[" ||
		name == "host.docker.internal"
	example := name == "host" || name == "hostname" || strings.HasSuffix(name, "example.com") ||
		strings.HasSuffix(name, "example.org") || strings.HasSuffix(name, ".example")
	plainName := !strings.Contains(name, ".")
	return local || example || plainName && slices.Contains(dummyPasswords, strings.ToLower(password))
}

// pem finds private keys, and tells those of Google's service accounts.
func (s *scan) pem() {
	for at := 0; ; {
		i := bytes.Index(s.b[at:], []byte("-----BEGIN "))
		if i < 0 {
			return
		}
		i += at
		at = i + 11
		head := s.b[i:min(len(s.b), i+60)]
		j := bytes.Index(head, []byte("PRIVATE KEY-----"))
		if j < 0 {
			continue
		}
		body := s.b[i+j+16 : min(len(s.b), i+8000)]
		stop := bytes.Index(body, []byte("-----END"))
		if stop < 64 { // code that writes or reads keys has the lines without a key between them
			continue
		}
		m := Match{Kind: privateKey, Start: i, End: i + j + 16 + stop, shown: "-----BEGIN … PRIVATE KEY-----"}
		if s.near(i, i, 2000, `service_account`) {
			m.Kind = googleCloud
		}
		s.add(m)
	}
}

var (
	awsKeyID  = shape(`(?:AKIA|ASIA)[A-Z0-9]{16}`)
	awsSecret = lazyregexp.New("[\"'`= ]([A-Za-z0-9/+]{40})(?:[\"'`\\s,;&]|$)")
)

// aws joins the id of a key with the secret that stands near it. An id alone,
// as in an address that was signed for a visitor, opens nothing.
func (s *scan) aws() {
	for _, anchor := range []string{"AKIA", "ASIA"} {
		for at := 0; ; {
			i := bytes.Index(s.b[at:], []byte(anchor))
			if i < 0 {
				break
			}
			i += at
			at = i + 4
			m := awsKeyID.FindIndex(s.b[i:min(len(s.b), i+40)])
			if m == nil || i > 0 && isWordByte(s.b[i-1]) || i+20 < len(s.b) && isWordByte(s.b[i+20]) ||
				bytes.Contains(s.b[i:i+20], []byte("EXAMPLE")) {
				continue
			}
			window := s.b[max(0, i-300):min(len(s.b), i+400)]
			if secret := awsSecret.FindSubmatchIndex(window); secret != nil &&
				mixed(string(window[secret[2]:secret[3]])) {
				from := max(0, i-300)
				s.add(Match{
					Kind: awsPair, Start: from + secret[2], End: from + secret[3],
					Detail: "of the key id " + Mask(string(s.b[i:i+20])),
				})
			} else if !s.near(i, i+20, 300, "X-Amz-Credential", "AWSAccessKeyId=") {
				s.add(Match{Kind: awsID, Start: i, End: i + 20})
			}
		}
	}
}

// The words of names that hold secrets, in the ways that they are written.
var nameWords = []string{
	"ecret", "ECRET", "assword", "ASSWORD", "asswd", "rivateKey", "rivate_key", "RIVATE_KEY",
	"ncryptionKey", "NCRYPTION_KEY", "ncryption_key",
}

var literal = lazyregexp.New("^[\"']?\\s{0,8}(?:[:=]|\\|\\||\\?\\?)\\s{0,8}(?:[A-Za-z_$][A-Za-z0-9_$.]{0,80}\\s{0,4}(?:\\|\\||\\?\\?)\\s{0,4})?([\"'`])([^\"'`\\s]{12,300})([\"'`])")

// byName finds literals that are given to a name such as jwtSecret.
func (s *scan) byName() {
	for _, word := range nameWords {
		for at := 0; ; {
			i := bytes.Index(s.b[at:], []byte(word))
			if i < 0 {
				break
			}
			i += at
			at = i + len(word)
			start, end := i, at
			for start > 0 && i-start < 60 && isWordByte(s.b[start-1]) {
				start--
			}
			for end < len(s.b) && end-i < 60 && isWordByte(s.b[end]) {
				end++
			}
			m := literal.FindSubmatchIndex(s.b[end:min(len(s.b), end+420)])
			if m == nil || s.b[end+m[2]] != s.b[end+m[6]] {
				continue
			}
			value := string(s.b[end+m[4] : end+m[5]])
			name := string(s.b[start:end])
			if kind, ok := kindOfName(name, value); ok {
				s.add(Match{Kind: kind, Start: end + m[4], End: end + m[5], Name: name})
			}
		}
	}
}

func kindOfName(name, value string) (Kind, bool) {
	n := strings.ToLower(strings.NewReplacer("_", "", "-", "", "$", "").Replace(name))
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(n, w) })
	}
	if !looksRandom(value) {
		return Kind{}, false
	}
	switch {
	// of one payment, made for the browser
	case has("clientsecret") && (strings.Contains(value, "_secret_") || strings.HasPrefix(value, "pi_")):
		return Kind{}, false
	case has("public"): // NEXT_PUBLIC_… says nothing about the rest of the name
		return kindOfName(strings.ReplaceAll(n, "public", ""), value)
	case has("accesskey"):
		return awsPair, len(value) == 40
	case strings.HasPrefix(value, "$"): // a hash, which is another flaw
		return Kind{}, false
	case date.MatchString(value):
		return Kind{}, false
	case has("password", "passwd"):
		if !strings.HasSuffix(n, "password") && !strings.HasSuffix(n, "passwd") {
			return Kind{}, false
		}
		if has("db", "database", "postgres", "pg", "mysql", "mongo", "redis") {
			return named[Database], true
		}
		return named[Session], symbols(value) >= 3
	case has("razorpay", "rzp") || n == "keysecret":
		return razorpay, len(value) >= 20
	case has("webhook"):
		return named[Webhook], len(value) >= 16
	case has("jwt", "session", "auth", "cookie", "sign", "encryption", "token"):
		return named[Signing], len(value) >= 16
	case has("clientsecret", "apisecret", "appsecret", "secretkey", "sharedsecret", "privatekey") ||
		strings.HasSuffix(n, "secret"):
		return named[Service], len(value) >= 16
	}
	return Kind{}, false
}

// symbols counts the kinds of characters: small, capital, figures, others.
func symbols(s string) (n int) {
	var small, capital, figure, other int
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
			small = 1
		case c >= 'A' && c <= 'Z':
			capital = 1
		case c >= '0' && c <= '9':
			figure = 1
		default:
			other = 1
		}
	}
	return small + capital + figure + other
}

var wordy = lazyregexp.New(`^[A-Za-z]+(?:[._:/-]?[A-Za-z]+)*[0-9]{0,2}$|://|^[/.#]|\$\{|\{\{|[<>(){}]|^(?:pk_|sb_publishable_|pi_|seti_|cs_|price_|prod_|whsec_$)`)

var date = lazyregexp.New(`^\d{4}-\d\d-\d\d`)

// class is how CSS modules name what a stylesheet calls secret.
var class = lazyregexp.New(`^_[A-Za-z][\w-]*_[a-z0-9]{4,6}_\d+$`)

// looksRandom tells a key from a word, a path, a template or a message.
func looksRandom(s string) bool {
	if class.MatchString(s) || strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) {
		return false
	}
	return strings.ContainsAny(s, "0123456789") && !wordy.MatchString(s) && entropy(s) >= 3 && !placeholder(s)
}

// The keys of documentation that everybody knows.
var known = []string{
	"sk_test_4eC39HqLyjWDarjtT1zdp7dc", "sk_test_BQokikJOvBiI2HlWgH4olfQ2",
	"sk_test_26PHem9AhJZvU623DfE1x4sd", "sk_test_tR3PYbcVNZZ796tH88S4VQ2u",
}

var dummy = lazyregexp.New(`(?i)x{5,}|\*{3,}|\.{3}|example|your[_-]|placeholder|dummy|changeme|change_me|redacted|0{8,}|1{8,}|12345678|abcdef[gh0-9]|insert|replace|_here$`)

// placeholder knows keys that are none: examples, and what a reader is to fill in.
func placeholder(s string) bool {
	return slices.Contains(known, s) || dummy.MatchString(s) || entropy(s) < 2.2
}

// entropy is the average information of a character in bits.
func entropy(s string) float64 {
	if s == "" {
		return 0
	}
	var count [256]float64
	for i := range len(s) {
		count[s[i]]++
	}
	var h float64
	for _, n := range count {
		if n > 0 {
			p := n / float64(len(s))
			h -= p * math.Log2(p)
		}
	}
	return h
}
