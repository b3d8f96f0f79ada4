package frame

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/strictjson"
)

// DecodeJSON reads the JSON object of a request. Every door that takes JSON comes through here: a key that we
// would ignore, such as an account id, that stands twice or is spelled in another case, is refused rather than guessed.
func DecodeJSON(r *Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return fault.New(fault.Invalid, "The body must be JSON (Content-Type: application/json).")
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return err
		}
		return wrongJSON(err)
	}
	if err := strictjson.Decode(text, into); err != nil {
		return wrongJSON(err)
	}
	return nil
}

// wrongJSON names the field that is wrong, where one is.
func wrongJSON(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return fault.InvalidField(wrong.Field, "This has the wrong type.").Because(err)
	}
	var key *strictjson.KeyError
	if errors.As(err, &key) && len(key.Path) <= 60 {
		switch key.Problem {
		case strictjson.Duplicate:
			return fault.InvalidField(key.Path, "This field is in the body twice.").Because(err)
		case strictjson.Case:
			return fault.InvalidField(key.Path,
				"Upper and lower case matter in the name of a field, and this one is spelled differently.").Because(err)
		case strictjson.Unknown:
			return fault.InvalidField(key.Path, "There is no such field.").Because(err)
		}
	}
	return fault.New(fault.Invalid, "The body is not the JSON that is expected here.").Because(err)
}
