package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is a line of `go test -json`, as `go doc test2json` describes it.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build-output, which has no Package
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string // of a package's fail: whose build-output says why
}

// summary counts tests, subtests included.
type summary struct{ passed, failed int }

func (s summary) String() string { return fmt.Sprintf("%d passed, %d failed", s.passed, s.failed) }
func (s summary) ok() bool       { return s.passed > 0 && s.failed == 0 }

// counter holds what may still have to be printed, until its test has passed.
type counter struct {
	summary
	to      io.Writer
	output  map[string][]string // by package and test; of builds by import path
	running map[string][]string // tests begun and not ended, by package, in order
	failing map[string]bool     // packages with a failed test
}

// count reads events and writes the output of failures and a line per package.
// A line that is no event is passed on.
func count(r io.Reader, w io.Writer) (summary, error) {
	c := &counter{to: w, output: map[string][]string{}, running: map[string][]string{}, failing: map[string]bool{}}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n') // of any length
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
				fmt.Fprint(w, line)
			} else {
				c.add(e)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return c.summary, fmt.Errorf("read go test's events: %w", err)
		}
	}
	for pkg := range c.running { // go test ended without a word on these packages
		c.unfinished(pkg)
	}
	return c.summary, nil
}

func (c *counter) add(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		c.output[e.ImportPath] = append(c.output[e.ImportPath], e.Output)
	case "output":
		c.output[key] = append(c.output[key], e.Output)
	case "run":
		c.running[e.Package] = append(c.running[e.Package], e.Test)
	case "pass", "fail", "skip":
		if e.Test == "" {
			c.endPackage(e)
		} else {
			c.endTest(e, key)
		}
	}
}

func (c *counter) endTest(e event, key string) {
	c.running[e.Package] = slices.DeleteFunc(c.running[e.Package], func(t string) bool { return t == e.Test })
	switch e.Action {
	case "pass":
		c.passed++
	case "skip":
		c.fail(e.Package, e.Test, key, "skipped, which counts as failed")
	case "fail":
		c.fail(e.Package, e.Test, key, "")
	}
	delete(c.output, key)
}

func (c *counter) endPackage(e event) {
	c.unfinished(e.Package)
	if e.Action == "fail" && !c.failing[e.Package] {
		// No test of it failed: it did not build, or ended by itself.
		why := "the package failed outside its tests"
		if e.FailedBuild != "" {
			why = "the package does not build"
		}
		c.output[e.Package+" "] = append(c.output[e.FailedBuild], c.output[e.Package+" "]...)
		c.fail(e.Package, "", e.Package+" ", why)
	} else if e.Action != "skip" { // a package without tests is not worth a line
		fmt.Fprintf(c.to, "%-4s %s %.1fs\n", map[string]string{"pass": "ok", "fail": "FAIL"}[e.Action], e.Package,
			e.Elapsed)
	}
	delete(c.output, e.Package+" ")
}

// unfinished counts the tests that began and never ended: a panic, a time-out or
// os.Exit took them along.
func (c *counter) unfinished(pkg string) {
	for _, test := range c.running[pkg] {
		c.fail(pkg, test, pkg+" "+test, "did not end")
	}
	delete(c.running, pkg)
}

func (c *counter) fail(pkg, test, key, why string) {
	c.failed++
	c.failing[pkg] = true
	fmt.Fprintln(c.to, strings.TrimSpace(fmt.Sprintf("FAIL %s %s %s", pkg, test, why)))
	for _, o := range c.output[key] {
		if !strings.HasPrefix(o, "=== ") {
			fmt.Fprint(c.to, "    ", strings.TrimSuffix(o, "\n"), "\n")
		}
	}
}
