package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// outputs are the folders that build tools make, in projects whose root was
// given. Those in a list belong together.
var outputs = [][]string{
	{".next/static", ".next/server/app", ".next/server/pages", "public"},
	{"dist/client"},
	{"build/client"},
	{".output/public"},
	{".svelte-kit/output/client"},
	{".vercel/output/static"},
	{"dist"},
	{"build"},
	{"out"},
	{"_site"},
	{"www"},
}

// ErrNoBuild says that a folder is a project and holds nothing built.
var ErrNoBuild = errors.New("this folder holds source code and no built files\nrun the build first, or name the folder that is deployed (dist, out, .next, build)")

// folder audits a folder of built files, or the built files of a project.
func (a *auditor) folder(ctx context.Context) error {
	info, err := os.Stat(a.o.Target)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder\nname the folder of built files, or an address that begins with https://",
			a.o.Target)
	}
	if abs, err := filepath.Abs(a.o.Target); err == nil && filepath.Dir(abs) == abs {
		return errors.New("this is the root of the machine\nname the folder of built files")
	}
	root, err := os.OpenRoot(a.o.Target)
	if err != nil {
		return err
	}
	defer root.Close()
	a.report.Root = filepath.ToSlash(filepath.Clean(a.o.Target))
	a.root = root
	folders, err := publicFolders(root)
	if err != nil {
		return err
	}
	if len(folders) > 1 || folders[0] != "." {
		a.report.Notes = append(a.report.Notes,
			"read as a project: the built files are in "+strings.Join(folders, ", "))
	}
	timed, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	d := &dirWalk{a: a, root: root}
	for _, folder := range folders {
		err := d.walk(timed, folder, strings.HasPrefix(folder, ".next/server") || strings.HasPrefix(folder, "server/"))
		if ctx.Err() == nil && timed.Err() != nil {
			a.notTested(folder, "it takes longer than %v; the rest was not read", maxTime)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// publicFolders are the folders that visitors can read. A folder with a
// package.json and built output is a project; any other is published as it is.
func publicFolders(root *os.Root) ([]string, error) {
	has := func(name string) bool {
		info, err := root.Stat(name)
		return err == nil && info.IsDir()
	}
	if has("static") && has("server") && !has("node_modules") { // .next itself
		if _, err := root.Stat("BUILD_ID"); err == nil {
			var out []string
			for _, name := range []string{"static", "server/app", "server/pages"} {
				if has(name) {
					out = append(out, name)
				}
			}
			return out, nil
		}
	}
	if _, err := root.Stat("package.json"); err != nil {
		return []string{"."}, nil
	}
	for _, group := range outputs {
		if !has(group[0]) {
			continue
		}
		var out []string
		for _, name := range group {
			if has(name) {
				out = append(out, name)
			}
		}
		return out, nil
	}
	if _, err := root.Stat("index.html"); err == nil {
		if _, err := root.Stat("src"); err != nil {
			return []string{"."}, nil // a plain site with a package.json beside it
		}
	}
	return nil, ErrNoBuild
}

// A dirWalk reads files in the order of their names.
type dirWalk struct {
	a     *auditor
	root  *os.Root
	total int64
	files int
	full  bool
}

// rendered are the files below .next/server that are given to visitors; the rest is the server's code.
var rendered = []string{".html", ".rsc", ".body", ".json"}

func (d *dirWalk) walk(ctx context.Context, folder string, renderedOnly bool) error {
	return fs.WalkDir(d.root.FS(), folder, func(name string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case err != nil:
			d.a.notTested(name, "%v", plainError(err))
			return nil
		case entry.IsDir():
			if name == "node_modules" { // of a project; below a published folder it is published
				d.a.notTested(name, "installed packages are not read")
				return fs.SkipDir
			}
			if entry.Name() == ".git" {
				d.git(name)
				return fs.SkipDir
			}
			if strings.Count(name, "/") > 100 {
				d.a.notTested(name, "it is nested more than 100 folders deep")
				return fs.SkipDir
			}
			return nil
		case entry.Type()&fs.ModeSymlink != 0:
			d.link(name)
			return nil
		case !entry.Type().IsRegular():
			d.a.notTested(name, "it is no regular file")
			return nil
		}
		ext := path.Ext(name)
		if renderedOnly && !contains(rendered, ext) ||
			renderedOnly && ext == ".json" && strings.HasSuffix(name, "manifest.json") {
			return nil
		}
		if isMedia(name) {
			d.a.counts["media files"]++
			return nil
		}
		return d.file(ctx, name)
	})
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// git reads what shows that a repository is published, and nothing more of it.
func (d *dirWalk) git(name string) {
	if b, _, err := d.read(path.Join(name, "config")); err == nil {
		d.a.privateFile(file{name: path.Join(name, "config"), body: b})
	}
}

// link says of a symbolic link that it was not followed, unless it leads to a
// file of the same folder, which is read under its own name.
func (d *dirWalk) link(name string) {
	info, err := d.root.Stat(name) // a Root refuses what leads outside
	if err == nil && info.Mode().IsRegular() {
		return
	}
	d.a.notTested(name, "a symbolic link to a folder, to nothing, or out of the audited folder is not followed")
}

func (d *dirWalk) file(ctx context.Context, name string) error {
	if d.full {
		return nil
	}
	if d.files++; d.files > maxFiles || d.total > maxTotal {
		d.full = true
		d.a.notTested("files after "+name, "there are more than %d files or %d MB", maxFiles, maxTotal>>20)
		return nil
	}
	body, more, err := d.read(name)
	if err != nil {
		d.a.notTested(name, "%v", plainError(err))
		return nil
	}
	d.total += int64(len(body))
	if more {
		d.a.notTested(name, "only its first %d MB were read", maxFile>>20)
	}
	d.a.read(ctx, file{name: name, body: body, kind: kindOf(name, "", body)})
	return nil
}

// read returns at most maxFile bytes, and whether there are more.
func (d *dirWalk) read(name string) (body []byte, more bool, err error) {
	f, err := d.root.Open(name)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	body, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	if len(body) > maxFile {
		return body[:maxFile], true, err
	}
	return body, false, err
}

// pageOf is the page that a data file belongs to: index.html beside index.rsc,
// or the page that a site gave for the same path.
func (a *auditor) pageOf(name string) []byte {
	stem := strings.TrimSuffix(name, path.Ext(name))
	if a.visit != nil {
		return a.visit.pageOf(stem)
	}
	if a.root == nil {
		return nil
	}
	for _, candidate := range []string{
		stem + ".html", path.Join(stem, "index.html"),
		path.Join(path.Dir(name), "index.html"),
	} {
		f, err := a.root.Open(candidate)
		if err != nil {
			continue
		}
		body, err := io.ReadAll(io.LimitReader(f, maxFile))
		if f.Close() == nil && err == nil {
			return body
		}
	}
	return nil
}

// plainError is an error without the operation and the name, which stand beside it.
func plainError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
