package warehouse

import (
	"context"
	"crypto/md5"
	_ "embed" // the text of the procedures
	"fmt"
	"slices"
	"strings"
	"text/template"
)

//go:embed procedure.sql
var procedureText string

// A Procedure is the consolidation of one table as a procedure.
type Procedure struct {
	Table   Table
	Policy  Policy
	Patched []string // columns that whole records don't carry: patches bring them
}

// ProcedureScript is the SQL that makes CALL consolidated_of_tables(): a procedure
// for each table, made of the same statements that Consolidate executes, and
// the loop around them, which commits table by table. The loops go by counters:
// Redshift has no cursor inside a cursor, and none past a COMMIT.
func ProcedureScript(d *Dialect, o Options, ps []Procedure) (string, error) {
	var b strings.Builder
	for _, p := range ps {
		text, err := p.text(d, o, columnNames(p.Table))
		if err != nil {
			return "", err
		}
		b.WriteString(text + "\n")
	}
	text, err := render("all", map[string]string{
		"Schema": literal(o.Staging), "Prefix": literal(procedurePrefix),
		"Longest": fmt.Sprint(d.LongestName - len(procedurePrefix)),
		"Name":    d.Table(o.Staging, "consolidated_of_tables"), "Dialect": d.Name, "Text": d.Type(Text, 0),
		"Clock": d.Clock, "LockFirst": yes(d.LockFirst),
		"Flow": d.Table(o.Staging, tableFlow), "Call": d.Table(o.Staging, tableCall),
		"Page": d.Table(o.Staging, tablePage),
	})
	return b.String() + text, err
}

// yes is a condition of a template.
func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}

// Install makes the procedures in the warehouse, or makes them anew.
func (w *Procedural) Install(ctx context.Context, ps []Procedure) error {
	ps = slices.Clone(ps)
	for i := range ps { // its columns are called as the runs call them
		var err error
		if ps[i].Table, _, err = w.shapes.Adapt(ctx, ps[i].Table); err != nil {
			return err
		}
	}
	err := w.tx(ctx, func(tx Tx) error {
		for _, p := range ps {
			if err := w.install(ctx, tx, p); err != nil {
				return err
			}
		}
		text, err := ProcedureScript(w.d, w.o, nil)
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

// install makes the procedure of one table.
func (w *Procedural) install(ctx context.Context, tx Tx, p Procedure) error {
	has, err := storedColumns(ctx, tx, w.o.Schema, p.Table.Name)
	if err != nil {
		return err
	}
	columns := payload(has)
	if len(has) == 0 { // no run has made the table yet
		columns = columnNames(p.Table)
	}
	text, err := p.text(w.d, w.o, columns)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, text)
	return err
}

const procedurePrefix = "consolidate_"

// procedureName is the name of a table's procedure. The loop finds it by the
// same rule.
func procedureName(d *Dialect, table string) string {
	if len(table) > d.LongestName-len(procedurePrefix) {
		table = fmt.Sprintf("%x", md5.Sum([]byte(table)))
	}
	return procedurePrefix + table
}

// text writes the procedure for a final table that has these columns.
func (p Procedure) text(d *Dialect, o Options, columns []string) (string, error) {
	m := Merge{Table: p.Table, Attempt: ":attempt", Policy: p.Policy, AbsentReason: ":reason"}
	s := &mergeSQL{d: d, o: o, m: m, columns: columns, readAt: placeholder(":read_at"), called: true}
	all, page := columnNames(p.Table), d.Table(o.Staging, tablePage)
	// Rows that no job loaded have no job.
	jobs := func(op Op, also string) string {
		return fill("IN (SELECT '' UNION ALL SELECT job FROM {page} WHERE attempt = this_attempt AND op = {op} AND "+
			"coalesce(nullif(reason, ''), this_one.absent_reason) = this_reason{also})", holes{
			"page": page, "op": literal(string(op)), "also": also,
		})
	}
	patch := part{op: Patch, columns: all, among: "= this_job"}
	deletes := part{op: Delete, columns: all,
		among: jobs(Delete, " AND (coalesce(override, false) OR this_one.override) = this_mixed")}
	seen := part{op: Seen, among: jobs(Seen, "")}
	put := part{op: Put, columns: slices.DeleteFunc(slices.Clone(all), func(name string) bool {
		return slices.Contains(p.Patched, name)
	})}

	sql := map[string]string{
		"Name": d.Table(o.Staging, procedureName(d, p.Table.Name)), "Dialect": d.Name, "Text": d.Type(Text, 0),
		"Clock": d.Clock,
		"Table": literal(p.Table.Name), "Policy": literal(string(p.Policy)), "Schema": literal(o.Schema),
		"Prefix": literal(ownPrefix), "PrefixLength": fmt.Sprint(len(ownPrefix)),
		"Flow": d.Table(o.Staging, tableFlow), "Attempt": d.Table(o.Staging, tableAttempt), "Page": page,
		"Log": d.Table(o.Staging, tableLog), "Call": d.Table(o.Staging, tableCall),
		"Staging": s.staging(), "Final": s.final(), "Lock": s.lock().sql, "LockFirst": "",
		"Carried": literal(canonical(put.columns)), "Known": known(all), "Columns": literals(columns),
		"CountColumns": fmt.Sprint(len(columns)),
		"FewDeletes":   fmt.Sprint(fewDeletes), "Purged": literal(string(Purged)),
		"Special": literalsOf(Reasons(), ReasonTraits.special),
		"AnyRow":  into("this_count", s.anyRow()), "AnyTombstone": into("this_count", s.anyTombstone()),
		"LiveRows": into("this_count", s.liveRows()), "SyncedAt": s.q(colSyncedAt), "OwnAttempt": s.q(colAttempt),
		"WherePut": variables(whereOf(s, put)), "WhereDelete": variables(whereOf(s, deletes)),
		"WherePatch":  variables(whereOf(s, patch)),
		"InsertPlain": variables(s.insertPlain(put)), "BuryPlain": "", "Patch": "", "PatchOver": "",
		"MakeNewest": s.makeNewest().sql, "FillNewest": variables(s.fillNewest(put)),
		"FillNewestOver": variables(s.fillNewest(put.over())),
		"CountNewest":    into("this_inserts, this_updates, this_deletes, this_known", statement{sql: s.countNewest()}),
		"Changes":        called(s.changes()), "ChangeTombstones": variables(s.changeTombstones()...),
		"DropNewest": s.drop(tableNewest).sql, "DropGone": s.drop(tableGone).sql,
		"MakeGone": s.makeGone().sql, "FillDeleted": variables(s.fillDeleted(deletes)),
		"FillDeletedOver": variables(s.fillDeleted(deletes.over())),
		"FillUnseen":      variables(s.fillAbsent(seen)),
		"FillAbsent":      variables(s.fillAbsent(put)), "FillAbsentOver": variables(s.fillAbsent(put.over())),
		"BuryGone": variables(s.buryGone(m.AbsentReason)...), "TakeAway": variables(s.takeAway(m.AbsentReason)),
		"AnyOther": into("this_count", s.anyOther()), "Truncate": "", "Clear": variables(s.clear()),
		"AddKey": "", "Grows": yes(p.Policy == Remove), "Ignores": yes(p.Policy == Ignore), "Unique": "",
	}
	p.choose(sql, d, s, put, patch)
	return render("one", sql)
}

// choose fills in what depends on the dialect and the policy.
func (p Procedure) choose(sql map[string]string, d *Dialect, s *mergeSQL, put, patch part) {
	if d.Locks { // nobody adds a version between the look and the act
		sql["Truncate"] = s.truncate().sql
	}
	if d.LockFirst {
		sql["LockFirst"] = "LOCK TABLE " + s.final() + ", " + s.staging()
	}
	if d.Enforces {
		sql["AddKey"] = s.addKey()
	}
	if p.Policy == Remove {
		sql["BuryPlain"] = variables(s.buryPlain(put))
	}
	if p.Policy == Remove || !d.Savepoints { // else the keys are tried instead of counted
		sql["Unique"] = into("this_plain", s.unique(put))
	}
	if len(s.patched(patch)) > 0 {
		sql["Patch"], sql["PatchOver"] = variables(s.patch(patch)), variables(s.patch(patch.over()))
	}
}

// into writes a query whose answer goes into variables.
func into(names string, q statement) string {
	return strings.Replace(variables(q), " FROM ", " INTO "+names+" FROM ", 1)
}

// holds tells, as SQL, whether a list of names joined by commas holds one.
func holds(list, name string) string {
	return fmt.Sprintf("strpos(',' || %s || ',', %s) > 0", list, literal(","+name+","))
}

// known counts, as SQL, how many of the names a page's columns hold.
func known(names []string) string {
	counts := make([]string, len(names))
	for i, name := range names {
		counts[i] = "CASE WHEN " + holds("columns", name) + " THEN 1 ELSE 0 END"
	}
	return "(" + strings.Join(counts, " + ") + ")"
}

// canonical is a set of names as the ledger has it.
func canonical(names []string) string {
	return strings.Join(slices.Sorted(slices.Values(names)), ",")
}

func literals(names []string) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = literal(n)
	}
	return strings.Join(texts, ", ")
}

// called writes changes with what the procedure counts of them.
func called(cs []change) string {
	var b strings.Builder
	for _, c := range cs {
		b.WriteString(variables(c.statement) + ";\nGET DIAGNOSTICS this_count := ROW_COUNT;\n")
		if c.grows != 0 {
			fmt.Fprintf(&b, "this_grown := this_grown + (%d) * this_count;\n", c.grows)
		}
		if c.stamps {
			b.WriteString("this_written := this_written + this_count;\n")
		}
		if c.replaces {
			b.WriteString("this_known := this_known - this_count;\n")
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
		texts[i] = strings.NewReplacer(":attempt", "this_attempt", ":reason", "this_reason", ":read_at", "this_read_at",
			":now", "this_now").
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
