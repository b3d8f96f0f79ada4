package account

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

func TestAddBusiness(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha, binod := db.User(t, "Asha"), db.User(t, "Binod")
	manager := db.Member(t, asha, nil, "manager")
	id := uuid.New()
	for range 2 {
		if err := s.AddBusiness(t.Context(), asha.Caller, id, " Asha Textiles ", "INR"); err != nil {
			t.Fatalf("AddBusiness = %v", err)
		}
	}
	wantKind(t, "AddBusiness with the id of another", s.AddBusiness(t.Context(), asha.Account(), id, "Other", "INR"),
		fault.Conflict)
	wantKind(t, "AddBusiness by a manager", s.AddBusiness(t.Context(), manager.Account(), uuid.New(), "Other", "INR"),
		fault.Forbidden)
	wantKind(t, "AddBusiness in no currency", s.AddBusiness(t.Context(), asha.Account(), uuid.New(), "Other", "₹"),
		fault.Invalid)
	if n := one[int](t, db, `select count(*) from businesses where account_id = $1 and name = 'Asha Textiles'`,
		asha.AccountID); n != 1 {
		t.Errorf("%d businesses, want 1", n)
	}
	// The same id in another account is another business, and leads nobody astray who belongs to both.
	if err := s.AddBusiness(t.Context(), binod.Account(), asha.BusinessID, "Trap", "INR"); err != nil {
		t.Fatalf("AddBusiness with a stranger's id = %v", err)
	}
	exec(t, db, `insert into members (account_id, id, user_id, role) values ($1, gen_random_uuid(), $2, 'owner')`,
		binod.AccountID, asha.UserID)
	if p, err := person(t.Context(), db, asha.Caller); err != nil || p.AccountID != asha.AccountID ||
		p.Business.Name != "Asha's shop" {
		t.Errorf("Asha's business after the trap: %+v, %v", p, err)
	}
}

func TestAddBusinessHasAnEnd(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha := db.User(t, "Asha")
	exec(t, db, `insert into businesses (account_id, id, name) select $1, gen_random_uuid(), 'B'
		from generate_series(2, $2 - 1)`, asha.AccountID, maxBusinesses)
	ids, errs := make([]uuid.UUID, 8), make([]error, 8)
	var wg sync.WaitGroup
	for i := range ids {
		ids[i] = uuid.New()
		wg.Go(func() { errs[i] = s.AddBusiness(t.Context(), asha.Account(), ids[i], "Last", "INR") })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			wantKind(t, "one business too many", err, fault.Conflict)
		} else if err := s.AddBusiness(t.Context(), asha.Account(), ids[i], "Last", "INR"); err != nil {
			t.Errorf("the last business again = %v", err)
		}
	}
	if n := one[int](t, db, `select count(*) from businesses where account_id = $1`,
		asha.AccountID); n != maxBusinesses {
		t.Errorf("%d businesses, want %d", n, maxBusinesses)
	}
}

func TestUpdateBusiness(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha, binod := db.User(t, "Asha"), db.User(t, "Binod")
	manager, counter := db.Member(t, asha, &asha.BusinessID, "manager"), db.Member(t, asha, &asha.BusinessID, "counter")
	if err := s.UpdateBusiness(t.Context(), manager.Caller, "Asha & Sons", "Asia/Dubai"); err != nil {
		t.Fatalf("UpdateBusiness = %v", err)
	}
	if p, err := person(t.Context(), db, asha.Caller); err != nil || p.Business.Name != "Asha & Sons" ||
		p.Business.TimeZone != "Asia/Dubai" {
		t.Errorf("person = %+v, %v", p, err)
	}
	wantKind(t, "UpdateBusiness by a counter", s.UpdateBusiness(t.Context(), counter.Caller, "X", "Asia/Kolkata"),
		fault.Forbidden)
	stranger := binod.Account()
	stranger.Business = asha.BusinessID
	wantKind(t, "UpdateBusiness by a stranger", s.UpdateBusiness(t.Context(), stranger, "X", "Asia/Kolkata"),
		fault.NotFound)
	for _, zone := range []string{"", "Local", "Asia/Nowhere", "../../etc/passwd"} {
		wantKind(t, "UpdateBusiness to zone "+zone, s.UpdateBusiness(t.Context(), asha.Caller, "X", zone),
			fault.Invalid)
	}
}

func TestSwitchAccount(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha, binod := db.User(t, "Asha"), db.User(t, "Binod")
	wantKind(t, "SwitchAccount to a stranger's", s.SwitchAccount(t.Context(), asha.Account(), binod.AccountID),
		fault.NotFound)
	exec(t, db, `insert into members (account_id, id, user_id, business_id, role)
		values ($1, gen_random_uuid(), $2, $3, 'manager')`, binod.AccountID, asha.UserID, binod.BusinessID)
	wantKind(t, "SwitchAccount by a member of one business", s.SwitchAccount(t.Context(), asha.Account(),
		binod.AccountID), fault.NotFound)
	exec(t, db, `insert into members (account_id, id, user_id, role) values ($1, gen_random_uuid(), $2, 'accountant')`,
		binod.AccountID, asha.UserID)
	if err := s.SwitchAccount(t.Context(), asha.Account(), binod.AccountID); err != nil {
		t.Fatalf("SwitchAccount = %v", err)
	}
	if p, err := person(t.Context(), db, asha.Account()); err != nil || p.AccountID != binod.AccountID ||
		p.Role != "accountant" {
		t.Errorf("person = %+v, %v", p, err)
	}
	wantKind(t, "SwitchAccount signed out", s.SwitchAccount(t.Context(), postgres.Caller{}, binod.AccountID),
		fault.Unauthorized)
}
