package cli

import (
	"fmt"
	"time"

	"github.com/tijorihq/tijori/internal/ledger"
)

type ledgerCmd struct {
	Verify verifyLedgerCmd `cmd:"" help:"Hold the sums that lists of parties show against the entries. Exit 3 when one differs."`
}

type verifyLedgerCmd struct {
	databaseFlags `embed:""`
}

// Run prints what does not add up, and fails when anything does not.
func (c *verifyLedgerCmd) Run(e *env) (err error) {
	d, err := c.beside(e)
	if err != nil {
		return err
	}
	defer func() {
		if e := d.Close(); err == nil {
			err = e
		}
	}()
	start := time.Now()
	found, err := ledger.VerifySums(e, d.Auth)
	if err != nil {
		return err
	}
	for _, w := range found {
		fmt.Fprintln(e.stdout, w)
	}
	if len(found) > 0 {
		return findings{fmt.Sprintf("the sums of %d parties are not those of their entries\nthe entries are the truth; docs/architecture.md says how to make the sums anew; nothing was changed", len(found))}
	}
	fmt.Fprintf(e.stdout, "the sums of every party are those of its entries (%s)\n",
		time.Since(start).Round(time.Millisecond))
	return nil
}
