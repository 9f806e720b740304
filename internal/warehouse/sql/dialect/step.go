package dialect

import "fmt"

// A Step is a statement that changes the shape of a table.
type Step struct {
	SQL   string
	what  string // in words, for an error; "" where the statement says enough
	Fills bool   // no DDL, but the UPDATE that fills a column
	Blind bool   // nobody can see whether it was done: it is done once, after all others
}

// Steps are plain DDL.
func Steps(ddl ...string) []Step {
	all := make([]Step, len(ddl))
	for i, sql := range ddl {
		all[i].SQL = sql
	}
	return all
}

// Explain adds to an error what the step was about.
func (s Step) Explain(err error) error {
	if s.what == "" {
		return err
	}
	return fmt.Errorf("%s: %w", s.what, err)
}
