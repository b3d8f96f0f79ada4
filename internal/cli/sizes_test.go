package cli

import (
	"strings"
	"testing"
)

// Sizes that cannot be are refused in one sentence before anything starts.
func TestSizes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flags databaseFlags
		says  string
	}{
		"the defaults":          {databaseFlags{}, ""},
		"larger":                {databaseFlags{PoolSize: 16, SharedBuffers: "2GB", MaxConnections: 200}, ""},
		"a tiny pool":           {databaseFlags{PoolSize: 1}, "from 4 to 200"},
		"too few connections":   {databaseFlags{PoolSize: 16, MaxConnections: 60}, "need 78"},
		"a server of one's own": {databaseFlags{PoolSize: 16, MaxConnections: 60, DatabaseURL: "x"}, ""},
		"a size without unit":   {databaseFlags{SharedBuffers: "128"}, "such as 512MB"},
		"another setting":       {databaseFlags{SharedBuffers: "1MB -c fsync=off"}, "such as 512MB"},
	} {
		err := c.flags.checkSizes()
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	if got := (&databaseFlags{PoolSize: 40}).privateConfig("/x").MaxConnections; got < 100 {
		t.Errorf("with a pool of 40 the private server takes %d connections", got)
	}
}
