package warehouse

import (
	"fmt"
	"strings"
	"time"
)

// Script is what a run does to one table, as SQL to read: the tables, then the
// merge of one attempt into rows that are already there. What differs from run
// to run is left as :attempt, :job and :now.
func Script(d *Dialect, o Options, t Table, p Policy) string {
	m := Merge{Table: t, Attempt: ":attempt", Policy: p, AbsentReason: Purged}
	s := &mergeSQL{d: d, o: o, m: m, now: time.Time{}, readAt: placeholder(":read_at")}
	one := part{op: Put, jobs: []string{":job"}}
	for _, c := range t.Columns {
		s.columns = append(s.columns, c.Name)
		one.columns = append(one.columns, c.Name)
	}
	var b strings.Builder
	say := func(title string, qs ...statement) {
		fmt.Fprintf(&b, "-- %s\n", title)
		for _, q := range qs {
			b.WriteString(inline(q) + ";\n")
		}
		b.WriteString("\n")
	}
	say("Versions as they were read.", statement{sql: createTable(d, o.Staging, t, layout(t, stagingOwn()))})
	say("One row for each key.", statement{sql: createTable(d, o.Schema, t, layout(t, finalOwn()))})
	first := []statement{s.insertPlain(one)}
	if d.Enforces {
		first = append(first, statement{sql: s.addKey()})
	}
	say("The first reading: its keys are unique, or the statements below do it.", first...)
	say("Each further one: the newest version of a key, if it is newer than the row.",
		append([]statement{s.makeNewest(), s.fillNewest(one)},
			append(statements(s.changes()), s.changeTombstones()...)...)...)
	some := part{op: Patch, jobs: []string{":job"}, columns: one.columns}
	say("A patch: some columns of rows that are there.", s.patch(some))
	if p != Ignore {
		seen := part{op: Seen, jobs: []string{":job"}}
		say("A reading of Ids only: what it lacks.", s.makeGone(), s.fillAbsent(seen))
		say("A complete reading: what it lacks.",
			append([]statement{s.makeGone(), s.fillAbsent(s.everything())},
				append(s.buryGone(m.AbsentReason), s.takeAway(m.AbsentReason))...)...)
	}
	say("Staging without the merged versions.", s.clear())
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// A placeholder is a parameter of Script that has no value yet.
type placeholder string

// inline writes a statement's parameters into it, so that it can be read.
func inline(q statement) string {
	sql := q.sql
	for i := len(q.args); i > 0; i-- {
		var text string
		switch v := q.args[i-1].(type) {
		case placeholder:
			text = string(v)
		case time.Time:
			text = ":now"
		case string:
			text = literal(v)
			if strings.HasPrefix(v, ":") {
				text = v
			}
		}
		sql = strings.ReplaceAll(sql, fmt.Sprintf("$%d", i), text)
	}
	return sql
}
