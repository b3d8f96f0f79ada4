package platform

import (
	"testing"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// TestShadowCounts sends what an app's own check says, and finds agreements, differences and who differs.
func TestShadowCounts(t *testing.T) {
	t.Parallel()
	p := open(t)
	ask := func(customer, feature string, need int64, theirs bool) error {
		h := p.held
		h.Customer = customer
		_, err := p.s.Shadow(t.Context(), h, feature, need, theirs)
		return err
	}
	for range 3 {
		p.ok(ask("org_1", "projects", 3, true)) // both allow it
	}
	p.ok(ask("org_1", "projects", 4, false)) // both refuse it
	p.ok(ask("org_1", "projects", 2, false)) // only here
	p.ok(ask("org_1", "render", 1, true))    // only there
	// A customer whom nobody has brought in yet has nothing here.
	if err := ask("org_2", "render", 1, true); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v, want NotFound", err)
	}
	if err := ask("org_1", "rendr", 1, true); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v, want Invalid", err)
	}
	for _, h := range []postgres.Holder{
		{Credential: Hash("nothing"), Customer: "org_1"},
		{Credential: p.held.Credential, Customer: "org_1", Origin: "https://a.example"},
	} {
		if _, err := p.s.Shadow(t.Context(), h, "render", 1, true); err == nil {
			t.Errorf("%+v was counted", h)
		}
	}
	list, err := p.s.Shadows(t.Context(), p.held)
	p.ok(err)
	if len(list) != 2 || list[0].Feature != "projects" || list[0].Agreed != 4 || list[0].OnlyHere != 1 ||
		list[0].OnlyThere != 0 || list[1].Agreed != 0 || list[1].OnlyThere != 2 {
		t.Fatalf("%+v", list)
	}
	if c := list[0].Customers; len(c) != 1 || c[0].Customer != "org_1" || c[0].OnlyHere != 1 {
		t.Errorf("of projects differ %+v", c)
	}
	if c := list[1].Customers; len(c) != 2 || c[0].OnlyThere != 1 || c[1].OnlyThere != 1 {
		t.Errorf("of render differ %+v", c)
	}
	here, err := ShadowsHere(t.Context(), p.db.DB, "acme-test")
	p.ok(err)
	if len(here) != 2 || here[0].Agreed != 4 {
		t.Errorf("the command sees %+v", here)
	}
	p.ok(ask("org_1", "render", 1, true))
	if list, err = p.s.Shadows(t.Context(), p.held); err != nil || list[1].OnlyThere != 3 {
		t.Errorf("after one more: %+v, %v", list, err)
	}
	// What is counted of a customer goes with them.
	p.exec(`update tijori.accounts set leaving_at = now(), erase_at = now(), erasing_at = now() where external_id = 'org_1'`)
	var n int
	p.ok(p.db.Super.QueryRow(t.Context(), `select count(*) from tijori.shadow_checks where customer = 'org_1'`).Scan(&n))
	if n != 0 {
		t.Errorf("%d counts name an erased customer", n)
	}
	p.ok(ForgetShadowsHere(t.Context(), p.db.DB, "acme-test"))
	if list, err = p.s.Shadows(t.Context(), p.held); err != nil || len(list) != 0 {
		t.Errorf("after a reset: %+v, %v", list, err)
	}
}
