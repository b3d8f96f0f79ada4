// Package static serves the stylesheet, modules and icons of the pages. The
// parts in files/css are joined, in their order, into one stylesheet; those in files/sheets are of a few pages, which
// fetch them as well. One hash over all files is part of every address,
// so an answer may be kept for ever, files may name each other relatively, and a release changes every address at
// once.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

//go:embed files
var files embed.FS

// Prefix is the path below which Handler must be mounted.
const Prefix = "/static/"

type file struct {
	kind          string // media type
	plain, packed []byte // packed is the gzip form
}

var all, hash = load()

// URL returns the address of a file, such as "tijori.css". A name that does
// not exist is a mistake in the program and panics.
func URL(name string) string {
	if _, ok := all[name]; !ok {
		panic("static: no file " + name)
	}
	return Prefix + hash + "/" + name
}

// Content returns a file as it is.
func Content(name string) []byte { return all[name].plain }

var imported = regexp.MustCompile(`(?m)^import (?:.* from )?"\./([^"]+)";$`)

// Imports returns the modules that a module fetches.
func Imports(name string) []string {
	var out []string
	for _, m := range imported.FindAllSubmatch(all[name].plain, -1) {
		out = append(out, string(m[1]))
	}
	return out
}

// Handler serves the files for ever. An address with another hash is not
// found: it belongs to another release, and must not be cached as this one.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, Prefix+hash+"/")
		f, found := all[name]
		if !ok || !found {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Type", f.kind)
		h.Set("Vary", "Accept-Encoding")
		h.Set("X-Content-Type-Options", "nosniff")
		body := f.plain
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = f.packed
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method != http.MethodHead {
			w.Write(body) // the reader has gone when this fails
		}
	})
}

var kinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".png": "image/png",
	".svg": "image/svg+xml",

	".webmanifest": "application/manifest+json",
}

func load() (map[string]file, string) {
	sum, out := sha256.New(), map[string]file{}
	z, _ := gzip.NewWriterLevel(nil, gzip.BestCompression) // the level is a constant that exists
	var sheet []byte
	err := fs.WalkDir(files, "files", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		kind, ok := kinds[path.Ext(name)]
		if !ok {
			panic("static: unknown kind of file " + name)
		}
		sum.Write([]byte(name))
		sum.Write(body)
		if strings.HasPrefix(name, "files/css/") {
			sheet = append(sheet, body...)
			return nil
		}
		switch path.Ext(name) {
		case ".css":
			body = squeeze(body)
		case ".js":
			body = lineRemark.ReplaceAll(body, nil)
		}
		short := strings.TrimPrefix(strings.TrimPrefix(name, "files/"), "sheets/")
		out[short] = file{kind: kind, plain: body, packed: pack(z, body)}
		return nil
	})
	if err != nil {
		panic("static: " + err.Error()) // embedded files cannot fail to be read
	}
	sheet = squeeze(sheet)
	out["tijori.css"] = file{kind: kinds[".css"], plain: sheet, packed: pack(z, sheet)}
	return out, hex.EncodeToString(sum.Sum(nil))[:16]
}

// lineRemark is a line of a module that only its writers read. The line itself stays, so that browsers and writers
// count the same. None of ours has a text of several lines, in which it would mean something else; a test holds that.
var lineRemark = regexp.MustCompile(`(?m)^[\t ]*//.*$`)

var (
	remark = regexp.MustCompile(`(?s)/\*.*?\*/`)
	blank  = regexp.MustCompile(`\s+`)
	around = regexp.MustCompile(` ?([{};,]) ?`)
)

// squeeze takes out of a stylesheet what only its writers read. Ours has no text in which these signs mean something
// else; a test holds that.
func squeeze(sheet []byte) []byte {
	sheet = blank.ReplaceAll(remark.ReplaceAll(sheet, nil), []byte(" "))
	return around.ReplaceAll(sheet, []byte("$1"))
}

// pack compresses a body with z, which is used for one after the other: each writer takes nearly a megabyte, at the
// start of every command.
func pack(z *gzip.Writer, body []byte) []byte {
	var buf bytes.Buffer
	z.Reset(&buf)
	z.Write(body)
	z.Close() // a bytes.Buffer accepts everything
	return buf.Bytes()
}
