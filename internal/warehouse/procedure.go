package warehouse

import (
	"context"
	"crypto/md5"
	_ "embed" // the text of the procedures
	"fmt"
	"slices"
	"strings"
	"text/template"

	"catchment/internal/plan"
)

//go:embed procedure.sql
var procedureText string

// A Procedure is the consolidation of one table as a procedure of PostgreSQL.
type Procedure struct {
	Table   Table
	Policy  Policy
	Patched []string // columns that whole records don't carry: patches bring them
}

// Procedures is the SQL that makes CALL consolidated_of_tables(): a procedure
// for each table, made of the same statements that Consolidate executes, and
// the loop around them, which commits table by table.
func Procedures(o Options, ps []Procedure) (string, error) {
	var b strings.Builder
	for _, p := range ps {
		text, err := p.text(o, columnNames(p.Table))
		if err != nil {
			return "", err
		}
		b.WriteString(text + "\n")
	}
	text, err := render("all", map[string]string{
		"Schema": literal(o.Staging), "Prefix": literal(procedurePrefix), "Longest": fmt.Sprint(longestName - len(procedurePrefix)),
		"Name": Postgres().Table(o.Staging, "consolidated_of_tables"),
		"Flow": own(o, tableFlow), "Call": own(o, tableCall), "Page": own(o, tablePage),
	})
	return b.String() + text, err
}

// Install makes the procedures in the warehouse, or makes them anew.
func (w *Warehouse) Install(ctx context.Context, ps []Procedure) error {
	if w.d.Name != Postgres().Name {
		return plan.Fixf("nothing has to be installed there: a run consolidates by itself", "%s has no procedures of ours", w.d.Name)
	}
	ps = slices.Clone(ps)
	for i := range ps { // its columns are called as the runs call them
		var err error
		if ps[i].Table, _, err = w.Adapt(ctx, ps[i].Table); err != nil {
			return err
		}
	}
	err := w.driver.Tx(ctx, func(tx Tx) error {
		for _, p := range ps {
			has, err := storedColumns(ctx, tx, w.o.Schema, p.Table.Name)
			if err != nil {
				return err
			}
			columns := payload(has)
			if len(has) == 0 { // no run has made the table yet
				columns = columnNames(p.Table)
			}
			text, err := p.text(w.o, columns)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		text, err := Procedures(w.o, nil)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, text)
		return err
	})
	if err != nil {
		return fmt.Errorf("install the procedures: %w", err)
	}
	return nil
}

// PostgreSQL cuts longer names off.
const (
	procedurePrefix = "consolidate_"
	longestName     = 63
)

// procedureName is the name of a table's procedure. The loop finds it by the
// same rule.
func procedureName(table string) string {
	if len(table) > longestName-len(procedurePrefix) {
		table = fmt.Sprintf("%x", md5.Sum([]byte(table)))
	}
	return procedurePrefix + table
}

// text writes the procedure for a final table that has these columns.
func (p Procedure) text(o Options, columns []string) (string, error) {
	m := Merge{Table: p.Table, Attempt: ":attempt", Policy: p.Policy, AbsentReason: ":reason"}
	s := &mergeSQL{d: Postgres(), o: o, m: m, columns: columns, readAt: placeholder(":read_at"), called: true}
	all, jobs := columnNames(p.Table), []string{} // which jobs is a variable
	patch, gone, seen := part{op: Patch, columns: all, jobs: jobs}, part{op: Delete, columns: all, jobs: jobs}, part{op: Seen, jobs: jobs}
	put := part{op: Put, columns: slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(p.Patched, name) })}
	over := func(p part) part {
		p.override = true
		return p
	}

	sql := map[string]string{
		"Name":  s.d.Table(o.Staging, procedureName(p.Table.Name)),
		"Table": literal(p.Table.Name), "Policy": literal(string(p.Policy)), "Schema": literal(o.Schema), "Prefix": literal(ownPrefix),
		"Flow": own(o, tableFlow), "Attempt": own(o, tableAttempt), "Page": own(o, tablePage), "Log": own(o, tableLog), "Call": own(o, tableCall),
		"Staging": s.staging(), "Final": s.final(), "Lock": s.lock().sql,
		"Carried": array(put.columns), "All": array(all), "Columns": array(columns), "FewDeletes": fmt.Sprint(fewDeletes),
		"AnyRow": s.anyRow().sql, "AnyTombstone": variables(s.anyTombstone()), "LiveRows": s.liveRows().sql, "AddKey": s.addKey(),
		"SyncedAt": s.q(colSyncedAt), "OwnAttempt": s.q(colAttempt), "WherePut": variables(whereOf(s, put)), "WhereDelete": variables(whereOf(s, gone)), "WherePatch": variables(whereOf(s, patch)), "Patch": "", "PatchOver": "",
		"InsertPlain": variables(s.insertPlain(put)), "BuryPlain": "",
		"MakeNewest": s.makeNewest().sql, "FillNewest": variables(s.fillNewest(put)), "FillNewestOver": variables(s.fillNewest(over(put))),
		"CountNewest": strings.Replace(s.countNewest(), " FROM ", " INTO this_inserts, this_updates, this_deletes, this_known FROM ", 1),
		"Changes":     called(s.changes()), "ChangeTombstones": variables(s.changeTombstones()...),
		"DropNewest": s.drop(tableNewest).sql, "DropGone": s.drop(tableGone).sql,
		"MakeGone": s.makeGone().sql, "FillDeleted": variables(s.fillDeleted(gone)), "FillDeletedOver": variables(s.fillDeleted(over(gone))),
		"FillUnseen": variables(s.fillAbsent(seen)),
		"FillAbsent": variables(s.fillAbsent(put)), "FillAbsentOver": variables(s.fillAbsent(over(put))),
		"BuryGone": variables(s.buryGone(m.AbsentReason)...), "TakeAway": variables(s.takeAway(m.AbsentReason)),
		"AnyOther": variables(s.anyOther()), "Truncate": s.truncate().sql, "Clear": variables(s.clear()),
		"Grows": "", "Ignores": "", "Unique": "",
	}
	switch p.Policy {
	case Remove:
		sql["BuryPlain"], sql["Grows"], sql["Unique"] = variables(s.buryPlain(put)), "yes", variables(s.unique(put))
	case Ignore:
		sql["Ignores"] = "yes"
	}
	if len(s.patched(patch)) > 0 {
		sql["Patch"], sql["PatchOver"] = variables(s.patch(patch)), variables(s.patch(over(patch)))
	}
	return render("one", sql)
}

// called writes changes with what the procedure counts of them.
func called(cs []change) string {
	var b strings.Builder
	for _, c := range cs {
		b.WriteString(variables(c.statement) + ";\nGET DIAGNOSTICS n = ROW_COUNT;\n")
		if c.grows != 0 {
			fmt.Fprintf(&b, "this_grown := this_grown + (%d) * n;\n", c.grows)
		}
		if c.stamps {
			b.WriteString("this_written := this_written + n;\n")
		}
		if c.replaces {
			b.WriteString("this_known := this_known - n;\n")
		}
	}
	return b.String()
}

// whereOf is a part's condition as a statement.
func whereOf(s *mergeSQL, p part) statement {
	b := s.binds()
	return statement{s.where(p, b), b.args}
}

// variables writes statements with the variables of the procedure in them.
func variables(qs ...statement) string {
	texts := make([]string, len(qs))
	for i, q := range qs {
		texts[i] = strings.NewReplacer(":attempt", "this_attempt", ":reason", "this_reason", ":read_at", "this_read_at", ":now", "this_now").
			Replace(inline(q))
	}
	return strings.Join(texts, ";\n")
}

func render(name string, data map[string]string) (string, error) {
	t, err := template.New("procedure").Option("missingkey=error").Parse(procedureText)
	if err != nil {
		return "", fmt.Errorf("text of the procedures: %w", err)
	}
	var b strings.Builder
	if err := t.ExecuteTemplate(&b, name, data); err != nil {
		return "", fmt.Errorf("text of the procedures: %w", err)
	}
	return b.String(), nil
}

func columnNames(t Table) []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// array writes names as an array of texts, in order.
func array(names []string) string {
	var texts []string
	for _, n := range slices.Sorted(slices.Values(names)) {
		texts = append(texts, literal(n))
	}
	return "ARRAY[" + strings.Join(texts, ", ") + "]::TEXT[]"
}

func own(o Options, table string) string { return Postgres().Table(o.Staging, table) }
