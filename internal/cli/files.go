package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

const fileSuffix = "_FILE"

// mostSetting is how long a setting in a file may be.
const mostSetting = 64 << 10

// settingsFromFiles sets each setting X that a file named by X_FILE holds, as secrets of Docker, Kubernetes and systemd
// come. The keys of apps (TIJORI_APP_…) are settings as well.
func settingsFromFiles(model *kong.Application) error {
	names := map[string]bool{}
	_ = kong.Visit(model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			for _, name := range flag.Envs {
				names[name] = true
			}
		}
		return next(nil)
	})
	list := os.Environ()
	slices.Sort(list)
	for _, line := range list {
		from, path, _ := strings.Cut(line, "=")
		name, ok := strings.CutSuffix(from, fileSuffix)
		if !ok || path == "" || names[from] || !names[name] && !strings.HasPrefix(name, "TIJORI_APP_") {
			continue
		}
		if os.Getenv(name) != "" {
			return usagef("%s and %s are both set\nunset one of them", name, from)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return usagef("%s: %v", from, err)
		}
		value := strings.TrimRight(string(text), "\r\n")
		if value == "" || len(value) > mostSetting || strings.ContainsRune(value, 0) {
			return usagef("%s: %s holds no setting", from, path)
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}
