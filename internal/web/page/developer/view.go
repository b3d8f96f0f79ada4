// Package developer is the page of an account whose programs use the API: keys, a first call, what was used, and the
// latest calls.
package developer

import (
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /developer. Its forms post to /billing/keys and /billing/keys/{id}/revoke.
type View struct {
	ui.Shell
	Account string // named on top, so that nobody acts on the wrong one
	Base    string // address of this server, without a path
	Meters  []Meter
	Keys    []Key
	NewKey  KeyForm
	Made    string // a key that was just made: shown once
	Name    string // of that key
	Chart   ui.Chart
	Calls   []Call
}

// A Meter is what there is of a kind of credit.
type Meter struct {
	ID, Name   string
	Left, Held int64
}

// A Key is an API key, of which only the first letters are known.
type Key struct {
	ID     string
	Name   string
	Hint   string
	Spend  bool
	MadeBy string
	Used   time.Time // zero when never
	Made   time.Time
	Live   bool
}

// A KeyForm is the form of a new key, as typed.
type KeyForm struct {
	ui.Form
	Name string
	Read bool // only look, not spend
}

// A Call is one that a program of the account made.
type Call struct {
	At      time.Time
	Key     string // its name
	Route   string
	Status  int
	Failed  bool
	Took    int // milliseconds
	Request string
}

func (v View) scope() string {
	if v.NewKey.Read {
		return "read"
	}
	return "spend"
}

func (v View) scopes() []ui.Option {
	return []ui.Option{{Value: "spend", Label: v.T("Read and spend")}, {Value: "read", Label: v.T("Read only")}}
}

// meter is the one that the examples spend.
func (v View) meter() string {
	if len(v.Meters) > 0 {
		return v.Meters[0].ID
	}
	return "credits"
}

// Curl is a first call. It spends one credit, once: sent again it takes nothing more.
func Curl(base, meter string) string {
	return strings.Join([]string{
		`curl ` + base + `/api/credits/consume \`,
		`  -H "Authorization: Bearer $TIJORI_KEY" \`,
		`  -H "Content-Type: application/json" \`,
		`  -d '{"meter":"` + meter + `","amount":1,"idempotency_key":"job-1"}'`,
	}, "\n")
}

// Go is the same with our package.
func Go(base, meter string) string {
	return `package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/tijorihq/tijori/client"
)

func main() {
	c := client.New("` + base + `", os.Getenv("TIJORI_KEY"))
	spent, err := c.Consume(context.Background(), client.Spend{
		Meter: "` + meter + `", Amount: 1, Key: "job-1",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("left:", spent.Balance)
}
`
}

// TypeScript is the same without a package.
func TypeScript(base, meter string) string {
	return `const answer = await fetch("` + base + `/api/credits/consume", {
  method: "POST",
  headers: {
    Authorization: ` + "`Bearer ${process.env.TIJORI_KEY}`" + `,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({ meter: "` + meter + `", amount: 1, idempotency_key: "job-1" }),
});
const body = await answer.json();
if (!answer.ok) {
  // body.error says what to do: "insufficient_credits", for example
  throw new Error(` + "`${body.error}: ${body.detail} (request ${body.request_id})`" + `);
}
console.log("left:", body.balance);
`
}

// errors are the answers that a program has to know.
func (v View) errors() [][2]string {
	return [][2]string{
		{"401 unauthorized", v.T("The key is missing, wrong or revoked.")},
		{"402 insufficient_credits", v.T("Not enough credits are left. Nothing was taken.")},
		{"403 forbidden", v.T("The key may read, and not spend.")},
		{"409", v.T("The idempotency key was used before for something else.")},
		{"422 invalid", v.T("Something in the request is wrong; the answer names the field.")},
		{"503", v.T("Try again with the same idempotency key: nothing is taken twice.")},
	}
}
