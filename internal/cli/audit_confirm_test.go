package cli

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/leaky"
)

const shopCode = `const express = require('express')
const { Pool } = require('pg')
const pool = new Pool()
const app = express()

app.get('/invoices/:id', async (req, res) => {
  if (!req.user) return res.status(401).end()
  const { rows } = await pool.query('select * from invoices where id = $1', [req.params.id])
  res.json(rows[0])
})

app.listen(3000)
`

// What the code shows is tried on the running app: the report has both in one finding.
func TestCodeIsConfirmedOnTheRunningApp(t *testing.T) {
	for name, c := range map[string]struct {
		flaws []leaky.Flaw
		want  string
	}{
		"leaky": {[]leaky.Flaw{leaky.ReadByPath}, finding.Proved},
		"sound": {nil, finding.Withstood},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			server := httptest.NewServer(leaky.New(c.flaws...))
			t.Cleanup(server.Close)
			write(t, map[string]string{
				"audit.toml": leaky.Config(server.URL) + "\n[all]\nsource = \"src\"\n", "src/app.js": shopCode,
			})
			exit, _, stderr := tijori(t, "audit", "all", "--only", "source,http", "--format", "json", "-o", "all.json")
			if exit != 3 {
				t.Fatalf("exit %d: %s", exit, stderr)
			}
			f := codeFinding(t, "all.json")
			if f.Check.Result != c.want || (f.Proof != nil) != (c.want == finding.Proved) {
				t.Errorf("check %+v, proof %+v; want it %s", f.Check, f.Proof, c.want)
			}

			// audit source alone names the command, and the command gives the same answer
			exit, stdout, stderr := tijori(t, "audit", "source", "src")
			if exit != 3 || !strings.Contains(stdout, f.Check.Command) {
				t.Errorf("exit %d, %s; want %q in\n%s", exit, stderr, f.Check.Command, stdout)
			}
			args := []string{"audit", "http", "--config", "audit.toml", "--route", f.Check.On}
			want := 0
			if c.want == finding.Proved {
				want = 3
			}
			if exit, stdout, stderr := tijori(t, args...); exit != want {
				t.Errorf("%q ends with %d, want %d\n%s%s", args, exit, want, stdout, stderr)
			}
			if exit, _, stderr := tijori(t, "audit", "http", "--route", "GET /nowhere"); exit != 2 {
				t.Errorf("a route that is not there ends with %d: %s", exit, stderr)
			}
		})
	}
}

func codeFinding(t *testing.T, name string) finding.Finding {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var r finding.Report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		if f.Rule == "query-without-owner" && f.Check != nil {
			return f
		}
	}
	t.Fatalf("the code is not judged: %+v", r.Findings)
	return finding.Finding{}
}

// A first audit.toml comes from the code itself.
func TestInitReadsTheCode(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, map[string]string{"src/app.js": shopCode})
	exit, stdout, stderr := tijori(t, "audit", "init", "--source", "src", "--url", "http://127.0.0.1:3000")
	if exit != 0 || !strings.Contains(stdout, "1 routes") {
		t.Fatalf("exit %d: %s%s", exit, stdout, stderr)
	}
	text, err := os.ReadFile("audit.toml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"/invoices/{invoice}"`) {
		t.Errorf("the file lacks the route of the code:\n%s", text)
	}
}
