package web

import (
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/tijorihq/tijori/internal/tracing"
)

// A receiver takes traces as a collector does.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*tracev1.Span
	text  strings.Builder // all that came, to look for what must not
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		body := io.Reader(hr.Body)
		if hr.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(body)
			if err != nil {
				t.Error(err)
				return
			}
			body = z
		}
		b, err := io.ReadAll(body)
		var m collector.ExportTraceServiceRequest
		if err != nil || hr.URL.Path != "/v1/traces" || proto.Unmarshal(b, &m) != nil {
			t.Errorf("%s: %v", hr.URL.Path, err)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.text.WriteString(protojson.Format(&m))
		for _, of := range m.ResourceSpans {
			for _, scope := range of.ScopeSpans {
				r.spans = append(r.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// below are the spans below one of a name, of which there must be one.
func (r *receiver) below(t *testing.T, name string) (top *tracev1.Span, below []*tracev1.Span) {
	t.Helper()
	for _, s := range r.spans {
		if s.Name == name {
			top = s
		}
	}
	if top == nil {
		t.Fatalf("there is no span %q", name)
	}
	within := map[string]bool{string(top.SpanId): true}
	for range r.spans { // parents may come after their children
		for _, s := range r.spans {
			if within[string(s.ParentSpanId)] && !within[string(s.SpanId)] {
				within[string(s.SpanId)] = true
				below = append(below, s)
			}
		}
	}
	return top, below
}

func attribute(s *tracev1.Span, name string) string {
	for _, a := range s.Attributes {
		if a.Key == name {
			return strings.TrimPrefix(a.Value.String(), "string_value:")
		}
	}
	return ""
}

// A request, its statements and a call of a provider are one trace, and nothing of it is a secret or a value.
func TestTraces(t *testing.T) {
	w := newWorld(t).populate()
	r := newReceiver(t)
	source, err := tracing.Open(t.Context(), r.URL, "v-test", slog.New(slog.DiscardHandler))
	w.ok(err)
	w.config.Traces = source
	w.server = New(w.config)
	a := w.a
	party := "/b/" + a.ids["business"] + "/p/" + a.ids["party"]
	w.get(party+"?q=typed-by-a-user", a.Token).has(t, "a party", 200)
	w.get("/confirm/"+a.ids["sign-up"], "").has(t, "a link", 200)
	w.send("POST", form("/login", "email", a.Email, "password", "correct horse battery staple"), "")
	w.send("POST", form("/billing/portal"), a.Token)
	w.get("/b/"+w.b.ids["business"], a.Token).has(t, "another's", 404)
	w.ok(source.Close(t.Context()))
	r.mu.Lock()
	defer r.mu.Unlock()

	top, below := r.below(t, "GET /b/{business}/p/{party}")
	if len(top.ParentSpanId) != 0 || attribute(top, "http.route") != `"GET /b/{business}/p/{party}"` ||
		attribute(top, "tijori.verdict") != `"allowed"` || len(attribute(top, "tijori.request_id")) != 26 {
		t.Errorf("the request is %v", top)
	}
	statements := 0
	for _, s := range below {
		if !strings.HasPrefix(s.Name, "database ") || attribute(s, "tijori.pool") != `"requests"` ||
			s.StartTimeUnixNano < top.StartTimeUnixNano || s.EndTimeUnixNano > top.EndTimeUnixNano {
			t.Errorf("below the request is %v", s)
		}
		for _, e := range s.Events {
			statements++
			if e.Name != "statement" {
				t.Errorf("within a batch is %v", e)
			}
		}
	}
	if len(below) == 0 || statements < 5 {
		t.Errorf("a page is %d trips of %d statements", len(below), statements)
	}
	_, below = r.below(t, "POST /billing/portal")
	calls := 0
	for _, s := range below {
		if strings.HasPrefix(s.Name, "call ") {
			calls++
			if attribute(s, "http.request.method") == "" || attribute(s, "server.address") == "" {
				t.Errorf("a call is %v", s)
			}
		}
	}
	if calls == 0 {
		t.Error("the call of the provider is not in the trace")
	}
	text := r.text.String()
	for what, secret := range map[string]string{
		"a session": a.Token, "a token": a.ids["sign-up"], "a password": "correct horse", "an address": a.Email,
		"a query": "typed-by-a-user", "a business": a.ids["business"], "a party": a.ids["party"], "a name": wordOfA + "party",
		"a provider's key": "sk_test_of_the_test", "a telephone number": phoneA,
	} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in the traces", what)
		}
	}

	// A server that nobody gave a source traces nothing.
	before := len(r.spans)
	w.config.Traces = nil
	w.server = New(w.config)
	r.mu.Unlock()
	w.get(party, a.Token).has(t, "a party", 200)
	r.mu.Lock()
	if len(r.spans) != before {
		t.Error("without a source there are traces")
	}
}

// A collector that does not answer holds up nobody.
func TestTracesWaitForNobody(t *testing.T) {
	w := newWorld(t).populate()
	end := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end }))
	defer silent.Close()
	defer close(end)
	source, err := tracing.Open(t.Context(), silent.URL, "v-test", slog.New(slog.DiscardHandler))
	w.ok(err)
	w.config.Traces = source
	w.server = New(w.config)
	for range 20 {
		w.get("/pricing", "").has(t, "a page", 200)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_ = source.Close(ctx) // it ends with the context
	w.get("/pricing", "").has(t, "a page after the end", 200)
}
