package intake

import (
	"bytes"
	"io"
	"mime/quotedprintable"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"github.com/tijorihq/tijori/internal/fault"
)

// contactHead is the head that a table of contacts gets.
var contactHead = []string{"Name", "Phone", "Note"}

// readVCard reads contacts of versions 2.1 to 4.0, as phones export them.
func readVCard(text string) (*Table, error) {
	t := &Table{Kind: "vcard", Rows: []Row{{Cells: contactHead}}}
	var card *contact
	nested := 0 // cards within the card: the AGENT of version 2.1
	err := unfold(text, func(l line) error {
		name, params, value, ok := property(string(l.text))
		if !ok {
			if len(bytes.TrimSpace(l.text)) == 0 {
				return nil
			}
			if card == nil {
				return fault.New(fault.Invalid, "Line %d: this is not part of a contact.", l.line)
			}
			return nil
		}
		switch {
		case name == "BEGIN" && strings.EqualFold(strings.TrimSpace(value), "VCARD"):
			switch {
			case card == nil:
				card = &contact{line: l.line}
			case card.agent:
				nested, card.agent = nested+1, false
			case nested > 0:
				nested++
			default:
				return fault.New(fault.Invalid, "Line %d: a contact begins within another, which never ends.", l.line)
			}
		case card == nil:
			return fault.New(fault.Invalid, "Line %d: this is not part of a contact.", l.line)
		case name == "END" && strings.EqualFold(value, "VCARD") && nested > 0:
			nested--
		case nested > 0:
		case name == "END" && strings.EqualFold(value, "VCARD"):
			if err := t.add(card.row()); err != nil {
				return err
			}
			card = nil
		default:
			card.take(name, params, decodeValue(value, params))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if card != nil {
		return nil, fault.New(fault.Invalid, "Line %d: the contact that begins here never ends. The file may be cut off.", card.line)
	}
	if len(t.Rows) == 1 {
		return nil, errEmpty
	}
	return t, nil
}

type contact struct {
	line                                  int
	full, parts, org, phone, mobile, note string
	phones                                []string
	agent                                 bool // an AGENT was begun, whose card stands in the lines that follow
}

func (c *contact) take(name, params, value string) {
	c.agent = name == "AGENT" && strings.TrimSpace(value) == ""
	switch name {
	case "FN":
		c.full = unescape(value)
	case "N":
		if c.parts == "" {
			p := split(value)
			for len(p) < 3 {
				p = append(p, "")
			}
			c.parts = strings.Join(strings.Fields(p[1]+" "+p[2]+" "+p[0]), " ")
		}
	case "ORG":
		c.org = strings.Join(split(value), " ")
	case "TEL":
		value = strings.TrimPrefix(unescape(value), "tel:")
		value, _, _ = strings.Cut(value, ";") // ;ext=12
		if len(c.phones) < 10 {
			c.phones = append(c.phones, value)
		}
		if c.phone == "" {
			c.phone = value
		}
		if c.mobile == "" && strings.Contains(params, "CELL") {
			c.mobile = value
		}
	case "NOTE":
		c.note = unescape(value)
	}
}

func (c *contact) row() Row {
	first := func(values ...string) string {
		for _, v := range values {
			if strings.TrimSpace(v) != "" {
				return strings.TrimSpace(v)
			}
		}
		return ""
	}
	name, phone := first(c.full, c.parts, c.org), first(c.mobile, c.phone)
	if name == "" {
		name = phone
	}
	return Row{Line: c.line, Cells: []string{name, phone, strings.TrimSpace(c.note)}, phones: c.phones}
}

// A line is one property with the lines that continue it. Text grows in place: a file of nothing but continued
// lines must not cost its size squared.
type line struct {
	line   int
	text   []byte
	quoted bool // it is in quoted-printable, where "=" at the end goes on
}

const maxLines = 40 * MaxRows

// unfold joins lines that continue the one before, and gives each to fn: those that begin with a space, and in
// quoted-printable those after a "=". Blank lines are left out.
func unfold(text string, fn func(line) error) error {
	var last *line
	n, all := 0, 0
	for l := range strings.SplitSeq(text, "\n") {
		n++
		l = strings.TrimSuffix(l, "\r")
		switch {
		case last != nil && last.quoted && bytes.HasSuffix(last.text, []byte("=")):
			last.text = append(last.text[:len(last.text)-1], l...)
		case l == "":
		case last != nil && (l[0] == ' ' || l[0] == '\t'):
			last.text = append(last.text, l[1:]...)
		case all == maxLines:
			return errTooMany
		default:
			if last != nil {
				if err := fn(*last); err != nil {
					return err
				}
			}
			head, _, _ := strings.Cut(l, ":")
			all++
			last = &line{n, []byte(l), strings.Contains(strings.ToUpper(head), "QUOTED-PRINTABLE")}
		}
	}
	if last == nil {
		return nil
	}
	return fn(*last)
}

// property takes a line apart: item1.TEL;TYPE=CELL:98765.
func property(s string) (name, params, value string, ok bool) {
	head, value, ok := strings.Cut(s, ":")
	if !ok {
		return "", "", "", false
	}
	name, params, _ = strings.Cut(strings.ToUpper(strings.TrimSpace(head)), ";")
	if _, rest, grouped := strings.Cut(name, "."); grouped {
		name = rest
	}
	return name, params, value, name != ""
}

func decodeValue(value, params string) string {
	if strings.Contains(params, "QUOTED-PRINTABLE") {
		if b, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(value))); err == nil {
			value = string(b)
		}
	}
	if clean := strings.ToValidUTF8(value, ""); clean != value {
		if out, err := charmap.Windows1252.NewDecoder().String(value); err == nil {
			return out
		}
		return clean
	}
	return value
}

// split takes a structured value apart at its semicolons.
func split(value string) []string {
	var out []string
	from := 0
	for i := 0; i <= len(value); i++ {
		if i == len(value) || value[i] == ';' && (i == 0 || value[i-1] != '\\') {
			out = append(out, unescape(value[from:i]))
			from = i + 1
		}
	}
	return out
}

var escapes = strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`)

func unescape(s string) string { return escapes.Replace(s) }
