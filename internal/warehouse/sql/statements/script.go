package statements

import (
	"fmt"
	"strings"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// NewScripter makes the Scripter of a dialect.
func NewScripter(d *dialect.Dialect) warehouse.Scripter { return scripter{d} }

type scripter struct{ d *dialect.Dialect }

func (s scripter) Name() string { return s.d.Name }

func (s scripter) Script(o warehouse.Options, t shape.Table, p gone.Policy) string {
	return Script(s.d, o, t, p)
}

func (s scripter) Procedures(o warehouse.Options, ps []warehouse.Procedure) (string, error) {
	if s.d.Clock == "" { // it has no procedures
		return "", nil
	}
	return Procedures(s.d, o, ps)
}

func (s scripter) Ready(o warehouse.Options, ps []warehouse.Procedure) (string, error) {
	return Ready(s.d, o, ps)
}

func (s scripter) Call(o warehouse.Options) string {
	return "CALL " + s.d.Table(o.Staging, allName) + "()"
}

// Script is what a run does to one table, as SQL to read: the tables, then the
// merge of one attempt into rows that are already there. What differs from run
// to run is left as :attempt, :job and :now.
func Script(d *dialect.Dialect, o warehouse.Options, t shape.Table, p gone.Policy) string {
	m := warehouse.Merge{Table: t, Attempt: ":attempt", Policy: p, AbsentReason: gone.Purged}
	s := &Merge{Tables: Tables{Dialect: d, Options: o, Table: t}, Of: m, Now: time.Time{},
		ReadAt: placeholder(":read_at")}
	one := Part{Op: warehouse.Put, Jobs: []string{":job"}}
	for _, c := range t.Columns {
		s.Columns = append(s.Columns, c.Name)
		one.columns = append(one.columns, c.Name)
	}
	var b strings.Builder
	say := func(title string, qs ...dialect.Statement) {
		fmt.Fprintf(&b, "-- %s\n", title)
		for _, q := range qs {
			b.WriteString(inline(q) + ";\n")
		}
		b.WriteString("\n")
	}
	b.WriteString("-- A template, to read: :attempt, :job, :read_at and :now differ from run to run. What can be\n" +
		"-- executed as it stands is printed by: catchment sql --execute-ready\n\n")
	say("Versions as they were read.",
		dialect.Statement{SQL: dialect.CreateTable(d, o.Staging, t, dialect.Layout(t, own.Staging()))})
	say("One row for each key.",
		dialect.Statement{SQL: dialect.CreateTable(d, o.Schema, t, dialect.Layout(t, own.Final()))})
	first := []dialect.Statement{s.InsertPlain(one)}
	if d.Enforces {
		first = append(first, dialect.Statement{SQL: s.AddKey()})
	}
	say("The first reading: its keys are unique, or the statements below do it.", first...)
	say("Each further one: the newest version of a key, if it is newer than the row.",
		append([]dialect.Statement{s.MakeNewest(), s.FillNewest(one)},
			append(statements(s.Changes()), s.ChangeTombstones()...)...)...)
	some := Part{Op: warehouse.Patch, Jobs: []string{":job"}, columns: one.columns}
	say("A patch: some columns of rows that are there.", s.Patch(some))
	if p != gone.Ignore {
		seen := Part{Op: warehouse.Seen, Jobs: []string{":job"}}
		say("A reading of Ids only: what it lacks.", s.MakeGone(), s.FillAbsent(seen))
		say("A complete reading: what it lacks.",
			append([]dialect.Statement{s.MakeGone(), s.FillAbsent(s.Everything())},
				append(s.BuryGone(m.AbsentReason), s.TakeAway(m.AbsentReason))...)...)
	}
	kept := KeptBy(s, []Part{one})
	say("What was kept out, where anything was: the older rows of such records are marked.",
		kept.Unmark(), kept.Purge(), kept.Mark())
	say("Staging without the merged versions.", s.Clear())
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// A placeholder is a parameter of Script that has no value yet.
type placeholder string

// inline writes a statement's parameters into it, so that it can be read.
func inline(q dialect.Statement) string {
	sql := q.SQL
	for i := len(q.Args); i > 0; i-- {
		var text string
		switch v := q.Args[i-1].(type) {
		case placeholder:
			text = string(v)
		case time.Time:
			text = ":now"
		case string:
			text = dialect.Literal(v)
			if strings.HasPrefix(v, ":") {
				text = v
			}
		}
		sql = strings.ReplaceAll(sql, fmt.Sprintf("$%d", i), text)
	}
	return sql
}
