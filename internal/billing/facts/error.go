package facts

import (
	"errors"
	"fmt"
)

// An APIError is a provider's refusal, or its silence (Status 0). Its text
// carries no request body and no key.
type APIError struct {
	Provider  Provider
	Status    int    // HTTP status; 0 when no answer came
	Code      string // the provider's own code
	Param     string // the field that is refused, where the provider names one
	Text      string // the provider's message
	RequestID string
	Cause     error
}

func (e *APIError) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("%s did not answer: %v", e.Provider, e.Cause)
	}
	return fmt.Sprintf("%s answered %d %s: %s", e.Provider, e.Status, e.Code, e.Text)
}

func (e *APIError) Unwrap() error { return e.Cause }

// IsMissing reports whether the provider said that the object does not exist.
func IsMissing(err error) bool {
	var e *APIError
	return errors.As(err, &e) && (e.Status == 404 || e.Code == "resource_missing")
}

// IsCustomerMissing reports whether the provider said that it does not know the customer who was named: it was made
// with keys of the other mode or of another account, or somebody has deleted it.
func IsCustomerMissing(err error) bool {
	var e *APIError
	return errors.As(err, &e) && e.Code == "resource_missing" && e.Param == "customer"
}

// IsUnreachable reports whether the provider could not be asked: no answer, a
// fault on its side, or too many requests. Asking again later may succeed.
func IsUnreachable(err error) bool {
	var e *APIError
	return errors.As(err, &e) && (e.Status == 0 || e.Status == 429 || e.Status >= 500)
}
