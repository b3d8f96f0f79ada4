// Package bundle audits what a site gives to every visitor: built client files,
// source maps, pages with their data, and service workers. It reads a folder of
// built files, or a running site, and never needs the source.
package bundle

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/secret"
)

// Options say what to audit.
type Options struct {
	Target   string                   // a folder, or an address that begins with http:// or https://
	Progress func(n int, what string) // called for each file; may be nil
	Now      time.Time                // against which tokens end; zero is the current time
}

// The bounds of one audit. What lies beyond is not tested, and said.
const (
	maxFile  = 32 << 20
	maxTotal = 1 << 30
	maxFiles = 50_000
	maxTime  = 10 * time.Minute // for a folder
	maxNames = 20               // of further files that a finding lists
)

// IsURL reports whether a target is an address.
func IsURL(target string) bool {
	lower := strings.ToLower(target)
	return strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
}

// Audit reads the target and judges it. An error means that it could not be
// read at all; what could not be read of it is in the report.
func Audit(ctx context.Context, o Options) (*finding.Report, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if o.Progress == nil {
		o.Progress = func(int, string) {}
	}
	a := &auditor{o: o, secrets: map[string]*leak{}, data: map[string]*leak{}, counts: map[string]int{}}
	a.report = &finding.Report{
		Command: "audit bundle", Target: o.Target, Findings: []finding.Finding{},
		NotTested: []finding.NotTested{},
	}
	read := a.folder
	if IsURL(o.Target) {
		read = a.site
	}
	if err := read(ctx); err != nil {
		return nil, err
	}
	return a.finish(), nil
}

// An auditor gathers what the files hold, so that one cause in many files is one finding.
type auditor struct {
	o       Options
	report  *finding.Report
	secrets map[string]*leak
	data    map[string]*leak // of pages, by rule and shape
	maps    []*leak
	private []*leak
	counts  map[string]int
	files   int
	root    *os.Root // of a folder
	visit   *visit   // of a site
}

// A leak is a finding under way, with every file that shows it.
type leak struct {
	finding finding.Finding
	files   []string
}

func (l *leak) addFile(name string) {
	if !slices.Contains(l.files, name) && len(l.files) < 1000 {
		l.files = append(l.files, name)
	}
}

func (a *auditor) notTested(what, format string, args ...any) {
	a.report.NotTested = append(a.report.NotTested, finding.NotTested{What: what, Reason: fmt.Sprintf(format, args...)})
}

// media are files without text: images, fonts, archives. They are counted and not read.
var media = []string{
	".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".ico", ".bmp", ".mp3", ".mp4", ".webm", ".ogg", ".wav",
	".m4a", ".mov",
	".woff", ".woff2", ".ttf", ".otf", ".eot", ".pdf", ".br", ".gz", ".zst", ".zip",
}

func isMedia(name string) bool { return slices.Contains(media, strings.ToLower(path.Ext(name))) }

// A file is one published file, whole or its beginning.
type file struct {
	name string // as places name it
	body []byte
	kind string // html, script, map, data or other
}

func kindOf(name, contentType string, body []byte) string {
	ext := strings.ToLower(path.Ext(name))
	head := bytes.ToLower(bytes.TrimSpace(body[:min(len(body), 512)]))
	switch {
	case ext == ".map":
		return "map"
	case ext == ".html", ext == ".htm", strings.HasPrefix(contentType, "text/html"),
		bytes.HasPrefix(head, []byte("<!doctype html")), bytes.HasPrefix(head, []byte("<html")):
		return "html"
	case ext == ".js", ext == ".mjs", ext == ".cjs", ext == ".jsx", ext == ".ts",
		strings.Contains(contentType, "javascript"):
		return "script"
	case ext == ".json", ext == ".rsc", ext == ".body", strings.Contains(contentType, "json"),
		strings.HasPrefix(contentType, "text/x-component"), ext == ".txt" && flight.Match(body[:min(len(body), 64)]):
		return "data"
	}
	return "other"
}

// read judges one file.
func (a *auditor) read(ctx context.Context, f file) {
	a.files++
	a.o.Progress(a.files, f.name)
	f.body = toUTF8(f.body)
	switch f.kind {
	case "html":
		a.counts["pages"]++
		a.page(f)
	case "script":
		a.counts["scripts"]++
		a.scriptData(f)
	case "map":
		a.counts["source maps"]++
		if a.sourceMap(ctx, f) {
			return
		}
	case "data":
		a.counts["data files"]++
		a.dataFile(f)
	default:
		a.counts["other files"]++
	}
	a.privateFile(f)
	if f.kind == "script" || f.kind == "html" { // first: the name of a source helps more than a column of base64
		a.inlineMaps(ctx, f)
	}
	lines := &lineIndex{b: f.body}
	a.scan(ctx, f.name, f.body, func(at int) finding.Place {
		return lines.place(f.name, at)
	})
}

// toUTF8 reads UTF-16, which begins with its mark. Anything else is searched as it is.
func toUTF8(b []byte) []byte {
	if len(b) < 4 || len(b)%2 != 0 || !(b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff) {
		return b
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 2; i+1 < len(b); i += 2 {
		if b[0] == 0xff {
			units = append(units, uint16(b[i])|uint16(b[i+1])<<8)
		} else {
			units = append(units, uint16(b[i+1])|uint16(b[i])<<8)
		}
	}
	return []byte(string(utf16.Decode(units)))
}

// scan looks for secrets in a text and in what decodes from it.
func (a *auditor) scan(ctx context.Context, name string, b []byte, place func(at int) finding.Place) {
	budget := maxDecoded
	a.scanLayer(ctx, name, b, place, "", 0, &budget)
}

func (a *auditor) scanLayer(
	ctx context.Context, name string, b []byte, place func(at int) finding.Place, how string, depth int, budget *int,
) {
	if ctx.Err() != nil {
		return
	}
	found, publishable := secret.Scan(b, a.o.Now)
	if depth == 0 {
		a.counts["publishable keys"] += publishable
	}
	for _, m := range found {
		a.addSecret(name, m, place(m.Start), how)
	}
	if depth == maxDepth {
		return
	}
	for _, l := range layers(b, depth) {
		if *budget < 0 {
			return
		}
		if *budget -= len(l.text); *budget < 0 {
			a.notTested(name, "it decodes to more than %d MB; what lies deeper was not read", maxDecoded>>20)
			return
		}
		below := how
		if l.how == "decoded" {
			below = "in base64 or hexadecimal"
		}
		a.scanLayer(ctx, name, l.text, func(at int) finding.Place { return place(l.origin(at)) }, below,
			depth+1, budget)
	}
}

func (a *auditor) addSecret(name string, m secret.Match, place finding.Place, how string) {
	id := m.ID + "\x00" + m.Mark()
	if l := a.secrets[id]; l != nil {
		l.addFile(name)
		return
	}
	f := newFinding(ruleOfClass[m.Class])
	f.Severity = m.Severity
	f.Title = "Every visitor downloads this secret: " + m.Kind.Name + "."
	f.Why = "Its holder can " + m.Can + ". " + f.Why
	f.Key = m.Kind.ID + " " + m.Mark()
	saw := m.Masked() + " (" + m.Kind.Name
	if m.Detail != "" {
		saw += ": " + m.Detail
	}
	saw += ")"
	if m.Name != "" {
		saw = m.Name + " = " + saw
		place.Text = m.Name + " = " + m.Masked()
	}
	f.Place, f.Object = place, stable(place.File)
	step := fmt.Sprintf("look at line %d, column %d", place.Line, place.Column)
	if place.What != "" { // a source in a map
		step = "look " + place.What
	}
	if how != "" {
		step += ", which is " + how
	}
	f.Proof = &finding.Proof{Who: "anyone who opens the site", Steps: []string{a.get(place.File), step}, Saw: saw}
	l := &leak{finding: f}
	l.addFile(name)
	a.secrets[id] = l
}

// get is how a stranger gets a file.
func (a *auditor) get(name string) string {
	if IsURL(name) {
		return "GET " + name
	}
	return "download /" + publicPath(strings.TrimPrefix(name, "/"))
}

var (
	nextStatic = lazyregexp.New(`^(?:\.next/)?static/(chunks|css|media|[A-Za-z0-9_-]{16,})/`)
	nextPage   = lazyregexp.New(`^(?:\.next/)?server/(?:app|pages)/(.+)\.html$`)
)

// publicPath is where visitors find a file of a build: below .next it has another name.
func publicPath(name string) string {
	if m := nextPage.FindStringSubmatch(name); m != nil {
		return strings.TrimSuffix(strings.TrimSuffix(m[1], "index"), "/")
	}
	if nextStatic.MatchString(name) {
		return "_next/" + strings.TrimPrefix(name, ".next/")
	}
	for _, folder := range []string{
		"dist/client/", "build/client/", ".output/public/", "dist/", "build/", "out/",
		"public/",
	} {
		if rest, ok := strings.CutPrefix(name, folder); ok {
			return rest
		}
	}
	return name
}

// finish turns what was gathered into the report.
func (a *auditor) finish() *finding.Report {
	var all []*leak
	for _, l := range a.secrets {
		all = append(all, l)
	}
	for _, l := range a.data {
		all = append(all, l)
	}
	all = append(append(all, a.maps...), a.private...)
	for _, l := range all {
		f := l.finding
		slices.Sort(l.files)
		for _, name := range l.files {
			if name != f.Place.File && len(f.Affects) < maxNames {
				f.Affects = append(f.Affects, name)
			}
		}
		if more := len(l.files) - 1 - len(f.Affects); more > 0 {
			f.Affects = append(f.Affects, fmt.Sprintf("and %d more", more))
		}
		a.report.Findings = append(a.report.Findings, f)
	}
	for _, what := range []string{
		"pages", "scripts", "source maps", "data files", "other files", "media files",
		"publishable keys",
	} {
		if n := a.counts[what]; n > 0 || what == "scripts" {
			a.report.Looked = append(a.report.Looked, finding.Count{What: what, N: n})
		}
	}
	a.report.Sort()
	return a.report
}

var (
	hashed  = lazyregexp.New(`(^|[-._/])([A-Za-z0-9_-]{8,})((?:\.chunk|\.min|\.bundle|\.module)?\.(?:m?js|css|json)(?:\.map)?)$`)
	buildID = lazyregexp.New(`(_next/(?:static|data)/)([A-Za-z0-9_-]{16,32})(/)`)
)

// stable is the path of a file on the site, without the parts that every build
// changes: a finding is the same in the next build, and in the folder and on
// the site that was made of it.
func stable(name string) string {
	if u, err := url.Parse(name); IsURL(name) && err == nil {
		name = u.Path // the same on a preview and in production
	} else {
		name = "/" + publicPath(strings.TrimPrefix(name, "/"))
	}
	if page, ok := strings.CutSuffix(name, ".html"); ok {
		name = page
		if dir, ok := strings.CutSuffix(page, "/index"); ok {
			name = dir + "/"
		}
	}
	name = buildID.ReplaceAllString(name, "${1}[build]${3}")
	m := hashed.FindStringSubmatchIndex(name)
	if m == nil {
		return name
	}
	stem := name[m[4]:m[5]]
	kept := ""
	if i := strings.LastIndexAny(stem, "-_"); i >= 0 && len(stem)-i > 8 { // index-3fa9c1d2
		stem, kept = stem[i+1:], stem[:i+1]
	}
	if !strings.ContainsAny(stem, "0123456789") && (strings.ToLower(stem) == stem || strings.ToUpper(stem) == stem) {
		return name
	}
	return name[:m[4]] + kept + "[hash]" + name[m[5]:]
}

// A lineIndex finds lines and columns. It reads the text once for places that come in order.
type lineIndex struct {
	b          []byte
	at, line   int
	lineBegins int
}

func (x *lineIndex) place(name string, at int) finding.Place {
	at = min(at, len(x.b))
	if at < x.at {
		x.at, x.line, x.lineBegins = 0, 0, 0
	}
	for {
		i := bytes.IndexByte(x.b[x.at:at], '\n')
		if i < 0 {
			break
		}
		x.at += i + 1
		x.line, x.lineBegins = x.line+1, x.at
	}
	return finding.Place{File: name, Line: x.line + 1, Column: utf8.RuneCount(x.b[x.lineBegins:at]) + 1}
}

// privateFile judges files that are not for visitors, by name and content.
func (a *auditor) privateFile(f file) {
	base := strings.ToLower(path.Base(f.name))
	what := ""
	severity := finding.High
	switch {
	case f.kind == "html":
		return
	case (base == ".env" || strings.HasPrefix(base, ".env.")) && assignment.Match(f.body):
		what = "the settings of the server (environment variables)"
	case strings.HasSuffix(f.name, ".git/config") && bytes.Contains(f.body, []byte("[core]")):
		what = "the repository: the whole source and its history can be downloaded"
	case bytes.HasPrefix(f.body, []byte("SQLite format 3\x00")):
		what = "a database"
	case path.Ext(base) == ".sql" && dump.Match(f.body):
		what = "a database dump with rows"
	case path.Ext(base) == ".sql" && definition.Match(f.body):
		what, severity = "the schema of the database", finding.Medium
	case (path.Ext(base) == ".pem" || path.Ext(base) == ".key" || base == "id_rsa" || base == "id_ed25519") &&
		bytes.Contains(f.body, []byte("PRIVATE KEY-----")):
		what = "a private key"
	case (base == "docker-compose.yml" || base == "docker-compose.yaml" || base == "compose.yml" ||
		base == "compose.yaml") && bytes.Contains(f.body, []byte("services:")):
		what, severity = "how the servers are set up", finding.Medium
	default:
		return
	}
	out := newFinding("bundle-private-file")
	out.Severity = severity
	out.Title = "Visitors can download " + base + ": " + what + "."
	out.Object, out.Place = stable(f.name), finding.Place{File: f.name, Line: 1}
	out.Proof = &finding.Proof{
		Who:   "anyone who knows the name, which scanners try first",
		Steps: []string{a.get(f.name)}, Saw: fmt.Sprintf("%s, %d bytes", what, len(f.body)),
	}
	a.private = append(a.private, &leak{finding: out, files: []string{f.name}})
}

var (
	assignment = lazyregexp.New(`(?m)^\s*(?:export\s+)?[A-Z][A-Z0-9_]{2,}\s*=\s*\S`)
	dump       = lazyregexp.New(`(?im)^\s*(?:insert\s+into\s|copy\s+\S+\s*\([^)]*\)\s+from\s+stdin)`)
	definition = lazyregexp.New(`(?im)^\s*create\s+(?:table|policy|function|or\s+replace)\s`)
)

// sourceMapFile is the part of a source map that holds code.
type sourceMapFile struct {
	Sources  []string  `json:"sources"`
	Contents []*string `json:"sourcesContent"`
	Sections []struct {
		Map *sourceMapFile `json:"map"`
	} `json:"sections"`
}

// sourceMap judges the sources that a map carries, and reports whether it could be read.
func (a *auditor) sourceMap(ctx context.Context, f file) bool {
	var m sourceMapFile
	if err := json.Unmarshal(bytes.TrimPrefix(f.body, []byte(")]}'\n")), &m); err != nil {
		a.notTested(f.name, "it is no readable source map; it was searched as text only")
		return false
	}
	all := []*sourceMapFile{&m}
	for _, s := range m.Sections {
		if s.Map != nil {
			all = append(all, s.Map)
		}
	}
	a.readMaps(ctx, f.name, all)
	return true
}

var inlineMap = lazyregexp.New(`sourceMappingURL=data:application/json;(?:charset=[A-Za-z0-9-]+;)?base64,([A-Za-z0-9+/]+)`)

// inlineMaps reads source maps that stand in the script itself.
func (a *auditor) inlineMaps(ctx context.Context, f file) {
	for _, m := range inlineMap.FindAllSubmatch(f.body, 20) {
		for _, text := range decoded(m[1]) {
			var s sourceMapFile
			if json.Unmarshal(text, &s) == nil {
				a.counts["source maps"]++
				a.readMaps(ctx, f.name, []*sourceMapFile{&s})
			}
		}
	}
}

func (a *auditor) readMaps(ctx context.Context, name string, all []*sourceMapFile) {
	var server []string
	reason := ""
	for _, m := range all {
		for i, content := range m.Contents {
			if content == nil || i >= len(m.Sources) || i >= maxFiles {
				continue
			}
			source := sourceName(m.Sources[i])
			body := []byte(*content)
			lines := &lineIndex{b: body}
			a.scan(ctx, name, body, func(at int) finding.Place {
				p := lines.place(source, at)
				return finding.Place{File: name, Line: 1, What: "in the source " + p.String()}
			})
			if why := serverCode(source, *content); why != "" {
				server = append(server, source)
				reason = cmp.Or(reason, source+" "+why)
			}
		}
	}
	if len(server) == 0 {
		return
	}
	f := newFinding("bundle-source-map")
	f.Title = fmt.Sprintf("A published source map holds server code (%s).", plural(len(server), "source file"))
	f.Object, f.Place = stable(name), finding.Place{File: name, Line: 1}
	f.Affects = server[:min(len(server), maxNames)]
	f.Proof = &finding.Proof{
		Who: "anyone who opens the site", Steps: []string{a.get(name), "read sourcesContent"},
		Saw: reason,
	}
	a.maps = append(a.maps, &leak{finding: f, files: []string{name}})
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// sourceName is the name of a source as a person knows it: webpack://_N_E/./app/api/route.ts?a1b2 is app/api/route.ts.
func sourceName(s string) string {
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
		if _, rest, ok := strings.Cut(s, "/"); ok {
			s = rest
		}
	}
	s, _, _ = strings.Cut(s, "?")
	for strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "/") {
		s = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(s, "../"), "./"), "/")
	}
	return s
}

var (
	library    = lazyregexp.New(`(^|/)(node_modules|\.pnpm|webpack|next/dist|turbopack|polyfills?)(/|$)|^(webpack|external)\b|[(<]`)
	serverPath = lazyregexp.New(`(^|/)(pages/api/|app/(?:[^/]+/)*route\.[jt]sx?$|supabase/functions/|netlify/functions/)|\.server\.[jt]sx?$|(^|/)\+(?:server|page\.server|layout\.server)\.[jt]s$|^(?:src/)?middleware\.[jt]s$`)
	serverSays = []struct{ shape, why string }{
		{`^\s*['"]use server['"]|[;{]\s*['"]use server['"]`, `is marked "use server"`},
		{`import\s*(?:[\w{},*\s]+from\s*)?['"]server-only['"]`, `imports "server-only"`},
		{
			`(?:from\s*|require\(\s*)['"](?:node:)?(?:fs|fs/promises|child_process|net|tls)['"]`,
			"uses files or sockets of the server",
		},
		{`(?:from\s*|require\(\s*)['"](?:pg|postgres|mysql2?|mongodb|mongoose|@prisma/client|drizzle-orm/(?:node-postgres|postgres-js)|ioredis|nodemailer|bcrypt|bcryptjs|argon2|jsonwebtoken|stripe|razorpay|firebase-admin(?:/\w+)?)['"]`, "uses a database, or a library of the server"},
		{
			`process\.env\.(?:[A-Z0-9_]*(?:SECRET|SERVICE_ROLE|PRIVATE_KEY|PASSWORD|DATABASE_URL)[A-Z0-9_]*)`,
			"reads a secret variable of the server",
		},
		{`export\s+(?:async\s+)?(?:function|const)\s+(?:getServerSideProps|getStaticProps)\b|webhooks\.constructEvent\(`, "makes pages or answers events on the server"},
	}
)

var serverShapes = func() (out []*lazyregexp.Regexp) {
	for _, s := range serverSays {
		out = append(out, lazyregexp.New(s.shape))
	}
	return out
}()

// serverCode says why a source is server code, or nothing. The code decides;
// a path decides alone only where the framework gives it that meaning.
func serverCode(source, content string) string {
	if library.MatchString(source) || strings.TrimSpace(content) == "" {
		return ""
	}
	content = content[:min(len(content), 1<<20)]
	for i, shape := range serverShapes {
		if loc := shape.FindStringIndex(content); loc != nil && !commented(content, loc[0]) {
			return serverSays[i].why
		}
	}
	if serverPath.MatchString(source) && len(content) > 80 {
		return "is a route of the server"
	}
	return ""
}

// commented reports whether a place is behind // on its line, or in an import of types, which leaves no code.
func commented(s string, at int) bool {
	begin := strings.LastIndexByte(s[:at], '\n') + 1
	if strings.HasPrefix(strings.TrimSpace(s[begin:at]), "import type") {
		return true
	}
	return strings.Contains(s[begin:at], "//") && !strings.Contains(s[begin:at], "://")
}
