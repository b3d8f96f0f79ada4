package source

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"
)

// TestRun audits the folder that AUDIT names and prints what it finds.
func TestRun(t *testing.T) {
	dir := os.Getenv("AUDIT")
	if dir == "" {
		t.Skip("AUDIT names no folder")
	}
	start := time.Now()
	if name := os.Getenv("HEAP"); name != "" {
		hook = func() { debugHeap(name) }
	}
	limit, _ := time.ParseDuration(os.Getenv("DEADLINE"))
	r, err := Audit(t.Context(), Options{Dir: dir, Deadline: limit})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range r.Findings {
		if i < 200 {
			fmt.Printf("%-8s %s %s: %s\n", f.Severity, f.Rule, f.Place, f.Title)
		}
	}
	for i, n := range r.NotTested {
		if i < 40 {
			fmt.Println("not tested:", n.What, n.Reason)
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Println(r.Looked, len(r.Findings), "findings,", len(r.NotTested), "not tested,", time.Since(start), m.Sys>>20, "MB")
}

func debugHeap(name string) {
	f, err := os.Create(name)
	if err != nil {
		return
	}
	defer f.Close()
	pprof.Lookup("heap").WriteTo(f, 0)
}
