package simulate

import (
	"fmt"
	"os"
	"testing"
)

func TestBig(t *testing.T) {
	if os.Getenv("BIG") == "" {
		return
	}
	r := Run(Config{Accounts: 10000, Weeks: 4, Warm: 4, Attacks: 4, Seed: 2})
	fmt.Printf("records %d detection %.1f of %d false %.2f\n", r.Records, r.Detection(), r.Planted, r.FalsePerWeek())
	for _, k := range r.Kinds {
		fmt.Printf("%+v\n", k)
	}
	for _, f := range r.False {
		fmt.Printf("%s %s %s %d %s\n", f.Rule, f.Subject, f.At, f.Count, f.Text)
	}
}
