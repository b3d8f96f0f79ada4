// Command image builds the container image of a release as an OCI layout, without a daemon: a layer with what a static
// program needs, a layer with the program, nothing else. The same program and date give the same digest.
//
//	image -binary dist/tijori-…-linux-amd64 -arch amd64 -version v1.2.3 -created 1700000000 -o dist/image
//
// skopeo copy oci:dist/image docker://…, podman load and docker load --input (of its tar) take the folder.
package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// nobody is the user that the program runs as: no other image and no host gives this number to somebody.
const nobody = 65532

// An image is what to build.
type image struct {
	binary, roots string // files: the program, and the certificates of authorities that it trusts
	arch, version string
	created       time.Time
}

func main() {
	var i image
	var seconds int64
	out := flag.String("o", "", "where to write the layout")
	flag.StringVar(&i.binary, "binary", "", "the static program")
	flag.StringVar(&i.roots, "roots", "/etc/ssl/certs/ca-certificates.crt", "certificates of authorities")
	flag.StringVar(&i.arch, "arch", "amd64", "architecture of the program")
	flag.StringVar(&i.version, "version", "", "its version")
	flag.Int64Var(&seconds, "created", 0, "date of everything in it, in seconds since 1970")
	flag.Parse()
	i.created = time.Unix(seconds, 0).UTC()
	digest, err := i.write(*out)
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
	fmt.Println(digest)
}

// write builds the image into a folder that must not exist.
func (i *image) write(dir string) (v1.Hash, error) {
	if _, err := os.Stat(dir); dir == "" || err == nil {
		return v1.Hash{}, errors.New("name a folder that does not exist by -o")
	}
	built, err := i.build()
	if err != nil {
		return v1.Hash{}, err
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return v1.Hash{}, err
	}
	platform := v1.Platform{OS: "linux", Architecture: i.arch}
	if err := path.AppendImage(built, layout.WithPlatform(platform),
		layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": i.version})); err != nil {
		return v1.Hash{}, err
	}
	return built.Digest()
}

func (i *image) build() (v1.Image, error) {
	roots, err := os.ReadFile(i.roots)
	if err != nil {
		return nil, err
	}
	program, err := os.ReadFile(i.binary)
	if err != nil {
		return nil, err
	}
	var layers []v1.Layer
	for _, files := range [][]file{
		{
			{name: "etc/", mode: 0o755},
			{name: "etc/ssl/", mode: 0o755},
			{name: "etc/ssl/certs/", mode: 0o755},
			{name: "etc/passwd", mode: 0o644, body: fmt.Appendf(nil,
				"tijori:x:%d:%d::/var/lib/tijori:/sbin/nologin\n", nobody, nobody)},
			{name: "etc/group", mode: 0o644, body: fmt.Appendf(nil, "tijori:x:%d:\n", nobody)},
			{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, body: roots},
			{name: "tmp/", mode: 0o1777},
			{name: "var/", mode: 0o755},
			{name: "var/lib/", mode: 0o755},
			{name: "var/lib/tijori/", mode: 0o700, owner: nobody},
		},
		{
			{name: "usr/", mode: 0o755},
			{name: "usr/bin/", mode: 0o755},
			{name: "usr/bin/tijori", mode: 0o755, body: program},
		},
	} {
		layer, err := i.layer(files)
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	built, err := mutate.AppendLayers(base, layers...)
	if err != nil {
		return nil, err
	}
	config, err := built.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", i.arch, v1.Time{Time: i.created}
	for n := range config.History {
		config.History[n].Created = v1.Time{Time: i.created}
	}
	config.Config = v1.Config{
		User: fmt.Sprintf("%d:%d", nobody, nobody), WorkingDir: "/var/lib/tijori",
		Entrypoint: []string{"/usr/bin/tijori"}, Cmd: []string{"serve"},
		Env: []string{
			"PATH=/usr/bin", "TIJORI_DATA=/var/lib/tijori", "TIJORI_ADDR=:8080",
		},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}}, Volumes: map[string]struct{}{"/var/lib/tijori": {}},
		StopSignal: "SIGTERM",
		Labels: map[string]string{
			"org.opencontainers.image.title":   "tijori",
			"org.opencontainers.image.version": i.version,
		},
	}
	return mutate.ConfigFile(built, config)
}

// A file is what stands in a layer; a name that ends with a slash is a folder.
type file struct {
	name  string
	mode  int64
	owner int
	body  []byte
}

func (i *image) layer(files []file) (v1.Layer, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		head := &tar.Header{
			Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.body)), ModTime: i.created,
			Uid: f.owner, Gid: f.owner, Format: tar.FormatUSTAR,
		}
		if f.name[len(f.name)-1] == '/' {
			head.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(head); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.body); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
}
