package gate

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// A profile is what is covered: statements or lines, by file.
type profile map[string]map[string]statement

type statement struct {
	n       int
	covered bool
}

func (p profile) add(file, place string, n int, covered bool) {
	if p[file] == nil {
		p[file] = map[string]statement{}
	}
	s := p[file][place]
	p[file][place] = statement{n, s.covered || covered} // several profiles add up
}

// of sums up the files of a package: of a folder, by its whole name or its last parts.
func (p profile) of(pkg string) (covered, total int) {
	pkg = strings.Trim(pkg, "/")
	for file, statements := range p {
		dir := path.Dir(file)
		if dir != pkg && !strings.HasSuffix(dir, "/"+pkg) && file != pkg {
			continue
		}
		for _, s := range statements {
			total += s.n
			if s.covered {
				covered += s.n
			}
		}
	}
	return covered, total
}

// read reads a Go profile, lcov or Cobertura, whichever the file is.
func (p profile) read(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(io.LimitReader(f, 256<<20), 64<<10)
	head, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch text := strings.TrimSpace(string(head)); {
	case strings.HasPrefix(text, "mode:"):
		return p.golang(in)
	case strings.HasPrefix(text, "<"):
		return p.cobertura(in)
	case strings.HasPrefix(text, "TN:"), strings.HasPrefix(text, "SF:"):
		return p.lcov(in)
	}
	return errors.New("it is no Go profile, lcov or Cobertura")
}

var goLine = regexp.MustCompile(`^(.+\.go):(\d+\.\d+,\d+\.\d+) (\d+) (\d+)$`)

func (p profile) golang(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "mode:") {
			continue
		}
		m := goLine.FindStringSubmatch(text)
		if m == nil {
			return fmt.Errorf("line %d is no line of a Go profile", n)
		}
		statements, err := strconv.Atoi(m[3])
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		p.add(m[1], m[2], statements, m[4] != "0")
	}
	return lines.Err()
}

func (p profile) lcov(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	file := ""
	for n := 1; lines.Scan(); n++ {
		kind, rest, _ := strings.Cut(strings.TrimSpace(lines.Text()), ":")
		switch kind {
		case "SF":
			file = strings.ReplaceAll(rest, `\`, "/")
		case "DA":
			line, hits, ok := strings.Cut(rest, ",")
			hits, _, _ = strings.Cut(hits, ",")
			if !ok || file == "" {
				return fmt.Errorf("line %d is no line of lcov", n)
			}
			p.add(file, line, 1, hits != "0")
		}
	}
	return lines.Err()
}

func (p profile) cobertura(r io.Reader) error {
	d := xml.NewDecoder(r)
	d.Strict = true
	file := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attr := func(name string) string {
			for _, a := range start.Attr {
				if a.Name.Local == name {
					return a.Value
				}
			}
			return ""
		}
		switch start.Name.Local {
		case "class":
			file = strings.ReplaceAll(attr("filename"), `\`, "/")
		case "line":
			if file == "" {
				return errors.New("a line of Cobertura belongs to no class")
			}
			p.add(file, attr("number"), 1, attr("hits") != "0")
		}
	}
}
