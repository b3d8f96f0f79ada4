// Command testcount runs `go test -json` with its arguments, prints the output of
// what failed and ends with the line "N passed, N failed". A skipped test counts
// as failed, and so does a package that does not build or ends before its tests
// do. It exits 0 only when at least one test ran and nothing failed.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		fatal(err)
	}
	if err := cmd.Start(); err != nil {
		fatal(err)
	}
	// Interrupted, we still report: go test ends its tests and closes the pipe.
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stop
		_ = cmd.Process.Signal(os.Interrupt)
	}()
	sum, err := count(out, os.Stdout)
	if err != nil {
		fatal(err)
	}
	if err := cmd.Wait(); err != nil && sum.failed == 0 {
		fmt.Printf("FAIL: go test: %v\n", err)
		sum.failed = 1
	}
	fmt.Println(sum)
	if !sum.ok() {
		os.Exit(1)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "testcount:", err)
	fmt.Println(summary{failed: 1})
	os.Exit(1)
}
