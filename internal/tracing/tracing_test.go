package tracing

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
)

// While nobody asked for traces, they cost no allocation anywhere.
func TestOffCostsNothing(t *testing.T) {
	if asked.Load() {
		t.Fatal("another test asked for traces before")
	}
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, 1)
	var none *Source
	allocations := testing.AllocsPerRun(1000, func() {
		ctx, span := Start(none.With(ctx), Server, "GET /")
		span.SetText("a", "b")
		span.SetNumber("a", 1)
		_, inner := Within(ctx, Client, "database select")
		inner.Happened("statement", "a", "b", "c", 1)
		inner.Fail("x")
		inner.End()
		if span.Recording() || Current(ctx).Recording() {
			t.Error("something is recorded")
		}
		span.End()
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestCollection(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/v1/customers":                        "/v1/customers",
		"/v1/customers/cus_9s6XKzkNRiz8i3":     "/v1/customers/{id}",
		"/v1/subscriptions/sub_1/cancel":       "/v1/subscriptions/{id}/cancel",
		"/v1/billing_portal/sessions":          "/v1/billing_portal/sessions",
		"/v1/invoices/in_1/lines/il_2":         "/v1/invoices/{id}/lines/{id}",
		"/razorpay/v1/orders/order_Abc9/items": "/razorpay/v1/orders/{id}/items",
	} {
		if got := collection(path); got != want {
			t.Errorf("collection(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestTransportPassesOn(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Traceparent") != "" {
			t.Error("a provider is told of the trace")
		}
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	source, err := Open(t.Context(), server.URL, "v", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, span := Start(source.With(t.Context()), Internal, "work")
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/customers/cus_1", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: Transport(nil)}
	res, err := client.Do(r)
	if err != nil || res.StatusCode != http.StatusTeapot {
		t.Fatalf("%v: %v", res, err)
	}
	_ = res.Body.Close()
	span.End()
	for _, bad := range []string{"127.0.0.1:4318", "ftp://x", ""} {
		if _, err := Open(t.Context(), bad, "v", slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%q is an address for traces", bad)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = source.Close(ctx)
}

func BenchmarkOff(b *testing.B) {
	if asked.Load() {
		b.Skip("a test before asked for traces")
	}
	b.ReportAllocs()
	for b.Loop() {
		_, span := Start(b.Context(), Server, "GET /")
		span.SetNumber("a", 1)
		span.End()
	}
}
