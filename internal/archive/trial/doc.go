// Package trial tries the archive from outside, as somebody does who doesn't trust it: a
// witness sees every request that reaches the org and keeps each version of a record that
// was deleted by it, and a judge holds what is left in the org, the warehouse and the blob
// store against that. Neither uses our own client, plan, ledger or evidence: they read
// REST, SQL and JSON.
//
// It has tests alone. Start at witness_test.go, then judge_test.go.
package trial
