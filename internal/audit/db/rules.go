package db

import (
	adminofanytenant "github.com/tijorihq/tijori/internal/audit/db/rule/admin-of-any-tenant"
	anyloggedin "github.com/tijorihq/tijori/internal/audit/db/rule/any-logged-in"
	authrolecheck "github.com/tijorihq/tijori/internal/audit/db/rule/auth-role-check"
	balancewithoutcheck "github.com/tijorihq/tijori/internal/audit/db/rule/balance-without-check"
	billingtablewritable "github.com/tijorihq/tijori/internal/audit/db/rule/billing-table-writable"
	bypassrlsinrequestpath "github.com/tijorihq/tijori/internal/audit/db/rule/bypassrls-in-request-path"
	creditreadthenwrite "github.com/tijorihq/tijori/internal/audit/db/rule/credit-read-then-write"
	crosstenantfk "github.com/tijorihq/tijori/internal/audit/db/rule/cross-tenant-fk"
	defaultprivileges "github.com/tijorihq/tijori/internal/audit/db/rule/default-privileges"
	deleteorwritebylowerrole "github.com/tijorihq/tijori/internal/audit/db/rule/delete-or-write-by-lower-role"
	fkuniqueoracle "github.com/tijorihq/tijori/internal/audit/db/rule/fk-unique-oracle"
	hierarchy "github.com/tijorihq/tijori/internal/audit/db/rule/hierarchy"
	idempotencynotunique "github.com/tijorihq/tijori/internal/audit/db/rule/idempotency-not-unique"
	insertwithouttenantcheck "github.com/tijorihq/tijori/internal/audit/db/rule/insert-without-tenant-check"
	invertedcheck "github.com/tijorihq/tijori/internal/audit/db/rule/inverted-check"
	invitationtokenreadable "github.com/tijorihq/tijori/internal/audit/db/rule/invitation-token-readable"
	materialisedview "github.com/tijorihq/tijori/internal/audit/db/rule/materialised-view"
	membershiporacle "github.com/tijorihq/tijori/internal/audit/db/rule/membership-oracle"
	ownrowprivilegedcolumn "github.com/tijorihq/tijori/internal/audit/db/rule/own-row-privileged-column"
	ownerconnection "github.com/tijorihq/tijori/internal/audit/db/rule/owner-connection"
	partitionchild "github.com/tijorihq/tijori/internal/audit/db/rule/partition-child"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	paymentcustomernotunique "github.com/tijorihq/tijori/internal/audit/db/rule/payment-customer-not-unique"
	permissiveinsteadofrestrictive "github.com/tijorihq/tijori/internal/audit/db/rule/permissive-instead-of-restrictive"
	policyleftover "github.com/tijorihq/tijori/internal/audit/db/rule/policy-left-over"
	policytopublic "github.com/tijorihq/tijori/internal/audit/db/rule/policy-to-public"
	publicshare "github.com/tijorihq/tijori/internal/audit/db/rule/public-share"
	realtimepublication "github.com/tijorihq/tijori/internal/audit/db/rule/realtime-publication"
	rlsoff "github.com/tijorihq/tijori/internal/audit/db/rule/rls-off"
	secdefsearchpath "github.com/tijorihq/tijori/internal/audit/db/rule/secdef-search-path"
	secdefsqlinjection "github.com/tijorihq/tijori/internal/audit/db/rule/secdef-sql-injection"
	secdefuncheckedargument "github.com/tijorihq/tijori/internal/audit/db/rule/secdef-unchecked-argument"
	secretreadablebylowerrole "github.com/tijorihq/tijori/internal/audit/db/rule/secret-readable-by-lower-role"
	selecttrue "github.com/tijorihq/tijori/internal/audit/db/rule/select-true"
	selfcomparison "github.com/tijorihq/tijori/internal/audit/db/rule/self-comparison"
	selfinsertmembership "github.com/tijorihq/tijori/internal/audit/db/rule/self-insert-membership"
	softdeleteignored "github.com/tijorihq/tijori/internal/audit/db/rule/soft-delete-ignored"
	storagepolicy "github.com/tijorihq/tijori/internal/audit/db/rule/storage-policy"
	tenantfromclient "github.com/tijorihq/tijori/internal/audit/db/rule/tenant-from-client"
	updatemovestenant "github.com/tijorihq/tijori/internal/audit/db/rule/update-moves-tenant"
	usermetadatatrusted "github.com/tijorihq/tijori/internal/audit/db/rule/user-metadata-trusted"
	viewownerrights "github.com/tijorihq/tijori/internal/audit/db/rule/view-owner-rights"
	viewwithoutbarrier "github.com/tijorihq/tijori/internal/audit/db/rule/view-without-barrier"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rules explains everything that the auditor of databases looks for.
func Rules() []finding.Rule {
	var out []finding.Rule
	for _, r := range rules() {
		out = append(out, r.Rule)
	}
	return out
}

func rules() []pass.Rule {
	return []pass.Rule{
		selfcomparison.Rule,
		invertedcheck.Rule,
		secretreadablebylowerrole.Rule,
		invitationtokenreadable.Rule,
		rlsoff.Rule,
		partitionchild.Rule,
		adminofanytenant.Rule,
		anyloggedin.Rule,
		authrolecheck.Rule,
		balancewithoutcheck.Rule,
		bypassrlsinrequestpath.Rule,
		creditreadthenwrite.Rule,
		defaultprivileges.Rule,
		fkuniqueoracle.Rule,
		hierarchy.Rule,
		idempotencynotunique.Rule,
		insertwithouttenantcheck.Rule,
		materialisedview.Rule,
		membershiporacle.Rule,
		ownerconnection.Rule,
		paymentcustomernotunique.Rule,
		permissiveinsteadofrestrictive.Rule,
		policyleftover.Rule,
		policytopublic.Rule,
		publicshare.Rule,
		realtimepublication.Rule,
		secdefsearchpath.Rule,
		secdefsqlinjection.Rule,
		secdefuncheckedargument.Rule,
		selecttrue.Rule,
		selfinsertmembership.Rule,
		softdeleteignored.Rule,
		storagepolicy.Rule,
		tenantfromclient.Rule,
		updatemovestenant.Rule,
		usermetadatatrusted.Rule,
		viewownerrights.Rule,
		viewwithoutbarrier.Rule,
		deleteorwritebylowerrole.Rule,
		ownrowprivilegedcolumn.Rule,
		billingtablewritable.Rule,
		crosstenantfk.Rule,
	}
}
