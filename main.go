// Command tijori serves subscriptions and ledgers that never show one
// customer's data to another. See tijori --help.
package main

import (
	"os"

	"github.com/tijorihq/tijori/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }
