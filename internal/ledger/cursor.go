package ledger

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/tijorihq/tijori/internal/fault"
)

// PageSize is the number of rows of one page of a list.
const PageSize = 50

// A Cursor says after which row the next page begins. It goes through links as
// text; "" is the first page. It holds no right: what a forged one can do is
// skip rows.
type Cursor string

var errCursor = fault.New(fault.Invalid, "This link to the next page is broken. Please start from the first page.")

// cursorOf packs the sort values of a page's last row.
func cursorOf(values any) Cursor {
	b, err := json.Marshal(values)
	if err != nil {
		panic(err) // structs of numbers, strings and times always marshal
	}
	return Cursor(base64.RawURLEncoding.EncodeToString(b))
}

// read unpacks a cursor that is not "".
func (c Cursor) read(values any) error {
	b, err := base64.RawURLEncoding.DecodeString(string(c))
	if err != nil || len(b) > 4096 {
		return errCursor
	}
	if err := json.Unmarshal(b, values); err != nil {
		return errCursor
	}
	return nil
}

// cleanCursorText makes text from a cursor storable: PostgreSQL takes no NUL and
// no broken UTF-8.
func cleanCursorText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}
