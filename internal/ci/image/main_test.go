package main

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func example(t *testing.T) *image {
	t.Helper()
	dir := t.TempDir()
	i := &image{
		binary: filepath.Join(dir, "tijori"), roots: filepath.Join(dir, "roots"), arch: "arm64", version: "v1.2.3",
		created: time.Unix(1_700_000_000, 0).UTC(),
	}
	for name, text := range map[string]string{i.binary: "the program", i.roots: "the authorities"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

// TestImage reads the layout that was written as a registry would, and looks at what runs: not as root, in a file
// system of which nothing but two folders may be written.
func TestImage(t *testing.T) {
	t.Parallel()
	i, dir := example(t), filepath.Join(t.TempDir(), "image")
	digest, err := i.write(dir)
	if err != nil {
		t.Fatal(err)
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Errorf("the layout: %v", err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 || manifest.Manifests[0].Digest != digest ||
		manifest.Manifests[0].Platform.String() != "linux/arm64" {
		t.Fatalf("the index: %+v", manifest.Manifests)
	}
	built, err := index.Image(digest)
	if err != nil {
		t.Fatal(err)
	}
	checkConfig(t, built)
	checkFiles(t, built)
}

func checkConfig(t *testing.T, built v1.Image) {
	t.Helper()
	file, err := built.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	c := file.Config
	if c.User != "65532:65532" || !slices.Equal(c.Entrypoint, []string{"/usr/bin/tijori"}) ||
		!slices.Equal(c.Cmd, []string{"serve"}) || c.StopSignal != "SIGTERM" || file.Architecture != "arm64" ||
		!slices.Contains(c.Env, "TIJORI_DATA=/var/lib/tijori") ||
		c.Labels["org.opencontainers.image.version"] != "v1.2.3" {
		t.Errorf("the configuration: %+v", file)
	}
	for _, h := range file.History {
		if h.Created.Unix() != 1_700_000_000 {
			t.Errorf("a date that differs from build to build: %+v", h)
		}
	}
}

func checkFiles(t *testing.T, built v1.Image) {
	t.Helper()
	all := mutate.Extract(built)
	defer all.Close() //nolint:errcheck // it was read
	got := map[string]string{}
	for r := tar.NewReader(all); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Clean(h.Name)
		got[name] = string(body)
		mode := h.FileInfo().Mode()
		if mode&os.ModeSetuid != 0 || mode.Perm()&0o022 != 0 && name != "tmp" {
			t.Errorf("%s has mode %v", name, mode)
		}
		if owned := h.Uid == nobody; owned != (name == "var/lib/tijori") || !owned && h.Uid != 0 {
			t.Errorf("%s belongs to %d", name, h.Uid)
		}
	}
	for name, want := range map[string]string{
		"usr/bin/tijori": "the program", "etc/ssl/certs/ca-certificates.crt": "the authorities", "tmp": "",
		"etc/passwd": "tijori:x:65532:65532::/var/lib/tijori:/sbin/nologin\n", "var/lib/tijori": "",
	} {
		if text, ok := got[name]; !ok || text != want {
			t.Errorf("%s holds %q, %t", name, text, ok)
		}
	}
	if _, ok := got["bin/sh"]; ok || len(got) != 13 {
		t.Errorf("there is more in it: %d files", len(got))
	}
}

// TestImageIsReproducible: the same program gives the same digest, another one another.
func TestImageIsReproducible(t *testing.T) {
	t.Parallel()
	i := example(t)
	write := func() v1.Hash {
		t.Helper()
		digest, err := i.write(filepath.Join(t.TempDir(), "image"))
		if err != nil {
			t.Fatal(err)
		}
		return digest
	}
	first := write()
	if again := write(); again != first {
		t.Errorf("two builds: %s and %s", first, again)
	}
	if err := os.WriteFile(i.binary, []byte("another program"), 0o600); err != nil {
		t.Fatal(err)
	}
	if other := write(); other == first {
		t.Error("another program has the same digest")
	}
	if _, err := i.write(t.TempDir()); err == nil {
		t.Error("a folder that exists was written into")
	}
}
