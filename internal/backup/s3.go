package backup

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// partSize is how much of a file is sent at once, from memory. With 10,000 parts, the most there may be, a file has 80
// GB.
const partSize = 8 << 20

// bucket is a target at S3 or something that speaks as it does. Requests are signed with AWS Signature Version 4, as
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html says; paths name the bucket.
type bucket struct {
	name, prefix, region, id, secret, token string
	endpoint                                *url.URL
	client                                  *http.Client
	now                                     func() time.Time
}

// openBucket reads s3://BUCKET/PREFIX and the variables that AWS's own programs read.
func openBucket(where string, env func(string) string) (Target, error) {
	name, prefix, _ := strings.Cut(strings.TrimPrefix(where, "s3://"), "/")
	b := &bucket{
		name: name, prefix: strings.Trim(prefix, "/"), region: env("AWS_REGION"), id: env("AWS_ACCESS_KEY_ID"),
		secret: env("AWS_SECRET_ACCESS_KEY"),
		token:  env("AWS_SESSION_TOKEN"), client: &http.Client{
			Timeout:       5 * time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}, now: time.Now,
	}
	if b.prefix != "" {
		b.prefix += "/"
	}
	if b.region == "" {
		b.region = "us-east-1"
	}
	if name == "" || b.id == "" || b.secret == "" {
		return nil, &Refusal{
			Problem: where + " cannot be opened",
			Hint:    "it is s3://BUCKET/PREFIX, with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, where it is not at AWS, AWS_ENDPOINT_URL",
		}
	}
	endpoint := env("AWS_ENDPOINT_URL")
	if endpoint == "" {
		endpoint = "https://s3." + b.region + ".amazonaws.com"
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, &Refusal{
			Problem: fmt.Sprintf("AWS_ENDPOINT_URL %q is no address", endpoint),
			Hint:    "it looks like https://s3.example.com",
		}
	}
	b.endpoint = u
	return b, nil
}

func (b *bucket) String() string {
	return strings.TrimSuffix("s3://"+b.name+"/"+b.prefix, "/")
}

// A bucketError is what the server says against a request.
type bucketError struct {
	status        int
	Code, Message string
}

func (e *bucketError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the bucket answers %d %s %s", e.status, e.Code, e.Message))
}

// do sends one request. One that the server has no time for, or that gets lost, is sent four times.
func (b *bucket) do(ctx context.Context, method, key string, query url.Values, body []byte) (*http.Response, error) {
	for try := 1; ; try++ {
		res, err := b.once(ctx, method, key, query, body)
		var said *bucketError
		again := err != nil && ctx.Err() == nil && !errors.Is(err, fs.ErrNotExist) &&
			(!errors.As(err, &said) || said.status >= 500 || said.status == http.StatusTooManyRequests)
		if !again || try == 4 {
			return res, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond << (2 * try)):
		}
	}
}

func (b *bucket) once(ctx context.Context, method, key string, query url.Values, body []byte) (*http.Response, error) {
	u := *b.endpoint
	u.Path = strings.TrimSuffix(u.Path, "/") + "/" + b.name
	if key != "" {
		u.Path += "/" + b.prefix + key
	}
	u.RawPath = escaped(u.Path)
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	b.sign(req, body)
	res, err := b.client.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotFound && method != http.MethodPost {
		return nil, &fs.PathError{Op: "open", Path: b.String() + "/" + key, Err: fs.ErrNotExist}
	}
	said := &bucketError{status: res.StatusCode}
	text, _ := io.ReadAll(io.LimitReader(res.Body, 16<<10)) // the status says enough
	_ = xml.Unmarshal(text, said)
	return nil, said
}

// escaped writes a path as the signature wants it: everything but the plain letters of RFC 3986 as %XX.
func escaped(path string) string {
	var out strings.Builder
	for _, c := range []byte(path) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}

// sign adds the headers that say who asks.
func (b *bucket) sign(req *http.Request, body []byte) {
	at := b.now().UTC()
	stamp, day := at.Format("20060102T150405Z"), at.Format("20060102")
	digest := sha256.Sum256(body)
	req.Header.Set("X-Amz-Date", stamp)
	req.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(digest[:]))
	if b.token != "" {
		req.Header.Set("X-Amz-Security-Token", b.token)
	}
	names := []string{"host"}
	for name := range req.Header {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	var headers strings.Builder
	for _, name := range names {
		value := req.URL.Host
		if name != "host" {
			value = strings.TrimSpace(req.Header.Get(name))
		}
		headers.WriteString(name + ":" + value + "\n")
	}
	signed := strings.Join(names, ";")
	canonical := strings.Join([]string{
		req.Method, req.URL.EscapedPath(), req.URL.RawQuery, headers.String(), signed,
		hex.EncodeToString(digest[:]),
	}, "\n")
	scope := day + "/" + b.region + "/s3/aws4_request"
	hashed := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + b.secret)
	for _, part := range []string{
		day, b.region, "s3", "aws4_request",
		"AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + hex.EncodeToString(hashed[:]),
	} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+b.id+"/"+scope+", SignedHeaders="+signed+
		", Signature="+hex.EncodeToString(key))
}

// call sends a request and reads the answer, into v where it is given.
func (b *bucket) call(
	ctx context.Context, method, key string, query url.Values, body []byte, v any,
) (http.Header, error) {
	res, err := b.do(ctx, method, key, query, body)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || v == nil {
		return res.Header, err
	}
	return res.Header, xml.Unmarshal(text, v)
}

func (b *bucket) Create(ctx context.Context, name string) (File, error) {
	return &bucketFile{ctx: ctx, b: b, key: name}, nil
}

// bucketFile is sent in parts; a small one at once. It appears when all have been put together.
type bucketFile struct {
	ctx    context.Context //nolint:containedctx // a writer has no argument for it
	b      *bucket
	key    string
	upload string
	parts  []part
	buf    []byte
	done   bool
}

type part struct {
	PartNumber int
	ETag       string
}

func (f *bucketFile) Write(p []byte) (int, error) {
	f.buf = append(f.buf, p...)
	for len(f.buf) >= partSize {
		if err := f.send(f.buf[:partSize]); err != nil {
			return 0, err
		}
		f.buf = append(f.buf[:0], f.buf[partSize:]...)
	}
	return len(p), nil
}

func (f *bucketFile) send(body []byte) error {
	if f.upload == "" {
		var begun struct{ UploadId string } //nolint:revive // S3's word
		if _, err := f.b.call(f.ctx, http.MethodPost, f.key, url.Values{"uploads": {""}}, nil, &begun); err != nil {
			return err
		}
		f.upload = begun.UploadId
	}
	n := len(f.parts) + 1
	header, err := f.b.call(f.ctx, http.MethodPut, f.key, url.Values{
		"partNumber": {strconv.Itoa(n)},
		"uploadId":   {f.upload},
	}, body, nil)
	if err != nil {
		return err
	}
	f.parts = append(f.parts, part{n, header.Get("ETag")})
	return nil
}

func (f *bucketFile) Commit() error {
	if f.upload == "" {
		_, err := f.b.call(f.ctx, http.MethodPut, f.key, nil, f.buf, nil)
		f.done = err == nil
		return err
	}
	if len(f.buf) > 0 {
		if err := f.send(f.buf); err != nil {
			return err
		}
	}
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Part    []part
	}{Part: f.parts})
	if err != nil {
		return err
	}
	// The answer may be 200 and an error.
	var answer struct {
		XMLName       xml.Name
		Code, Message string
	}
	if _, err := f.b.call(f.ctx, http.MethodPost, f.key, url.Values{"uploadId": {f.upload}}, body,
		&answer); err != nil {
		return err
	}
	if answer.XMLName.Local == "Error" {
		return &bucketError{200, answer.Code, answer.Message}
	}
	f.done = true
	return nil
}

func (f *bucketFile) Abort() {
	if f.done || f.upload == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(f.ctx), 30*time.Second)
	defer cancel()
	// a rule of the bucket removes it otherwise
	_, _ = f.b.call(ctx, http.MethodDelete, f.key, url.Values{"uploadId": {f.upload}}, nil, nil)
}

func (b *bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	res, err := b.do(ctx, http.MethodGet, name, nil, nil)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

func (b *bucket) List(ctx context.Context, prefix string) (out []Item, err error) {
	query := url.Values{"list-type": {"2"}, "prefix": {b.prefix + prefix}, "delimiter": {"/"}}
	for {
		var page struct {
			Contents []struct {
				Key          string
				Size         int64
				LastModified time.Time
			}
			IsTruncated           bool
			NextContinuationToken string
		}
		if _, err := b.call(ctx, http.MethodGet, "", query, nil, &page); err != nil {
			return nil, err
		}
		for _, c := range page.Contents {
			out = append(out, Item{Name: strings.TrimPrefix(c.Key, b.prefix), Size: c.Size, At: c.LastModified})
		}
		if !page.IsTruncated {
			slices.SortFunc(out, func(a, b Item) int { return strings.Compare(a.Name, b.Name) })
			return out, nil
		}
		query.Set("continuation-token", page.NextContinuationToken)
	}
}

func (b *bucket) Remove(ctx context.Context, name string) error {
	_, err := b.call(ctx, http.MethodDelete, name, nil, nil, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
