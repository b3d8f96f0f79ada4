package leaky

import "net/http"

// script is what the page of somebody who is signed in runs.
func (s *Shop) script(w http.ResponseWriter, _ *http.Request) {
	text := `localStorage.setItem("theme", "dark");
navigator.serviceWorker?.register("/sw.js");
`
	if s.has(BrowserStorage) {
		text += `fetch("/api/session").then(r => r.json()).then(s => localStorage.setItem("auth", JSON.stringify(s)));
`
	}
	javascript(w, text)
}

// worker keeps files for the times without a network. One that does not ask which keeps everything.
func (s *Shop) worker(w http.ResponseWriter, _ *http.Request) {
	which := `new URL(e.request.url).pathname.startsWith("/assets/")`
	if s.has(BrowserWorker) {
		which = "true"
	}
	javascript(w, `addEventListener("install", () => skipWaiting());
addEventListener("activate", (e) => e.waitUntil(clients.claim()));
addEventListener("fetch", (e) => {
	if (e.request.method !== "GET" || !(`+which+`)) return;
	e.respondWith((async () => {
		const answer = await fetch(e.request);
		await (await caches.open("offline")).put(e.request, answer.clone());
		return answer;
	})());
});
`)
}

func javascript(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	write(w, []byte(text))
}

// session is for the script that keeps it.
func (s *Shop) session(w http.ResponseWriter, r *http.Request, _ *user) {
	c, err := r.Cookie("session")
	if err != nil || !s.has(BrowserStorage) {
		missing(w)
		return
	}
	answer(w, map[string]string{"access_token": c.Value})
}
