package redshift

import "catchment/internal/fakeaws/redshift/failure"

// merge reads MERGE: one branch for rows that match, one for those that don't,
// both of them and in this order.
func merge(s statement) (*translation, error) {
	if !s.starts("merge", "into") {
		return nil, failure.Near(s.at(1))
	}
	t, i, err := s.referenceAt(2)
	if err != nil {
		return nil, err
	}
	if i >= len(s) || !s[i].is("using") { // the target takes no alias
		return nil, failure.Near(s.at(i))
	}
	if i+1 < len(s) && s[i+1].is("(") {
		return nil, failure.New(failure.Unsupported, "MERGE: the source must be a table")
	}
	source, i, err := s.referenceAt(i + 1)
	if err != nil {
		return nil, err
	}
	if source == t {
		return nil, failure.New(failure.Unsupported, "MERGE: source and target can't be the same table")
	}
	if s.find(i, "remove") >= 0 {
		return nil, failure.Cannot("MERGE ... REMOVE DUPLICATES")
	}
	if err := branches(s, i); err != nil {
		return nil, err
	}
	q, err := query(s)
	if err != nil {
		return nil, err
	}
	return &translation{sql: q.String(), writes: t}, nil
}

// branches checks WHEN MATCHED THEN ... WHEN NOT MATCHED THEN INSERT ....
func branches(s statement, i int) error {
	first := s.find(i, "when")
	if first < 0 || !s[first:].starts("when", "matched", "then") {
		return failure.Near(s.at(first + 1))
	}
	second := first
	for { // a CASE has WHENs too
		if second = s.find(second+1, "when"); second < 0 {
			return failure.New(failure.Syntax, "syntax error: MERGE needs both WHEN MATCHED and WHEN NOT MATCHED")
		}
		if s[second:].starts("when", "not", "matched") {
			break
		}
	}
	if !s[second:].starts("when", "not", "matched", "then", "insert") {
		return failure.Near(s.at(second + 3))
	}
	if more := s.find(second+1, "when"); more >= 0 && s[more:].starts("when", "matched") {
		return failure.Near(s[more].text)
	}
	return nil
}
