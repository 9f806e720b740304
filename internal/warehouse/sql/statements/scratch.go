package statements

import (
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// Opened is what has a temporary table ready in a merge.
func (s *Merge) Opened(make dialect.Statement) []dialect.Statement {
	if s.Dialect.TransactionalDDL {
		return []dialect.Statement{make}
	}
	return nil
}

// Closed is what a merge does with a temporary table that it needs no more.
func (s *Merge) Closed(temp string) dialect.Statement {
	if s.Dialect.TransactionalDDL {
		return s.drop(temp)
	}
	return dialect.Statement{SQL: "DELETE FROM " + s.Quote(temp)}
}

// Scratch is the DDL that comes before the transaction.
func (s *Merge) Scratch() []string {
	return []string{"DROP TABLE IF EXISTS " + s.Quote(own.NewestTable), s.MakeNewest().SQL,
		"DROP TABLE IF EXISTS " + s.Quote(own.GoneTable), s.MakeGone().SQL}
}
