package frame

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/text"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// NewUUID is an id in the order of time.
func NewUUID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// NewID is the client-made id that a form carries.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// ids are the wildcards of patterns that stand for the id of a row.
var ids = []string{"business", "party", "entry", "share", "batch", "merge", "upload", "task", "id"}

// checkIDs refuses a path with a malformed id: it is not found, like an unknown one.
func (r *Request) checkIDs() error {
	for _, name := range ids {
		text := r.PathValue(name)
		if text == "" {
			continue
		}
		if id, err := uuid.Parse(text); err != nil || len(text) != 36 || name == "business" && id == uuid.Nil {
			return fault.New(fault.NotFound, "Page not found.")
		}
	}
	return nil
}

// PathID is an id of the path, by the name of its wildcard. It is well formed:
// admission has looked.
func (r *Request) PathID(name string) uuid.UUID {
	if !slices.Contains(ids, name) {
		panic("no id of a path: " + name)
	}
	return uuid.MustParse(r.PathValue(name))
}

// FormID reads the client-made id of a form.
func (r *Request) FormID() (uuid.UUID, error) {
	id, err := uuid.Parse(r.PostFormValue("id"))
	if err != nil || len(r.PostFormValue("id")) != 36 || id == uuid.Nil {
		return uuid.Nil, fault.New(fault.Invalid, "This form is out of date. Reload the page.")
	}
	return id, nil
}

// FormVersion reads the version that a form or its address is about; 0 is none.
func (r *Request) FormVersion() int {
	v, err := strconv.Atoi(ui.Or(r.PostFormValue("version"), r.URL.Query().Get("version")))
	if err != nil || v < 0 {
		return 0
	}
	return v
}

// Storable reports whether a form is text: the database takes no NUL and no
// broken UTF-8, and a browser sends neither; nor does anybody type what steers a
// terminal or turns the direction of the words around it.
func Storable(form url.Values) bool {
	for _, values := range form {
		for _, v := range values {
			if strings.ContainsFunc(v, steers) || !utf8.ValidString(v) {
				return false
			}
		}
	}
	return true
}

func steers(r rune) bool {
	return text.Steers(r) && r != '\t' && r != '\n' && r != '\r'
}

// FormStatus is the status of a form that comes back.
func FormStatus(err error) int {
	return statusOf(fault.KindOf(err))
}

// Mendable reports whether a user can mend a form so that it passes.
func Mendable(err error) bool { return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) }

// FormFault puts a fault beside the field it is about, or on top of the form, and each of
// several; other errors come back to be rendered as a page.
func (r *Request) FormFault(form *ui.Form, err error) error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range several.Unwrap() {
			if e := r.FormFault(form, one); e != nil {
				return e
			}
		}
		return nil
	}
	f := fault.Of(err)
	if f == nil || f.Code == fault.StepUp { // a missing proof is asked for on a page of its own
		return err
	}
	switch f.Kind {
	case fault.Invalid, fault.Conflict, fault.TooMany, fault.Forbidden, fault.Unauthorized:
	default:
		return err
	}
	text := r.T(f.Text, f.Args...)
	if f.Field == "" {
		form.Error = text
		return nil
	}
	if form.Errors == nil {
		form.Errors = map[string]string{}
	}
	form.Errors[f.Field] = text
	return nil
}
