package cli

import (
	"os"
	"path/filepath"
	"time"

	"github.com/tijorihq/tijori/internal/bench"
	"github.com/tijorihq/tijori/internal/billing/simulator"
)

type benchCmd struct {
	What   string        `arg:"" optional:"" enum:"reads,khata,credits,webhook,fair,watch,platform" default:"reads" help:"What to measure: reads, khata, credits, webhook, fair, watch or platform (default: ${default})."`
	Data   string        `env:"TIJORI_DATA" placeholder:"DIR" help:"Where the benchmark's own PostgreSQL lives (default: the state directory)."`
	PGBin  string        `name:"pg-bin" env:"TIJORI_PG_BIN" placeholder:"DIR" help:"Where the PostgreSQL server programs and pgbench are."`
	Round  time.Duration `default:"3s" help:"How long each load is measured at a time."`
	Rounds int           `default:"3" help:"How often; odd, because the medians are printed."`

	Rows    int    `placeholder:"N" help:"How many rows the day of the access log has, for watch (default: 10,000,000)."`
	Clients []int  `placeholder:"N,…" help:"How many clients at once, for reads (default: 1, 8 and 32)."`
	Turns   string `placeholder:"FILE" type:"path" help:"Measure only while a lock on this file is held, so that two programs are measured by turns."`
}

// Run measures and prints a table with figures.
func (c *benchCmd) Run(e *env) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	f := databaseFlags{Data: c.Data}
	dir, err := f.dataDir()
	if err != nil {
		return err
	}
	config := bench.Config{
		Dir: dir, Server: []string{self, "serve"}, Round: c.Round, Rounds: c.Rounds,
		Clients: c.Clients, Turns: c.Turns, Out: e.stdout, Progress: e.stderr,
	}
	if c.PGBin != "" {
		config.BinDirs = []string{c.PGBin}
	}
	if c.What == "webhook" {
		config.Dir = filepath.Join(dir, "webhook")
		return bench.RunWebhooks(e, config, bench.Webhooks{
			Secret:  simulator.RazorpaySecret,
			Account: simulator.RazorpayAccount,
		})
	}
	if c.What == "credits" {
		config.Dir = filepath.Join(dir, "credits")
		config.Server = append(config.Server, "--no-jobs")
		return bench.RunCredits(e, config)
	}
	if c.What == "platform" {
		config.Dir = filepath.Join(dir, "platform")
		return bench.RunPlatform(e, config)
	}
	if c.What == "khata" {
		config.Dir = filepath.Join(dir, "khata")
		return bench.RunKhata(e, config, bench.Khata{})
	}
	if c.What == "fair" {
		config.Dir = filepath.Join(dir, "fair")
		return bench.RunFair(e, config, bench.Fair{})
	}
	if c.What == "watch" {
		config.Dir = filepath.Join(dir, "watch")
		return bench.RunWatch(e, config, bench.Watch{Rows: c.Rows})
	}
	return bench.Run(e, config)
}
