package incident

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Release is one start of a server: which program, with which settings, for whose money.
type Release struct {
	StartedAt   time.Time
	Node        string
	Version     string
	Migration   int64             // the newest that the program carries
	Fingerprint string            // of the settings, the mode and the accounts
	Settings    map[string]string // plain ones with their values; of secrets, that they are set
	Mode        string            // simulated, test or live
	Accounts    map[string]string // at the payment providers, by connection
}

// Sign fills in the fingerprint.
func (r *Release) Sign() {
	h := sha256.New()
	for _, m := range []map[string]string{r.Settings, r.Accounts, {"mode": r.Mode}} {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			fmt.Fprintf(h, "%q=%q\n", key, m[key])
		}
	}
	r.Fingerprint = hex.EncodeToString(h.Sum(nil)[:8])
}

// Since lists, in words, how r differs from an earlier start; nothing when the same program started with the same
// settings.
func (r Release) Since(before Release) (changes []string) {
	change := func(what, from, to string) {
		if from != to {
			changes = append(changes, fmt.Sprintf("%s: %s → %s", what, orNone(from), orNone(to)))
		}
	}
	change("version", before.Version, r.Version)
	if before.Migration != r.Migration {
		changes = append(changes, fmt.Sprintf("migration: %d → %d", before.Migration, r.Migration))
	}
	change("mode", before.Mode, r.Mode)
	for _, pair := range []struct {
		what      string
		from, now map[string]string
	}{{"account at ", before.Accounts, r.Accounts}, {"", before.Settings, r.Settings}} {
		keys := maps.Clone(pair.from)
		if keys == nil {
			keys = map[string]string{}
		}
		maps.Copy(keys, pair.now)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			change(pair.what+key, pair.from[key], pair.now[key])
		}
	}
	return changes
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// RecordRelease writes a start down and returns how it differs from the last one, of whatever node. The first start
// differs in nothing.
func (s *Service) RecordRelease(ctx context.Context, r Release) (changes []string, err error) {
	last, err := s.Releases(ctx, time.Now().Add(time.Hour), 1)
	if err != nil {
		return nil, err
	}
	r.Sign()
	settings, err := json.Marshal(r.Settings)
	if err != nil {
		return nil, err
	}
	accounts, err := json.Marshal(r.Accounts)
	if err != nil {
		return nil, err
	}
	err = s.db.AsOperator(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_ops.record_release($1, $2, $3, $4, $5, $6, $7)`, r.Node, r.Version,
			r.Migration, r.Fingerprint, settings, r.Mode, accounts)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("record the release: %w", err)
	}
	if len(last) > 0 {
		changes = r.Since(last[0])
	}
	return changes, nil
}

// Releases lists the last starts before a moment, the newest first.
func (s *Service) Releases(ctx context.Context, until time.Time, most int) (list []Release, err error) {
	err = s.db.AsSupport(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select started_at, node, version, migration, fingerprint, settings, mode, accounts
			  from tijori_ops.releases($1, $2)`, until, most)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Release])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list releases: %w", err)
	}
	return list, nil
}
