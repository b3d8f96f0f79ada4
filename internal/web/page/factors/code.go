package factors

import (
	"strconv"
	"strings"

	"rsc.io/qr"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// NewApp draws what an authenticator app is given.
func NewApp(shell ui.Shell, secret, address string) (AppView, error) {
	code, err := qr.Encode(address, qr.M)
	if err != nil {
		return AppView{}, err
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if n := strconv.Itoa(x - from); x > from {
				path.WriteString("M" + strconv.Itoa(from) + " " + strconv.Itoa(y) + "h" + n + "v1h-" + n + "z")
			}
		}
	}
	var groups []string
	for text := secret; text != ""; {
		n := min(4, len(text))
		groups, text = append(groups, text[:n]), text[n:]
	}
	return AppView{
		Shell: shell, Secret: strings.Join(groups, " "), Address: address, Code: path.String(), Size: code.Size,
	}, nil
}
