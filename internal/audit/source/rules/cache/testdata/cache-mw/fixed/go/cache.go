package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
)

type cache struct {
	mu sync.Mutex
	m  map[string]any
}

type App struct {
	cache cache
	User  func(r *http.Request) (int64, bool)
	Bills func(user int64) any
}

func (a *App) bills(w http.ResponseWriter, r *http.Request) {
	user, ok := a.User(r)
	if !ok {
		http.Error(w, "unauthorised", http.StatusUnauthorized)
		return
	}
	key := fmt.Sprintf("%d:%s", user, r.URL.Path)
	a.cache.mu.Lock()
	defer a.cache.mu.Unlock()
	if v, ok := a.cache.m[key]; ok {
		json.NewEncoder(w).Encode(v)
		return
	}
	v := a.Bills(user)
	a.cache.m[key] = v
	json.NewEncoder(w).Encode(v)
}
