// Package soql evaluates SOQL statements over records, in the way that a
// Salesforce org does: the names, the type rules, what a null means, and the
// words of a refusal.
//
// It knows nothing of storage or HTTP. The caller describes its objects
// through a Schema and its records through Record; the package never fetches
// anything by itself, and never reads the clock.
//
// Start with syntax.Parse, which gives a Query (a plain tree with positions),
// then Bind, which checks that tree against a Schema and gives a Bound. A
// Bound says which columns to answer, which records match, and in which order;
// of a grouped statement it makes the Groups. What it needs of other objects
// (the children of a nested query, the Ids of a semi-join) are Bounds in it,
// which the caller answers first.
//
// Inside, a binder goes through the clauses of one query. It looks up names in
// a scope, or of a grouped query in a groupScope, and makes predicates, readings
// and slots of what it finds: those are all that a Bound needs later.
//
// The rules come from the SOQL and SOSL Reference (v66).
package soql
