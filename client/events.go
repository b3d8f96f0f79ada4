package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// A Price is what a plan or a top-up costs at a provider, in minor units.
type Price struct {
	Provider string `json:"provider"`
	Interval string `json:"interval"`
	Currency string `json:"currency"`
	Amount   int64  `json:"amount"`
}

// A Plan is one that the app sells, or its default.
type Plan struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Purpose      map[string]string `json:"purpose"` // by language
	Default      bool              `json:"default"`
	Recommended  bool              `json:"recommended"`
	PerSeat      bool              `json:"per_seat"` // a price is for one seat
	Entitlements []string          `json:"entitlements"`
	Limits       map[string]int64  `json:"limits"`
	Prices       []Price           `json:"prices"`
}

// A TopUp is credits that are bought once. Days 0 is for ever.
type TopUp struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Meter   string  `json:"meter"`
	Credits int64   `json:"credits"`
	Days    int     `json:"days"`
	Prices  []Price `json:"prices"`
}

// Plans lists what the app sells now.
func (c *Client) Plans(ctx context.Context) ([]Plan, []TopUp, error) {
	var out struct {
		Plans  []Plan  `json:"plans"`
		TopUps []TopUp `json:"top_ups"`
	}
	err := c.do(ctx, http.MethodGet, "/api/v1/plans", nil, &out)
	return out.Plans, out.TopUps, err
}

// Events lists what happened after a number, and the number to go on from. Whoever reads on misses nothing within
// thirty days.
func (c *Client) Events(ctx context.Context, after int64, limit int) ([]Event, int64, error) {
	var out struct {
		Events []Event `json:"events"`
		Next   int64   `json:"next"`
	}
	q := url.Values{"after": {strconv.FormatInt(after, 10)}, "limit": {strconv.Itoa(limit)}}
	err := c.do(ctx, http.MethodGet, "/api/v1/events?"+q.Encode(), nil, &out)
	return out.Events, out.Next, err
}

// An Endpoint is where events are sent to. Secret is there when it was just made.
type Endpoint struct {
	ID           string     `json:"id"`
	URL          string     `json:"url"`
	Secret       string     `json:"secret"`
	State        string     `json:"state"` // on or off
	Reason       string     `json:"reason"`
	FailingSince *time.Time `json:"failing_since"`
	CreatedAt    time.Time  `json:"created_at"`
	Waiting      int64      `json:"waiting"`
	Failed       int64      `json:"failed"`
}

// Webhooks lists the app's endpoints.
func (c *Client) Webhooks(ctx context.Context) ([]Endpoint, error) {
	var out struct {
		Webhooks []Endpoint `json:"webhooks"`
	}
	return out.Webhooks, c.do(ctx, http.MethodGet, "/api/v1/webhooks", nil, &out)
}

// AddWebhook makes an endpoint. Its secret is shown this once. It is not asked again when there is no answer.
func (c *Client) AddWebhook(ctx context.Context, address string) (*Endpoint, error) {
	return c.endpoint(ctx, "", map[string]string{"url": address})
}

// RotateWebhook gives an endpoint another secret. Both sign for a day.
func (c *Client) RotateWebhook(ctx context.Context, id string) (*Endpoint, error) {
	return c.endpoint(ctx, "/"+url.PathEscape(id)+"/rotate", nil)
}

func (c *Client) endpoint(ctx context.Context, path string, in any) (*Endpoint, error) {
	once := *c
	once.Retries = 0
	var out Endpoint
	if err := once.do(ctx, http.MethodPost, "/api/v1/webhooks"+path, in, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

// RemoveWebhook ends an endpoint.
func (c *Client) RemoveWebhook(ctx context.Context, id string) error {
	var out struct{}
	return c.do(ctx, http.MethodDelete, "/api/v1/webhooks/"+url.PathEscape(id), nil, &out)
}

// TurnOnWebhook turns an endpoint on again and sends what it has missed.
func (c *Client) TurnOnWebhook(ctx context.Context, id string) error {
	var out struct{}
	return c.do(ctx, http.MethodPost, "/api/v1/webhooks/"+url.PathEscape(id)+"/on", nil, &out)
}

// TestWebhook sends a test event to an endpoint and returns its number.
func (c *Client) TestWebhook(ctx context.Context, id string) (int64, error) {
	once := *c
	once.Retries = 0
	var out struct {
		Number int64 `json:"number"`
	}
	err := once.do(ctx, http.MethodPost, "/api/v1/webhooks/"+url.PathEscape(id)+"/test", nil, &out)
	return out.Number, err
}

// A Delivery is an event on its way to an endpoint, or there.
type Delivery struct {
	Number      int64      `json:"number"`
	Type        string     `json:"type"`
	Status      string     `json:"status"` // waiting, delivered or failed
	Attempts    int        `json:"attempts"`
	Answer      *int       `json:"answer"` // the last status of the endpoint, nil for none
	Error       string     `json:"error"`
	NextAt      *time.Time `json:"next_at"` // nil when it is not tried again
	DeliveredAt *time.Time `json:"delivered_at"`
}

// Deliveries lists what was sent to an endpoint, the newest event first: those before a number, all when it is 0.
func (c *Client) Deliveries(ctx context.Context, id string, before int64, limit int) ([]Delivery, error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if before > 0 {
		q.Set("before", strconv.FormatInt(before, 10))
	}
	var out struct {
		Deliveries []Delivery `json:"deliveries"`
	}
	err := c.do(ctx, http.MethodGet, "/api/v1/webhooks/"+url.PathEscape(id)+"/deliveries?"+q.Encode(), nil, &out)
	return out.Deliveries, err
}

// Redeliver sends an event to an endpoint once more, by its number.
func (c *Client) Redeliver(ctx context.Context, id string, number int64) error {
	var out struct{}
	return c.do(ctx, http.MethodPost, "/api/v1/webhooks/"+url.PathEscape(id)+"/redeliver",
		map[string]int64{"number": number}, &out)
}

// An Import is what came of a file of customers who pay already, so far.
type Import struct {
	ID       string         `json:"id"`
	DryRun   bool           `json:"dry_run"`
	Finished bool           `json:"finished"`
	Waiting  int            `json:"waiting"`
	Lines    []ImportedLine `json:"lines"`
}

// An ImportedLine is what came of one line.
type ImportedLine struct {
	Line      int    `json:"line"`
	Customer  string `json:"customer"`
	Provider  string `json:"provider"`
	ID        string `json:"id"`
	Outcome   string `json:"outcome"`
	Detail    string `json:"detail"`
	PaysTwice bool   `json:"pays_twice"`
}

// BeginImport sends a file of customers who pay already, with the credits that they have left in columns named after
// meters: see docs/import.md. A dry run changes nothing. It returns the import's id.
func (c *Client) BeginImport(ctx context.Context, csv string, dryRun bool) (string, error) {
	once := *c
	once.Retries = 0
	var out struct {
		ID string `json:"id"`
	}
	err := once.do(ctx, http.MethodPost, "/api/v1/imports", map[string]any{"csv": csv, "dry_run": dryRun}, &out)
	return out.ID, err
}

// Import says what came of a file so far.
func (c *Client) Import(ctx context.Context, id string) (*Import, error) {
	var out Import
	if err := c.do(ctx, http.MethodGet, "/api/v1/imports/"+url.PathEscape(id), nil, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

// EndImports says that everybody has moved in: customers whom nobody knows are shown to a person from then on.
func (c *Client) EndImports(ctx context.Context) error {
	var out struct{}
	return c.do(ctx, http.MethodDelete, "/api/v1/imports", nil, &out)
}
