// Package isolation holds the tests that nobody sees or changes another
// tenant's rows. They read the catalogue of a migrated database, so that a new
// table, policy, index, grant, function or role fails until it is classed here
// and tried by the matrix. There is no code in it but tests.
//
// docs/isolation.md tells what they prove in plain words.
package isolation
