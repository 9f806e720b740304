package translate

import (
	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// merge reads MERGE: one branch for rows that match, one for those that don't,
// both of them and in this order.
func merge(s lex.Statement) (*Command, error) {
	if !s.Starts("merge", "into") {
		return nil, failure.Near(s.At(1))
	}
	t, i, err := s.ReferenceAt(2)
	if err != nil {
		return nil, err
	}
	if i >= len(s) || !s[i].Is("using") { // the target takes no alias
		return nil, failure.Near(s.At(i))
	}
	if i+1 < len(s) && s[i+1].Is("(") {
		return nil, failure.New(failure.Unsupported, "MERGE: the source must be a table")
	}
	source, i, err := s.ReferenceAt(i + 1)
	if err != nil {
		return nil, err
	}
	if source == t {
		return nil, failure.New(failure.Unsupported, "MERGE: source and target can't be the same table")
	}
	if s.Find(i, "remove") >= 0 {
		return nil, failure.Cannot("MERGE ... REMOVE DUPLICATES")
	}
	if err := branches(s, i); err != nil {
		return nil, err
	}
	q, err := query(s)
	if err != nil {
		return nil, err
	}
	return &Command{SQL: q.String(), Writes: t}, nil
}

// branches checks WHEN MATCHED THEN ... WHEN NOT MATCHED THEN INSERT ....
func branches(s lex.Statement, i int) error {
	first := s.Find(i, "when")
	if first < 0 || !s[first:].Starts("when", "matched", "then") {
		return failure.Near(s.At(first + 1))
	}
	second := first
	for { // a CASE has WHENs too
		if second = s.Find(second+1, "when"); second < 0 {
			return failure.New(failure.Syntax, "syntax error: MERGE needs both WHEN MATCHED and WHEN NOT MATCHED")
		}
		if s[second:].Starts("when", "not", "matched") {
			break
		}
	}
	if !s[second:].Starts("when", "not", "matched", "then", "insert") {
		return failure.Near(s.At(second + 3))
	}
	if more := s.Find(second+1, "when"); more >= 0 && s[more:].Starts("when", "matched") {
		return failure.Near(s[more].Text)
	}
	return nil
}
