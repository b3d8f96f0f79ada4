package bench

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// measureFiles times the files of a large book, and what memory the server takes for them above idle.
func (r *khataRun) measureFiles(ctx context.Context) error {
	for _, f := range []struct {
		shop         int
		path         string
		speed        string // figure of rows a second
		memory, took string // figures
	}{
		{0, r.pagePath(0) + "/export.csv", "csv_rows_per_second", "csv_memory_above_idle", ""},
		{1, r.pagePath(1) + "/export.xlsx", "", "xlsx_memory_above_idle", "xlsx_seconds"},
		{
			0, r.pagePath(0) + "/p/" + r.large[0].partyID(r.business(0), 1) + "/export.pdf",
			"", "pdf_memory_above_idle",
			"pdf_seconds",
		},
	} {
		var speeds, memories, times []float64
		for round := range r.Rounds {
			r.say("writing %s, round %d of %d", path.Base(f.path), round+1, r.Rounds)
			if err := r.startAgain(ctx); err != nil {
				return err
			}
			d, err := r.download(ctx, f.shop, f.path)
			if err != nil {
				return err
			}
			speeds, memories, times = append(speeds, float64(d.rows)/d.took.Seconds()),
				append(memories, float64(d.memory)/(1<<20)), append(times, d.took.Seconds())
		}
		for _, m := range []struct {
			name   string
			values []float64
			unit   string
		}{{f.speed, speeds, "1/s"}, {f.memory, memories, "MB"}, {f.took, times, "s"}} {
			if m.name != "" {
				slices.Sort(m.values)
				r.extra = append(r.extra, figure{m.name, m.values[len(m.values)/2], m.unit})
			}
		}
	}
	return nil
}

// A downloaded file: its lines, how long it took, and the server's memory above what it had before.
type downloaded struct {
	rows   int
	took   time.Duration
	memory int64
}

func (r *khataRun) download(ctx context.Context, shop int, path string) (d downloaded, err error) {
	if _, err := r.load(ctx, 1, 0, func() []byte { return r.get(0, "text/html", r.pagePath(0)) }); err != nil {
		return d, err
	}
	_, idle, err := r.server.memory()
	if err != nil {
		return d, err
	}
	end, err := r.turn()
	if err != nil {
		return d, err
	}
	defer end()
	watched, stop := context.WithCancel(ctx)
	defer stop()
	peak := make(chan int64)
	go func() {
		most := idle
		for watched.Err() == nil {
			if _, now, err := r.server.memory(); err == nil {
				most = max(most, now)
			}
			time.Sleep(5 * time.Millisecond)
		}
		peak <- most
	}()
	start := time.Now()
	d.rows, err = r.fetch(ctx, shop, path)
	d.took = time.Since(start)
	stop()
	d.memory = <-peak - idle
	return d, err
}

// fetch reads a file to its end and returns its lines but the first.
func (r *khataRun) fetch(ctx context.Context, shop int, path string) (rows int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.server.addr+path, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Cookie", "session="+token(r.business(shop)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s", path, resp.Status)
	}
	buffer := make([]byte, 256<<10)
	for {
		n, err := resp.Body.Read(buffer)
		rows += bytes.Count(buffer[:n], []byte{'\n'})
		if errors.Is(err, io.EOF) {
			return rows - 1, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// A view is what a browser loads to show a page for the first time, as it comes over the wire.
type view struct{ bytes, scripts int }

var (
	loaded   = regexp.MustCompile(`<(?:link|script|img)\b[^>]*>|<use\b[^>]*>`)
	address  = regexp.MustCompile(`(?:href|src)="([^"#]+)`)
	imported = regexp.MustCompile(`(?m)^\s*import\b[^"']*["']([^"']+)["']`)
	inCSS    = regexp.MustCompile(`url\(["']?([^"')#]+)`)
)

// measureFirstView adds up what the first view of a page loads, and the JavaScript of every page of a shop.
func (r *khataRun) measureFirstView(ctx context.Context) error {
	r.say("loading pages for the first time")
	list := r.pagePath(0)
	party := list + "/p/" + r.large[0].partyID(r.business(0), 2)
	first, heaviest := 0, 0
	for _, p := range []struct {
		path     string
		signedIn bool
		counts   bool // in first_view_bytes
	}{
		{"/", false, true},
		{list, true, true},
		{party, true, false},
		{party + "/entries/new?side=given", true, false},
		{party + "/statement", true, false},
		{party + "/remind", true, false},
		{list + "/import", true, false},
		{list + "/reports", true, false},
		{list + "/settings", true, false},
		{"/billing", true, false},
		{list + "/grid", true, false},
	} {
		v, err := r.view(ctx, p.path, p.signedIn)
		if err != nil {
			return err
		}
		if p.counts {
			first = max(first, v.bytes)
		}
		if strings.HasSuffix(p.path, "/grid") {
			defer func() { r.extra = append(r.extra, figure{"javascript_bytes_grid", float64(v.scripts), "B"}) }()
		} else {
			heaviest = max(heaviest, v.scripts)
		}
	}
	r.extra = append(r.extra, figure{"first_view_bytes", float64(first), "B"}, figure{
		"javascript_bytes",
		float64(heaviest), "B",
	})
	return nil
}

// view loads a page and, each once, what it names: stylesheets, modules and what they import, pictures, the manifest.
func (r *khataRun) view(ctx context.Context, page string, signedIn bool) (v view, err error) {
	cookie := ""
	if signedIn {
		cookie = "session=" + token(r.business(0))
	}
	wire, text, err := r.part(ctx, page, cookie)
	if err != nil {
		return v, err
	}
	v.bytes = wire
	var todo []string
	for _, tag := range loaded.FindAllString(text, -1) {
		if m := address.FindStringSubmatch(tag); m != nil && strings.HasPrefix(m[1], "/static/") {
			todo = append(todo, m[1])
		}
	}
	seen := map[string]bool{}
	for len(todo) > 0 {
		name := todo[0]
		if todo = todo[1:]; seen[name] {
			continue
		}
		seen[name] = true
		wire, text, err := r.part(ctx, name, "")
		if err != nil {
			return v, err
		}
		v.bytes += wire
		var found [][]string
		switch path.Ext(name) {
		case ".js":
			v.scripts += wire
			found = imported.FindAllStringSubmatch(text, -1)
		case ".css":
			found = inCSS.FindAllStringSubmatch(text, -1)
		}
		for _, m := range found {
			if !strings.HasPrefix(m[1], "data:") {
				todo = append(todo, path.Join(path.Dir(name), m[1]))
			}
		}
	}
	return v, nil
}

// part returns the size of an answer as it comes compressed, and its text.
func (r *khataRun) part(ctx context.Context, path, cookie string) (wire int, text string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.server.addr+path, nil)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, resp.Status)
	}
	if err != nil {
		return 0, "", err
	}
	wire = len(body)
	if resp.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return 0, "", err
		}
		if body, err = io.ReadAll(z); err != nil {
			return 0, "", err
		}
	}
	return wire, string(body), nil
}
