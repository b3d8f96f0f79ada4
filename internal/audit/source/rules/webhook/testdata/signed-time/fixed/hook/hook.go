package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func parse(h string) (t, v string) {
	for _, p := range strings.Split(h, ",") {
		k, x, _ := strings.Cut(p, "=")
		switch k {
		case "t":
			t = x
		case "v1":
			v = x
		}
	}
	return t, v
}

func Verify(r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, false
	}
	secret := os.Getenv("HOOK_SECRET")
	if secret == "" {
		return nil, false
	}
	t, v := parse(r.Header.Get("X-Signature"))
	sec, err := strconv.ParseInt(t, 10, 64)
	if err != nil || time.Since(time.Unix(sec, 0)).Abs() > 5*time.Minute {
		return nil, false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "." + string(body)))
	want := hex.EncodeToString(mac.Sum(nil))
	return body, hmac.Equal([]byte(want), []byte(v))
}
