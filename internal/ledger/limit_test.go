package ledger_test

import (
	"encoding/hex"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// setLimit makes Free as the plan file has it.
func setLimit(t *testing.T, db *pgtest.DB) {
	t.Helper()
	if _, err := db.Super.Exec(t.Context(),
		`update plans set limits = '{"parties.max": 5}' where is_default`); err != nil {
		t.Fatal(err)
	}
}

func TestFreeHasFivePartiesUnderTwentyAtOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	setLimit(t, db)
	asha := db.User(t, "Asha")
	second := *asha
	second.Caller.Business = db.Business(t, asha, "Second shop")
	errs := make([]error, 20)
	ids := make([]uuid.UUID, 20)
	var wg sync.WaitGroup
	for i := range errs {
		ids[i] = newID(t)
		wg.Go(func() {
			u := asha
			if i%2 == 1 { // the plan counts all businesses of the account together
				u = &second
			}
			_, errs[i] = as(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
				return ledger.AddParty(t.Context(), tx, ids[i], ledger.PartyFields{Kind: ledger.Customer, Name: "P"})
			})
		})
	}
	wg.Wait()
	added := 0
	for i, err := range errs {
		if err == nil {
			added++
			continue
		}
		wantKind(t, "party beyond the limit", err, fault.UpgradeRequired)
		ids[i] = uuid.Nil
	}
	if added != 5 {
		t.Fatalf("%d parties were added, want 5", added)
	}
	for i, id := range ids { // a repeated request is still the first one's answer
		if id == uuid.Nil {
			continue
		}
		u := asha
		if i%2 == 1 {
			u = &second
		}
		must(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
			return ledger.AddParty(t.Context(), tx, id, ledger.PartyFields{Kind: ledger.Customer, Name: "P"})
		})
	}
}

func TestLimitHoldsPastTheServer(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	setLimit(t, db)
	asha := db.User(t, "Asha")
	var last ledger.Party
	for range 5 {
		last = addParty(t, db, asha, "P")
	}
	err := db.As(t.Context(), asha.Caller, func(tx *postgres.Tx) error {
		_, err := tx.Exec(t.Context(),
			`insert into tijori.parties (account_id, business_id, id, kind, name, name_key, request_hash, created_by)
			select $1, $2, gen_random_uuid(), 'customer', 'Past', 'past', sha256('x'), $3 from generate_series(1, 3)`,
			tx.Scope.AccountID, tx.Scope.BusinessID, tx.Scope.UserID)
		return err
	})
	wantKind(t, "an insert by hand", err, fault.UpgradeRequired)
	// A transaction that began before the others' rows does not see them, lock or no lock.
	binod := db.User(t, "Binod")
	err = db.As(t.Context(), binod.Caller, func(tx *postgres.Tx) error {
		for _, sql := range []string{
			`commit`, `begin isolation level repeatable read`,
			`select set_config('tijori.credential', '` + hex.EncodeToString(binod.Caller.Credential[:]) +
				`', true), set_config('tijori.business', '` + binod.BusinessID.String() + `', true)`,
			`insert into tijori.parties (account_id, business_id, id, kind, name, name_key, request_hash, created_by)
			 select s.account_id, s.business_id, gen_random_uuid(), 'customer', 'Past', 'past', sha256('x'), s.user_id from tijori_access.scope() s`,
		} {
			if _, err := tx.Exec(t.Context(), sql); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		t.Error("a party was added in repeatable read, where the limit cannot be counted")
	}
	deleted := must(t, db, asha, func(tx *postgres.Tx) (ledger.Party, error) {
		return ledger.DeleteParty(t.Context(), tx, last.ID, last.Version)
	})
	addParty(t, db, asha, "In its place")
	_, err = as(t, db, asha, func(tx *postgres.Tx) (ledger.Party, error) {
		return ledger.RestoreParty(t.Context(), tx, last.ID, deleted.Version)
	})
	wantKind(t, "restore without room", err, fault.UpgradeRequired)
}
