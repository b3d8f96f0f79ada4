package backup

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Two examples of Amazon's documentation of Signature Version 4, with the signatures that it gives.
func TestSignature(t *testing.T) {
	t.Parallel()
	b := &bucket{
		region: "us-east-1", id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		now: func() time.Time { return time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC) },
	}
	for _, c := range []struct{ url, want string }{
		{
			"https://examplebucket.s3.amazonaws.com/?lifecycle=",
			"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
		},
		{
			"https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
			"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
		},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.sign(req, nil)
		if got := req.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+c.want) {
			t.Errorf("%s is signed %s, want %s", c.url, got, c.want)
		}
	}
}

// fakeS3 is as much of S3 as we use. It verifies nothing of the signature but that it is there and covers the body.
type fakeS3 struct {
	mu      sync.Mutex
	files   map[string][]byte
	uploads map[string]map[string][]byte
	fail    int // so many requests are answered 503
	broken  bool
}

func (s *fakeS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if s.fail > 0 {
		s.fail--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=id/") ||
		r.Header.Get("X-Amz-Content-Sha256") == "" {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>who are you</Message></Error>`)
		return
	}
	key, query := strings.TrimPrefix(r.URL.Path, "/shop/"), r.URL.Query()
	upload := query.Get("uploadId")
	switch {
	case r.Method == http.MethodPost && query.Has("uploads"):
		id := fmt.Sprint("up", len(s.uploads))
		s.uploads[id] = map[string][]byte{}
		fmt.Fprintf(w, `<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>`, id)
	case r.Method == http.MethodPut && upload != "":
		s.uploads[upload][query.Get("partNumber")] = body
		w.Header().Set("ETag", `"`+query.Get("partNumber")+`"`)
	case r.Method == http.MethodPost && s.broken:
		fmt.Fprint(w, `<Error><Code>InternalError</Code><Message>later</Message></Error>`)
	case r.Method == http.MethodPost:
		var list struct {
			Part []struct {
				PartNumber string
				ETag       string
			}
		}
		if err := xml.Unmarshal(body, &list); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		var whole []byte
		for _, p := range list.Part {
			whole = append(whole, s.uploads[upload][p.PartNumber]...)
		}
		s.files[key] = whole
		delete(s.uploads, upload)
		fmt.Fprint(w, `<CompleteMultipartUploadResult></CompleteMultipartUploadResult>`)
	case r.Method == http.MethodPut:
		s.files[key] = body
	case r.Method == http.MethodDelete && upload != "":
		delete(s.uploads, upload)
	case r.Method == http.MethodDelete:
		delete(s.files, key)
	case query.Get("list-type") == "2":
		s.list(w, query)
	case s.files[key] == nil:
		w.WriteHeader(http.StatusNotFound)
	default:
		_, _ = w.Write(s.files[key])
	}
}

// list answers two keys a page.
func (s *fakeS3) list(w http.ResponseWriter, query url.Values) {
	var keys []string
	for k := range s.files {
		if rest, ok := strings.CutPrefix(k, query.Get("prefix")); ok && !strings.Contains(rest, "/") &&
			k > query.Get("continuation-token") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	more := len(keys) > 2
	if more {
		keys = keys[:2]
	}
	fmt.Fprint(w, `<ListBucketResult>`)
	for _, k := range keys {
		fmt.Fprintf(w, `<Contents><Key>%s</Key><Size>%d</Size><LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>`, k, len(s.files[k]))
	}
	if more {
		fmt.Fprintf(w, `<IsTruncated>true</IsTruncated><NextContinuationToken>%s</NextContinuationToken>`, keys[1])
	}
	fmt.Fprint(w, `</ListBucketResult>`)
}

func TestBucket(t *testing.T) {
	t.Parallel()
	s := &fakeS3{files: map[string][]byte{}, uploads: map[string]map[string][]byte{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	env := map[string]string{
		"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_ENDPOINT_URL": server.URL,
	}
	if _, err := openBucket("s3://shop/a b", func(string) string { return "" }); err == nil ||
		!strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") {
		t.Errorf("without keys: %v", err)
	}
	target, err := openBucket("s3://shop/a b", func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	big := bytes.Repeat([]byte("0123456789"), partSize/4) // two and a half parts
	write := func(name string, b []byte) error {
		f, err := target.Create(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Abort()
		for chunk := range slices.Chunk(b, 1<<20) {
			if _, err := f.Write(chunk); err != nil {
				return err
			}
		}
		return f.Commit()
	}
	s.fail = 2
	for name, b := range map[string][]byte{
		"tijori-1": []byte("one"), "tijori-2": big, "tijori-3": nil,
		"log/x/1": []byte("log"),
	} {
		if err := write(name, b); err != nil {
			t.Fatalf("write %s: %v", name, err)
		}
		f, err := target.Open(t.Context(), name)
		if err != nil {
			if len(b) == 0 {
				continue // the fake has no empty files
			}
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s has %d bytes, %v; want %d", name, len(got), err, len(b))
		}
	}
	list, err := target.List(t.Context(), "tijori-")
	if err != nil || len(list) != 3 || list[1].Name != "tijori-2" || list[1].Size != int64(len(big)) ||
		list[1].At.IsZero() {
		t.Errorf("List = %+v, %v", list, err)
	}
	if _, err := target.Open(t.Context(), "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open(none) = %v", err)
	}
	s.broken = true
	if err := write("tijori-4", big); err == nil || !strings.Contains(err.Error(), "InternalError") {
		t.Errorf("a refusal with status 200: %v", err)
	}
	if len(s.uploads) != 0 || s.files["a b/tijori-4"] != nil {
		t.Errorf("%d uploads are left", len(s.uploads))
	}
	if err := errors.Join(target.Remove(t.Context(), "tijori-1"), target.Remove(t.Context(), "tijori-1")); err != nil {
		t.Error(err)
	}
	if s.files["a b/tijori-1"] != nil || s.files["a b/tijori-2"] == nil {
		t.Error("Remove removes something else")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := target.List(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("List after the end = %v", err)
	}
}
