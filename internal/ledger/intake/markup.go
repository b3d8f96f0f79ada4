package intake

import (
	"html"
	"strconv"
	"strings"
)

// isMarkup reports a web page, or a table in XML, under whatever name: many programs of banks and offices call those
// .xls.
func isMarkup(start string) bool {
	head := strings.ToLower(start[:min(len(start), 400)])
	for _, begin := range []string{
		"<!doctype", "<html", "<head", "<body", "<table", "<?xml", "<style", "<meta", "<div",
		"<center", "<font", "<workbook", "<!--", "mime-version:",
	} {
		if strings.HasPrefix(head, begin) {
			return true
		}
	}
	return false
}

// readMarkup reads the rows of the tables of a web page, or of a spreadsheet of Excel 2003 in XML. Scripts are not run,
// nothing is fetched, and entities of a document's own are not known.
func readMarkup(text string) (*Table, error) {
	t := &Table{Kind: "html"}
	var row Row
	var cell strings.Builder
	inRow, inCell, lines, span := false, false, 0, 1
	endCell := func() {
		if inCell {
			row.Cells = append(row.Cells, strings.Join(strings.Fields(html.UnescapeString(cell.String())), " "))
			for ; span > 1 && len(row.Cells) < maxRead; span-- {
				row.Cells = append(row.Cells, "")
			}
		}
		inCell = false
		cell.Reset()
	}
	endRow := func() error {
		endCell()
		if !inRow {
			return nil
		}
		inRow = false
		return t.add(row)
	}
	lower := strings.ToLower(text)
	if len(lower) != len(text) { // letters whose small form has another length
		lower = text
	}
	for i := 0; i < len(text); {
		if text[i] != '<' {
			next := strings.IndexByte(text[i:], '<')
			if next < 0 {
				next = len(text) - i
			}
			if inCell && cell.Len() <= maxCell {
				cell.WriteString(text[i : i+next])
			}
			i += next
			continue
		}
		skipped := false
		for _, s := range [][2]string{{"<!--", "-->"}, {"<script", "</script"}, {"<style", "</style"}} {
			if strings.HasPrefix(lower[i:], s[0]) {
				end := strings.Index(lower[i+len(s[0]):], s[1])
				if end < 0 {
					i = len(text)
				} else {
					i += len(s[0]) + end + len(s[1])
				}
				skipped = true
				break
			}
		}
		if skipped {
			continue
		}
		end := strings.IndexByte(text[i:], '>')
		if end < 0 {
			break
		}
		tag := text[i+1 : i+end]
		i += end + 1
		name, attributes, _ := strings.Cut(strings.TrimSpace(strings.Map(blank, tag)), " ")
		name = strings.ToLower(strings.Trim(name, "/"))
		if _, local, ok := strings.Cut(name, ":"); ok {
			name = local
		}
		closing := strings.HasPrefix(tag, "/")
		switch name {
		case "tr", "row":
			if err := endRow(); err != nil {
				return nil, err
			}
			if !closing {
				lines++
				row, inRow = Row{Line: lines}, !strings.HasSuffix(tag, "/")
			}
		case "td", "th", "cell":
			endCell()
			if !closing && inRow {
				if n, ok := attributeNumber(attributes, "index"); ok {
					for len(row.Cells) < n-1 && len(row.Cells) < maxRead {
						row.Cells = append(row.Cells, "")
					}
				}
				if span = 1; name == "cell" {
					n, _ := attributeNumber(attributes, "mergeacross")
					span = n + 1
				} else if n, ok := attributeNumber(attributes, "colspan"); ok {
					span = n
				}
				if _, ok := attributeText(attributes, "formula"); ok {
					row.Formulas = append(row.Formulas, len(row.Cells))
				}
				inCell = true
				if strings.HasSuffix(tag, "/") {
					endCell()
				}
			}
		case "table", "worksheet":
			if err := endRow(); err != nil {
				return nil, err
			}
			if name == "worksheet" && !closing && len(t.Rows) > 0 {
				return t, nil // the first sheet is read
			}
		case "br", "p", "div":
			if inCell {
				cell.WriteByte(' ')
			}
		}
	}
	if err := endRow(); err != nil {
		return nil, err
	}
	if len(t.Rows) == 0 {
		return nil, errWebPage
	}
	return t, nil
}

func blank(r rune) rune {
	if r == '\n' || r == '\r' || r == '\t' {
		return ' '
	}
	return r
}

// attributeText is an attribute by its local name, which is in small letters.
func attributeText(attributes, name string) (string, bool) {
	lower := strings.ToLower(attributes)
	for from := 0; ; {
		at := strings.Index(lower[from:], name)
		if at < 0 {
			return "", false
		}
		at += from
		from = at + len(name)
		rest := strings.TrimLeft(attributes[min(from, len(attributes)):], " ")
		if at > 0 && lower[at-1] != ' ' && lower[at-1] != ':' || !strings.HasPrefix(rest, "=") {
			continue
		}
		rest = strings.TrimLeft(rest[1:], " ")
		if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
			value, _, _ := strings.Cut(rest[1:], rest[:1])
			return value, true
		}
		value, _, _ := strings.Cut(rest, " ")
		return value, true
	}
}

func attributeNumber(attributes, name string) (int, bool) {
	if attributes == "" {
		return 0, false
	}
	text, ok := attributeText(attributes, name)
	n, err := strconv.Atoi(text)
	return n, ok && err == nil && n > 0 && n <= maxRead
}
