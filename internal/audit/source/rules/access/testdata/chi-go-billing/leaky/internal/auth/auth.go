package auth

import (
	"context"
	"net/http"
)

type ctxKey struct{}

type Sessions interface {
	User(ctx context.Context, sid string) (string, error)
}

var sessions Sessions

func Required(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie("sid")
		if err != nil {
			http.Error(w, "unauthorised", http.StatusUnauthorized)
			return
		}
		user, err := sessions.User(r.Context(), c.Value)
		if err != nil {
			http.Error(w, "unauthorised", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), ctxKey{}, user)))
	})
}

func User(r *http.Request) string {
	u, _ := r.Context().Value(ctxKey{}).(string)
	return u
}
