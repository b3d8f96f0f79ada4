package share

import (
	"strconv"

	"github.com/tijorihq/tijori/internal/web/ui"
)

func (v View) path() string { return ui.PartyPath(v.Business.ID, v.PartyID) }

func (v View) days() string { return strconv.Itoa(v.Days) }

func (v View) lives() []ui.Option {
	var out []ui.Option
	for _, n := range v.Lives {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Label: v.N(n, "%d day", "%d days")})
	}
	return out
}
