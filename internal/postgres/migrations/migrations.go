// Package migrations embeds the forward-only steps of the schema.
package migrations

import "embed"

// FS holds NNNN_verb_object.sql, in goose's format.
//
//go:embed *.sql
var FS embed.FS
