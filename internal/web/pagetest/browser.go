package pagetest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
)

// browsers are tried in this order, after the one that TIJORI_BROWSER names.
var browsers = []string{
	"chromium-headless-shell", "chromium", "google-chrome-stable", "google-chrome", "chrome",
	"chromium-browser",
}

// Browser finds the browser that pages are looked at with: the one that TIJORI_BROWSER names, one on PATH, or
// the one that scripts/setup-test has unpacked.
func Browser() (string, error) {
	if path := os.Getenv("TIJORI_BROWSER"); path != "" {
		return path, nil
	}
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	if cache, err := os.UserCacheDir(); err == nil {
		for _, name := range browsers {
			if path, err := exec.LookPath(filepath.Join(cache, "tijori", "bin", name)); err == nil {
				return path, nil
			}
		}
	}
	return "", errors.New("no browser; set TIJORI_BROWSER or install chromium")
}
