package logs

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// An event is one request, as a line of a log tells it.
type event struct {
	at     time.Time
	method string
	path   string // without the query
	query  string
	status int
	ip     string
	user   string // who was signed in; empty is nobody, or unknown
	says   bool   // the line has a place for the user, and says that there is none
	tenant string // the account of the user
	owner  []string
	server bool // the program's own request, such as one with a service role
}

// parseLine reads a line of any of the known formats.
func parseLine(line []byte) (event, bool) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return event{}, false
	}
	// a date or a level may stand before
	if i := bytes.IndexByte(line, '{'); i == 0 || i > 0 && i < 80 && line[len(line)-1] == '}' {
		if e, ok := parseJSON(line[i:]); ok {
			return e, true
		}
	}
	return parseCommon(string(line))
}

// common is the common log format, of which combined and nginx's default are longer forms.
var common = lazyregexp.New(`^(?:\S+:\d+ )?(\S+) \S+ (.{1,200}?) \[([^\]]{10,40})\] "(?:([A-Z]{3,10}) )?([^" ]*)[^"]*" (\d{3}) `)

func parseCommon(line string) (event, bool) {
	m := common.FindStringSubmatch(line + " ")
	if m == nil {
		return event{}, false
	}
	at, ok := parseTime(m[3])
	if !ok {
		return event{}, false
	}
	e := event{at: at, method: m[4], ip: address(m[1])}
	e.status, _ = strconv.Atoi(m[6])
	e.setURL(m[5])
	if m[2] != "-" {
		e.user = m[2]
	}
	return e, e.path != ""
}

// setURL takes a path or an address apart. Queries hold tokens, so only ids of them are ever shown.
func (e *event) setURL(s string) {
	if i := strings.Index(s, "://"); i > 0 && i < 10 {
		s = s[i+3:]
		if j := strings.IndexByte(s, '/'); j >= 0 {
			s = s[j:]
		} else {
			s = "/"
		}
	}
	s, _, _ = strings.Cut(s, "#")
	e.path, e.query, _ = strings.Cut(s, "?")
	if e.path != "" && e.path[0] != '/' {
		e.path = "/" + e.path
	}
	if len(e.path) > 1000 {
		e.path = e.path[:1000]
	}
}

// The names of fields in the logs of programs, proxies and hosts, without
// punctuation and in lower case. A dotted one is a field in an object.
var (
	timeFields = []string{
		"time", "timestamp", "ts", "@timestamp", "timeiso8601", "timelocal", "datetime",
		"edgestarttimestamp", "startedat", "eventtime", "date", "proxy.timestamp",
	}
	methodFields = []string{
		"method", "requestmethod", "httpmethod", "clientrequestmethod", "proxy.method",
		"request.method", "req.method", "http.method", "verb",
	}
	pathFields = []string{
		"proxy.path", "requesturi", "clientrequesturi", "requestpath", "clientrequestpath",
		"request.path", "request.url", "request.uri", "req.url", "req.path", "http.url", "http.target",
		"path", "uri", "url",
	}
	statusFields = []string{
		"status", "statuscode", "edgeresponsestatus", "response.statuscode", "response.status",
		"res.statuscode", "http.statuscode", "proxy.statuscode", "responsestatus", "httpstatus", "code",
	}
	ipFields = []string{
		"clientip", "remoteaddr", "ip", "remoteip", "proxy.clientip", "headers.cfconnectingip",
		"headers.xrealip", "xforwardedfor", "cfconnectingip", "req.remoteaddress", "remoteaddress", "client",
	}
	userFields = []string{
		"userid", "user.id", "user", "uid", "sub", "usersub", "authuser", "sb.authuser",
		"payload.subject", "actorid", "callerid", "remoteuser", "username", "auth.userid", "session.userid", "user.sub",
	}
	signedFields = []string{"authenticated", "signedin", "isauthenticated", "loggedin", "session", "sessionid"}
	tenantFields = []string{
		"accountid", "tenantid", "orgid", "organizationid", "organisationid", "workspaceid",
		"teamid", "businessid", "companyid", "storeid", "shopid", "tenant",
		"account", "user.accountid", "user.orgid", "user.tenantid",
	}
	ownerFields = []string{
		"ownerid", "owner", "resourceowner", "resourceuserid", "resourceaccountid", "resourcetenantid", "returnedids",
		"returneduserids", "returnedaccountids", "responseids",
		"rowowner", "objectowner", "result.ownerid", "result.accountid", "result.userid", "response.ownerid",
		"response.accountid", "response.userid", "owners",
	}
)

func parseJSON(line []byte) (event, bool) {
	var top map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if d.Decode(&top) != nil {
		return event{}, false
	}
	f := fields{}
	f.add("", top, 0)
	var e event
	at, ok := time.Time{}, false
	for _, name := range timeFields {
		if at, ok = parseTime(f.get(name)); ok {
			break
		}
	}
	if !ok {
		return event{}, false
	}
	e.at, e.method, e.ip = at, strings.ToUpper(f.get(methodFields...)), address(f.get(ipFields...))
	if request := f.get("request", "requestline"); request != "" { // GET /a HTTP/1.1
		if method, rest, ok := strings.Cut(request, " "); ok && len(method) <= 10 {
			target, _, _ := strings.Cut(rest, " ")
			e.method = method
			e.setURL(target)
		}
	}
	if e.path == "" {
		e.setURL(f.get(pathFields...))
	}
	if search := f.get("request.search", "query", "querystring", "args"); e.query == "" {
		e.query = strings.TrimPrefix(search, "?")
	}
	e.status, _ = strconv.Atoi(f.get(statusFields...))
	if e.path == "" || e.status < 100 || e.status > 999 {
		return event{}, false
	}
	e.tenant = f.get(tenantFields...)
	e.who(f)
	for _, name := range ownerFields {
		for _, id := range f[name] {
			if id != "" && id != "null" && len(e.owner) < 200 {
				e.owner = append(e.owner, id)
			}
		}
	}
	return e, true
}

// who reads who was signed in, and whether the line would say so.
func (e *event) who(f fields) {
	for _, name := range userFields {
		list, ok := f[name]
		if !ok {
			continue
		}
		e.says = true
		for _, v := range list {
			if v != "" && v != "-" && v != "null" && v != "anonymous" && v != "anon" && v != "guest" {
				e.user = v
				return
			}
		}
	}
	for _, name := range signedFields {
		for _, v := range f[name] {
			e.says = true
			switch strings.ToLower(v) {
			case "", "-", "false", "null", "none", "0":
			case "true", "1":
				e.user = "(signed in)"
			default:
				e.user = "session " + cut(v, 6)
			}
		}
	}
	// Supabase: the role of the token. The key of the project alone is nobody.
	for _, name := range []string{"authorization.payload.role", "payload.role"} {
		for _, role := range f[name] {
			e.says = true
			e.server = e.server || role == "service_role"
		}
	}
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}

// fields are the values of a line by name, by its last two and its last three
// names. Arrays are looked through, as Supabase and BigQuery nest them.
type fields map[string][]string

const maxFields = 600

func (f fields) get(names ...string) string {
	for _, name := range names {
		for _, v := range f[name] {
			if v != "" && v != "-" {
				return v
			}
		}
	}
	return ""
}

func (f fields) add(path string, v any, depth int) {
	if depth > 24 || len(f) > maxFields {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			f.add(path+"."+bare(k), v[k], depth+1)
		}
	case []any:
		for i, item := range v {
			if i < 50 {
				f.add(path, item, depth+1)
			}
		}
	case string:
		f.put(path, v)
	case json.Number:
		f.put(path, v.String())
	case bool:
		f.put(path, strconv.FormatBool(v))
	case nil:
		f.put(path, "")
	}
}

// wanted are all names that are ever asked for.
var wanted = func() map[string]bool {
	out := map[string]bool{
		"request": true, "requestline": true, "request.search": true, "query": true,
		"querystring": true, "args": true, "authorization.payload.role": true, "payload.role": true,
	}
	for _, list := range [][]string{
		timeFields, methodFields, pathFields, statusFields, ipFields, userFields,
		signedFields, tenantFields, ownerFields,
	} {
		for _, name := range list {
			out[name] = true
		}
	}
	return out
}()

// wrappers are objects that only hold the fields of a line.
var wrappers = []string{
	"metadata", "log", "fields", "data", "message", "attributes", "extra", "context", "props",
	"request", "req", "http", "event", "jsonpayload", "httprequest",
}

// put files a value under the last one, two and three of its names, but a name
// in an object is not taken for one of the line: product.id is no user.id.
func (f fields) put(path, v string) {
	if len(v) > 4000 {
		v = v[:4000]
	}
	end := len(path)
	for n := range 3 {
		i := strings.LastIndexByte(path[:end], '.')
		if i < 0 {
			return
		}
		name := path[i+1:]
		end = i
		if !wanted[name] ||
			n == 0 && i > 0 && !slices.Contains(wrappers, path[strings.LastIndexByte(path[:i], '.')+1:i]) {
			continue
		}
		f[name] = append(f[name], v)
	}
}

func bare(k string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '@':
			return r
		}
		return -1
	}, k)
}

var layouts = []string{
	time.RFC3339Nano, "02/Jan/2006:15:04:05 -0700", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006/01/02 15:04:05", time.RFC1123,
}

func parseTime(s string) (time.Time, bool) {
	if s == "" || len(s) > 40 {
		return time.Time{}, false
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil { // seconds, or thousandths, millionths, billionths of them
		for n > 1e11 {
			n /= 1000
		}
		if n < 1e8 {
			return time.Time{}, false
		}
		return time.UnixMilli(int64(n * 1000)).UTC(), true
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, s); err == nil && at.Year() > 1990 && at.Year() < 2200 {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// address is the first address of a list, without its port.
func address(s string) string {
	s, _, _ = strings.Cut(s, ",")
	s = strings.TrimSpace(s)
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at.Addr().String()
	}
	return cut(s, 60)
}

// An id is a part of a request that names an object.
type id struct {
	value string
	noun  string // users, invoices: what stands before it, or the name of the parameter
}

var (
	idShape = lazyregexp.New(`^(?:[0-9]{1,19}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{16,64}|[0-9A-HJKMNP-TV-Z]{26}|[a-z]{2,8}_[A-Za-z0-9]{6,40}|[^@/]{1,64}@[^@/]{3,64})$`)
	idParam = lazyregexp.New(`(?i)^(.{0,30}?)_?ids?$`)
)

// route is the path with ids taken out, and the ids.
func (e *event) route() (string, []id) {
	var ids []id
	parts := strings.Split(e.path, "/")
	for i, part := range parts {
		stem, ext := part, ""
		if dot := strings.LastIndexByte(part, '.'); dot > 0 && !strings.Contains(part, "@") {
			stem, ext = part[:dot], part[dot:]
		}
		if i == 0 || isVersion(parts, i) ||
			!isID(stem) && !(holder.MatchString(parts[i-1]) && strings.ContainsAny(stem, "0123456789")) {
			continue
		}
		ids = append(ids, id{stem, parts[i-1]})
		parts[i] = "{id}" + ext
	}
	if e.query != "" && len(e.query) < 4000 {
		values, err := url.ParseQuery(e.query)
		if err == nil {
			for name, list := range values {
				m := idParam.FindStringSubmatch(name)
				for _, v := range list {
					v = strings.TrimPrefix(strings.TrimPrefix(v, "eq."), "in.") // as PostgREST filters
					if m != nil && (isID(v) || holder.MatchString(m[1]) && strings.ContainsAny(v, "0123456789")) &&
						len(ids) < 20 {
						ids = append(ids, id{v, m[1]})
					}
				}
			}
		}
	}
	return strings.Join(parts, "/"), ids
}

// isID tells ids from words: user_settings has the form of inv_8fQz2k, and no figure.
func isID(s string) bool {
	if !strings.ContainsAny(s, "0123456789@") {
		return false
	}
	return idShape.MatchString(s) && (!strings.Contains(s, "_") || strings.ContainsAny(s, "0123456789"))
}

// isVersion keeps /v1/2 apart from ids only by its first part: a number at the front is a version.
func isVersion(parts []string, i int) bool { return i == 1 && len(parts[i]) <= 2 }
