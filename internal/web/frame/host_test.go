package frame

import "testing"

func TestThisMachine(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"127.0.0.1:8080": true, "localhost": true, "[::1]:8080": true, "shop.localhost:1": true, "127.9.9.9": true,
		"evil.example": false, "127.0.0.1.evil.example:8080": false, "10.0.0.1": false, "": false,
	} {
		if got := thisMachine(host); got != want {
			t.Errorf("thisMachine(%q) = %v, want %v", host, got, want)
		}
	}
}
