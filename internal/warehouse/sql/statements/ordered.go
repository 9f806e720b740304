package statements

import (
	"fmt"
	"slices"

	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// An Order is that of the records of a reading. Where a warehouse can, all of them are compared in the order of their
// keys: an index of the reading proves that each is there once, and both sides are read in that order. To hash
// them would write both to disk as well, and more often.
type Order struct {
	*Tables
	Reading string
}

// has tells whether there is an order: where the key is one text, and an index can be made and taken back in the
// transaction that compares.
func (s Order) has() bool {
	d := s.Dialect
	return d.Unique != "" && d.TransactionalDDL && d.Savepoints && len(s.Table.Key) == 1 &&
		slices.ContainsFunc(s.Table.Columns, func(c shape.Column) bool {
			return c.Name == s.Table.Key[0] && c.Kind == shape.Text
		})
}

// index is the name of the reading's index. No table of an org has a blank in its name.
func (s Order) index() string {
	return shape.Shorten(s.Dialect.LongestName, own.ReadingTable+s.Table.Name+" key", s.Table.Name)
}

// Index makes an index of the reading's keys, which fails where one is there twice; none where they have no order.
func (s Order) Index() []dialect.Statement {
	if !s.has() {
		return nil
	}
	key := s.Quote(s.Table.Key[0])
	return []dialect.Statement{
		{SQL: dialect.Fill(s.Dialect.Unique, dialect.Holes{
			"index": s.Quote(s.index()), "table": s.Reading, "key": key + s.Dialect.Bytewise,
		})},
		{SQL: "ANALYZE " + s.Reading + " (" + key + ")"}, // so that it is known how they lie on disk
	}
}

// DropIndex drops that index, if there is one.
func (s Order) DropIndex() []dialect.Statement {
	if !s.has() {
		return nil
	}
	return []dialect.Statement{{SQL: "DROP INDEX IF EXISTS " + s.Dialect.Table(s.Options.Staging, s.index())}}
}

// joins has statements join all records in their order. Those that were asked for are few.
func (s Order) joins(statements []dialect.Statement, asked bool) []dialect.Statement {
	if asked || !s.has() {
		return statements
	}
	all := append([]dialect.Statement{{SQL: s.Dialect.Ordered}}, statements...)
	return append(all, dialect.Statement{SQL: s.Dialect.Unordered})
}

// pairs joins a record of the reading, s, with its row, f. All of them are joined by the bytes of their keys: the rules
// of a language would take longer to put them in order, and only they find a few of them by the key of the table.
func (s Order) pairs(asked bool) string {
	if asked || !s.has() {
		return s.SameKey("s", "f")
	}
	key := s.Table.Key[0]
	return s.Col("s", key) + s.Dialect.Bytewise + " = " + s.Col("f", key) + s.Dialect.Bytewise
}

// A Stretch is the records of a comparison from one key on and before another, in the order of their bytes; "" is no
// bound.
type Stretch struct{ From, Before string }

// Stretches cuts all keys at some of them, which are in order.
func Stretches(at []string) []Stretch {
	all := []Stretch{{}}
	for _, key := range at {
		if last := &all[len(all)-1]; key > last.From {
			last.Before = key
			all = append(all, Stretch{From: key})
		}
	}
	return all
}

// Named has the records of a reading be those that are asked for: no row of another one is looked at then, and an
// index finds theirs.
func Named(asked, key, reading string) []dialect.Statement {
	return []dialect.Statement{
		{SQL: "DELETE FROM " + asked},
		{SQL: fmt.Sprintf("INSERT INTO %s SELECT DISTINCT %s FROM %s s", asked, key, reading)},
	}
}
