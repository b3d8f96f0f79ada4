// Command preview shows every page with sample data, for those who design
// them: go run ./internal/web/preview, or with -shots DIR to take pictures.
package main

import (
	"flag"
	"fmt"
	"html"
	"log"
	"net"
	"net/http"

	"github.com/tijorihq/tijori/internal/web/pagetest"
	"github.com/tijorihq/tijori/internal/web/static"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8090", "address to listen on")
	shots := flag.String("shots", "", "directory to write pictures of all pages to, instead of serving")
	only := flag.String("only", "", "part of the names of pages to take pictures of")
	demo := flag.String("guide", "",
		"address of a running demonstration to take the pictures of docs/khata.md from, into the directory that -shots names")
	sizes := flag.String("sizes", "360,1280", "widths of the pictures")
	plain := flag.Bool("plain", false, "take the pictures without JavaScript")
	flag.Parse()

	if *demo != "" {
		if err := guide(*demo, *shots); err != nil {
			log.Fatal(err)
		}
		return
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	if *shots == "" {
		log.Printf("pages at http://%s/", l.Addr())
		log.Fatal(http.Serve(l, handler()))
	}
	go http.Serve(l, handler())
	if err := shoot("http://"+l.Addr().String(), *shots, *only, *sizes, *plain); err != nil {
		log.Fatal(err)
	}
}

// handler serves /show/LOCALE/NAME, and a list of all of them.
func handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, static.Handler())
	mux.HandleFunc("GET /show/{locale}/{name}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		for _, s := range pagetest.All(r.PathValue("locale")) {
			if s.Name == r.PathValue("name") {
				if err := s.Page.Render(r.Context(), w); err != nil {
					log.Print(err)
				}
				return
			}
		}
		http.NotFound(w, r)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		for _, s := range pagetest.All("en") {
			n := html.EscapeString(s.Name)
			fmt.Fprintf(w, "<p>%s <a href=/show/en/%s>English</a> <a href=/show/hi/%s>Hindi</a>", n, n, n)
		}
	})
	return mux
}
