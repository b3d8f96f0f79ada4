// Package tracing sends traces by OTLP when the program is told where to: a request, its statements, a job, a call of
// a provider. While nobody asked for that, all of it is one look at a flag.
//
// Spans hold names of routes, statements without their values, and numbers. They never hold a path, a query, a
// parameter, a header or a body: a path may be a secret link.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// A Source begins traces. The nil Source begins none.
type Source struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// asked is whether anybody ever asked for traces in this process.
var asked atomic.Bool

// Open begins to send traces to an endpoint such as http://127.0.0.1:4318. Headers, sampling and more come from the
// standard variables OTEL_EXPORTER_OTLP_…, OTEL_TRACES_SAMPLER and OTEL_RESOURCE_ATTRIBUTES. What cannot be sent is
// dropped, and never waited for.
func Open(ctx context.Context, endpoint, version string, log *slog.Logger) (*Source, error) {
	base := strings.TrimRight(endpoint, "/")
	if !strings.HasPrefix(base, "http://") && !strings.HasPrefix(base, "https://") {
		return nil, errors.New("the address for traces begins with http:// or https://")
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(base+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("set up traces: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "tijori"),
		attribute.String("service.version", version)), resource.WithHost(), resource.WithTelemetrySDK(),
		resource.WithFromEnv())
	if err != nil && about == nil {
		return nil, fmt.Errorf("set up traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces", "error", err) }))
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))
	asked.Store(true)
	return &Source{provider: provider, tracer: provider.Tracer("tijori")}, nil
}

// Close sends what is left.
func (s *Source) Close(ctx context.Context) error {
	if s == nil {
		return nil
	}
	return s.provider.Shutdown(ctx)
}

type sourceKey struct{}

// With returns a context in which Start begins a trace.
func (s *Source) With(ctx context.Context) context.Context {
	if s == nil {
		return ctx
	}
	return context.WithValue(ctx, sourceKey{}, s)
}

// A Kind is what a span is seen from outside.
type Kind = trace.SpanKind

// The kinds that there are.
const (
	Server   = trace.SpanKindServer
	Internal = trace.SpanKindInternal
	Client   = trace.SpanKindClient
)

// A Span is a piece of work. The zero Span is none, and takes everything.
type Span struct{ span trace.Span }

// Start begins a span: below the one of the context; else a trace of its own, where the context has a Source; else
// none.
func Start(ctx context.Context, kind Kind, name string) (context.Context, Span) {
	if !asked.Load() {
		return ctx, Span{}
	}
	return start(ctx, kind, name)
}

func start(ctx context.Context, kind Kind, name string) (context.Context, Span) {
	if above := trace.SpanFromContext(ctx); above.SpanContext().IsValid() {
		ctx, span := above.TracerProvider().Tracer("tijori").Start(ctx, name, trace.WithSpanKind(kind))
		return ctx, Span{span}
	}
	s, ok := ctx.Value(sourceKey{}).(*Source)
	if !ok {
		return ctx, Span{}
	}
	ctx, span := s.tracer.Start(ctx, name, trace.WithSpanKind(kind))
	return ctx, Span{span}
}

// Within begins a span below the one of the context, and none where there is none.
func Within(ctx context.Context, kind Kind, name string) (context.Context, Span) {
	if !asked.Load() || !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, Span{}
	}
	return start(ctx, kind, name)
}

// Current is the span of the context.
func Current(ctx context.Context) Span {
	if !asked.Load() {
		return Span{}
	}
	return Span{trace.SpanFromContext(ctx)}
}

// Recording reports whether anybody will see the span.
func (s Span) Recording() bool { return s.span != nil && s.span.IsRecording() }

// SetText adds a text to the span.
func (s Span) SetText(name, value string) {
	if s.span != nil {
		s.span.SetAttributes(attribute.String(name, value))
	}
}

// SetNumber adds a number to the span.
func (s Span) SetNumber(name string, value int64) {
	if s.span != nil {
		s.span.SetAttributes(attribute.Int64(name, value))
	}
}

// Happened notes that something happened within the span, with a text and a number.
func (s Span) Happened(what, name, text, number string, n int64) {
	if s.span != nil {
		s.span.AddEvent(what, trace.WithAttributes(attribute.String(name, text), attribute.Int64(number, n)))
	}
}

// Fail says that the work failed, in a word that holds nobody's data.
func (s Span) Fail(why string) {
	if s.span != nil {
		s.span.SetStatus(codes.Error, why)
	}
}

// End ends the span.
func (s Span) End() {
	if s.span != nil {
		s.span.End()
	}
}

// Transport returns a transport whose requests are spans of the work that makes them. It tells the other side nothing.
func Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return transport{base}
}

type transport struct{ base http.RoundTripper }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := Within(r.Context(), Client, "call "+r.URL.Hostname())
	if !span.Recording() {
		return t.base.RoundTrip(r)
	}
	defer span.End()
	span.SetText("http.request.method", r.Method)
	span.SetText("server.address", r.URL.Hostname())
	span.SetText("url.template", collection(r.URL.Path))
	began := time.Now()
	res, err := t.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		span.Fail("no answer")
		return nil, err
	}
	span.SetNumber("http.response.status_code", int64(res.StatusCode))
	span.SetNumber("tijori.header_ms", time.Since(began).Milliseconds())
	if res.StatusCode >= 400 {
		span.Fail("refused")
	}
	return res, nil
}

// collection is a path without its ids: what follows the version and the name of a collection.
func collection(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range parts {
		if i > 1 && strings.ContainsAny(parts[i], "0123456789") {
			parts[i] = "{id}"
		}
	}
	return "/" + strings.Join(parts, "/")
}
