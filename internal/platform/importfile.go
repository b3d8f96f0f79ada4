package platform

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/fault"
)

// What a file of an import may hold.
const (
	MaxImport      = 1 << 20 // bytes
	MaxImportLines = 10_000
)

// An ImportLine says whose a subscription, or all that a customer of a provider pays, is.
type ImportLine struct {
	Line     int // in the file, from 1
	Customer string
	Provider facts.Provider
	ID       string           // sub_…, or cus_… or cust_…
	Credits  map[string]int64 // that were left there, by meter
}

// The columns that a file begins with. Others are meters.
var importColumns = []string{"external_id", "provider", "id"}

var (
	errImportLarge = fault.InvalidField("csv", "The file is larger than %d KB. Send it in parts.", MaxImport>>10).
			Coded("import_large")
	errImportLines = fault.InvalidField("csv", "The file has more than %d lines. Send it in parts.", MaxImportLines).
			Coded("import_lines")
	errImportEncoding = fault.InvalidField("csv", "The file is not UTF-8 text. Save it as CSV (UTF-8).").
				Coded("import_encoding")
	errImportHeader = fault.InvalidField("csv",
		"The first line must be %s, then a column for each meter with credits.", "external_id,provider,id").
		Coded("import_header")
	errImportEmpty = fault.InvalidField("csv", "The file has no line below its header.").Coded("import_empty")
)

func errImportColumn(name string) error {
	return fault.InvalidField("csv", "The column %q is no meter of this app.", clip(name)).Coded("import_column")
}

func errImportTwice(line, first int) error {
	return fault.InvalidField("csv", "Line %d repeats line %d.", line, first).Coded("import_repeated")
}

func errImportTwo(line, first int, id string) error {
	return fault.InvalidField("csv", "Lines %d and %d give %s to two customers.", first, line, clip(id)).
		Coded("import_two_customers")
}

func errImportCredits(line, first int) error {
	return fault.InvalidField("csv", "Lines %d and %d both bring credits of one customer.", first, line).
		Coded("import_credits_twice")
}

func errImportLine(line int, column string) error {
	return fault.InvalidField("csv", "Line %d: %s is missing, or not what it should be.", line, column).
		Coded("import_value")
}

func errImportShape(line int) error {
	return fault.InvalidField("csv", "Line %d is not CSV with as many columns as the header.", line).
		Coded("import_shape")
}

// clip shortens what a stranger wrote for a sentence.
func clip(s string) string {
	if utf8.RuneCountInString(s) > 60 {
		return string([]rune(s)[:60]) + "…"
	}
	return s
}

// ParseImport reads a file: a header, then on each line the app's own id of a customer, the provider, and the id of a
// subscription or of a customer there; further columns are named after meters and hold the credits that are left. A
// file with a fault anywhere is refused as a whole, with the line. An email address finds nobody.
func ParseImport(file []byte, isMeter func(string) bool) ([]ImportLine, error) {
	switch {
	case len(file) > MaxImport:
		return nil, errImportLarge
	case !utf8.Valid(file) || bytes.IndexByte(file, 0) >= 0: // UTF-16 is one of the two
		return nil, errImportEncoding
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\ufeff"))))
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil {
		return nil, errImportHeader.Because(err)
	}
	head = slices.Clone(head)
	for i := range head {
		head[i] = strings.ToLower(strings.TrimSpace(head[i]))
	}
	if len(head) < len(importColumns) || !slices.Equal(head[:len(importColumns)], importColumns) {
		return nil, errImportHeader
	}
	meters := head[len(importColumns):]
	for i, m := range meters {
		if !isMeter(m) || slices.Contains(meters[:i], m) {
			return nil, errImportColumn(m)
		}
	}
	check := importCheck{objects: map[string]ImportLine{}, credits: map[string]int{}}
	var list []ImportLine
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			return nil, errImportShape(wrong.Line)
		}
		if err != nil {
			return nil, errImportShape(len(list) + 2)
		}
		at, _ := r.FieldPos(0)
		line, err := importLine(at, record, meters)
		if err != nil {
			return nil, err
		}
		if err := check.add(line); err != nil {
			return nil, err
		}
		if list = append(list, line); len(list) > MaxImportLines {
			return nil, errImportLines
		}
	}
	if len(list) == 0 {
		return nil, errImportEmpty
	}
	return list, nil
}

func importLine(at int, record, meters []string) (l ImportLine, err error) {
	for i := range record {
		record[i] = strings.TrimSpace(record[i])
	}
	l = ImportLine{Line: at, Customer: record[0], Provider: facts.Provider(strings.ToLower(record[1])), ID: record[2]}
	prefixes := map[facts.Provider][]string{facts.Stripe: {"sub_", "cus_"}, facts.Razorpay: {"sub_", "cust_"}}
	switch {
	case len(l.Customer) > MaxCustomer || !customerID.MatchString(l.Customer):
		return l, errImportLine(at, importColumns[0])
	case !l.Provider.Known():
		return l, errImportLine(at, importColumns[1])
	case !facts.ValidID(l.ID) || !slices.ContainsFunc(prefixes[l.Provider], func(p string) bool {
		return strings.HasPrefix(l.ID, p) && len(l.ID) > len(p)
	}):
		return l, errImportLine(at, importColumns[2])
	}
	for i, m := range meters {
		text := record[len(importColumns)+i]
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 || n > credits.MaxAmount {
			return l, errImportLine(at, m)
		}
		if l.Credits == nil {
			l.Credits = map[string]int64{}
		}
		l.Credits[m] = n
	}
	return l, nil
}

// importCheck holds the lines of a file against each other.
type importCheck struct {
	objects map[string]ImportLine // by provider and id
	credits map[string]int        // the line that brings a customer's credits
}

func (c importCheck) add(l ImportLine) error {
	key := string(l.Provider) + " " + l.ID
	if first, twice := c.objects[key]; twice && first.Customer == l.Customer {
		return errImportTwice(l.Line, first.Line)
	} else if twice {
		return errImportTwo(l.Line, first.Line, l.ID)
	}
	c.objects[key] = l
	if len(l.Credits) > 0 {
		if first := c.credits[l.Customer]; first > 0 {
			return errImportCredits(l.Line, first)
		}
		c.credits[l.Customer] = l.Line
	}
	return nil
}
