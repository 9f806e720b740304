package statements

import (
	"crypto/md5" // #nosec G501 -- see ProcedureName
	_ "embed"    // the text of the procedures
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

//go:embed procedure.sql
var procedureText string

// Procedures is the SQL that makes CALL consolidated_of_tables(): a procedure
// for each table, made of the same statements that Consolidate executes, and
// the loop around them, which commits table by table. The loops go by counters:
// not every warehouse has a cursor inside a cursor, or one past a COMMIT.
func Procedures(d *dialect.Dialect, o warehouse.Options, ps []warehouse.Procedure) (string, error) {
	var b strings.Builder
	for _, p := range ps {
		has := make([]dialect.Stored, len(p.Table.Columns))
		for i, c := range p.Table.Columns {
			has[i].Name = c.Name
		}
		text, err := Procedure(p, d, o, has, true)
		if err != nil {
			return "", err
		}
		b.WriteString(text + "\n")
	}
	text, err := render("all", map[string]string{
		"Schema": dialect.Literal(o.Staging), "Prefix": dialect.Literal(procedurePrefix),
		"Longest": fmt.Sprint(d.LongestName - len(procedurePrefix)),
		"Name":    d.Table(o.Staging, allName), "All": dialect.Literal(allName), "Dialect": d.Name, "Text": text(d),
		"Clock": d.Clock, "Path": d.Path, "LockFirst": yes(d.LockFirst),
		"Flow": d.Table(o.Staging, own.FlowTable), "Call": d.Table(o.Staging, own.CallTable),
		"Page": d.Table(o.Staging, own.PageTable),
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

const (
	procedurePrefix = "consolidate_"
	allName         = "consolidated_of_tables"
)

// text is the type of a text variable. The path of whoever calls has no say in it: types are
// looked up before the first statement.
func text(d *dialect.Dialect) string {
	if d.Path != "" {
		return "pg_catalog." + d.Type(shape.Text, 0)
	}
	return d.Type(shape.Text, 0)
}

// ProcedureName is the name of a table's procedure. The loop finds it by the
// same rule: md5 is a function of every warehouse, and keeps no secret here.
func ProcedureName(d *dialect.Dialect, table string) string {
	if len(table) > d.LongestName-len(procedurePrefix) {
		table = fmt.Sprintf("%x", md5.Sum([]byte(table))) // #nosec G401 -- as above
	}
	return procedurePrefix + table
}

// Procedure writes the procedure for a final table that has these columns, and that of
// what was rejected or not.
func Procedure(
	p warehouse.Procedure, d *dialect.Dialect, o warehouse.Options, has []dialect.Stored, marked bool,
) (string, error) {
	columns := dialect.Payload(has)
	m := warehouse.Merge{Table: p.Table, Attempt: ":attempt", Policy: p.Policy, AbsentReason: ":reason"}
	tables := Tables{Dialect: d, Options: o, Table: p.Table, Apart: dialect.Apart(has)}
	s := &Merge{Tables: tables, Of: m, Columns: dialect.InRows(has), ReadAt: placeholder(":read_at"), called: true,
		Unmarked: !marked}
	all, page := shape.ColumnNames(p.Table), d.Table(o.Staging, own.PageTable)
	// Rows that no job loaded have no job.
	jobs := func(op warehouse.Op, also string) string {
		return dialect.Fill("IN (SELECT '' UNION ALL SELECT job FROM {page} WHERE attempt = this_attempt AND op = "+
			"{op} AND coalesce(nullif(reason, ''), this_one.absent_reason) = this_reason{also})", dialect.Holes{
			"page": page, "op": dialect.Literal(string(op)), "also": also,
		})
	}
	patch := Part{Op: warehouse.Patch, columns: all, among: "= this_job"}
	deletes := Part{Op: warehouse.Delete, columns: all,
		among: jobs(warehouse.Delete, " AND (coalesce(override, false) OR this_one.override) = this_mixed")}
	seen := Part{Op: warehouse.Seen, among: jobs(warehouse.Seen, "")}
	put := Part{Op: warehouse.Put, columns: slices.DeleteFunc(slices.Clone(all), func(name string) bool {
		return slices.Contains(p.Patched, name)
	})}

	sql := map[string]string{
		"Staging": s.Staging(), "Final": s.Rows(), "FinalText": dialect.Literal(s.Rows()),
		"Gather": variables(s.Gather()...),
		"Lock":   s.Lock().SQL, "LockFirst": "",
		"Carried": dialect.Literal(Canonical(put.columns)), "Known": known(all), "Columns": dialect.Literals(columns),
		"CountColumns": fmt.Sprint(len(columns)),
		"FewDeletes":   fmt.Sprint(FewDeletes), "Purged": dialect.Literal(string(gone.Purged)),
		"Special": literalsOf(gone.Reasons(), special),
		"AnyRow":  into("this_count", s.AnyRow()), "AnyTombstone": into("this_count", s.AnyTombstone()),
		"LiveRows": into("this_count", s.LiveRows()), "SyncedAt": s.Quote(own.SyncedAt),
		"OwnAttempt": s.Quote(own.Attempt),
		"WherePut":   variables(whereOf(s, put)), "WhereDelete": variables(whereOf(s, deletes)),
		"WherePatch":  variables(whereOf(s, patch)),
		"InsertPlain": variables(s.InsertPlain(put)), "BuryPlain": "", "Patch": "", "PatchOver": "",
		"MakeNewest": s.MakeNewest().SQL, "FillNewest": variables(s.FillNewest(put)),
		"FillNewestOver": variables(s.FillNewest(put.over())),
		"CountNewest": into("this_inserts, this_updates, this_deletes, this_known",
			dialect.Statement{SQL: s.CountNewest()}),
		"Changes": called(s.Changes()), "ChangeTombstones": variables(s.ChangeTombstones()...),
		"DropNewest": s.drop(own.NewestTable).SQL, "DropGone": s.drop(own.GoneTable).SQL,
		"MakeGone": s.MakeGone().SQL, "FillDeleted": variables(s.FillDeleted(deletes)),
		"FillDeletedOver": variables(s.FillDeleted(deletes.over())),
		"FillUnseen":      variables(s.FillAbsent(seen)),
		"FillAbsent":      variables(s.FillAbsent(put)), "FillAbsentOver": variables(s.FillAbsent(put.over())),
		"BuryGone": variables(s.BuryGone(m.AbsentReason)...), "TakeAway": variables(s.TakeAway(m.AbsentReason)),
		"AnyOther": into("this_count", s.AnyOther()), "Truncate": "", "Clear": variables(s.Clear()),
		"AddKey": "", "Views": "", "Grows": yes(p.Policy == gone.Remove),
		"Ignores": yes(p.Policy == gone.Ignore), "Unique": "",
	}
	nameAll(sql, p, d, o)
	keepOut(sql, s)
	choose(p, sql, s, put, patch)
	return render("one", sql)
}

// nameAll fills in names.
func nameAll(sql map[string]string, p warehouse.Procedure, d *dialect.Dialect, o warehouse.Options) {
	maps.Copy(sql, map[string]string{
		"Name": d.Table(o.Staging, ProcedureName(d, p.Table.Name)), "Dialect": d.Name, "Text": d.Type(shape.Text, 0),
		"Clock": d.Clock, "Table": dialect.Literal(p.Table.Name), "Policy": dialect.Literal(string(p.Policy)),
		"Schema": dialect.Literal(o.Schema), "Prefix": dialect.Literal(shape.OwnPrefix),
		"PrefixLength": fmt.Sprint(len(shape.OwnPrefix)), "Flow": d.Table(o.Staging, own.FlowTable),
		"Path": d.Path, "Attempt": d.Table(o.Staging, own.AttemptTable), "Page": d.Table(o.Staging, own.PageTable),
		"Log": d.Table(o.Staging, own.LogTable), "Call": d.Table(o.Staging, own.CallTable),
	})
}

// keepOut fills in what says what is kept out.
func keepOut(sql map[string]string, s *Merge) {
	kept := KeptBy(s, nil)
	sql["AnyKept"], sql["Purge"] = into("this_count", kept.Any()), variables(kept.Purge())
	sql["Unmark"], sql["Mark"] = "", ""
	if !s.Unmarked {
		sql["Unmark"], sql["Mark"] = variables(kept.Unmark()), variables(kept.Mark())
	}
}

// Outdated is the procedure of a table that has changed since: it says what to do.
func Outdated(d *dialect.Dialect, o warehouse.Options, table string) (string, error) {
	return render("outdated", map[string]string{
		"Name": d.Table(o.Staging, ProcedureName(d, table)), "Dialect": d.Name,
	})
}

// choose fills in what depends on the dialect and the policy.
func choose(p warehouse.Procedure, sql map[string]string, s *Merge, put, patch Part) {
	if s.Dialect.Locks { // nobody adds a version between the look and the act
		sql["Truncate"] = s.Truncate().SQL
	}
	if s.Dialect.LockFirst {
		sql["LockFirst"] = "LOCK TABLE " + s.Final() + ", " + s.Staging()
	}
	if s.Dialect.Overflow != nil { // the table may have got one, or have lost it
		sql["Views"] = fmt.Sprint(min(len(s.Apart), 1))
	}
	if s.Dialect.Enforces {
		sql["AddKey"] = s.AddKey()
	}
	if p.Policy == gone.Remove {
		sql["BuryPlain"] = variables(s.BuryPlain(put))
	}
	if p.Policy == gone.Remove || !s.Dialect.Savepoints { // else the keys are tried instead of counted
		sql["Unique"] = into("this_plain", s.unique(put))
	}
	if len(s.Patched(patch)) > 0 {
		sql["Patch"], sql["PatchOver"] = variables(s.Patch(patch)), variables(s.Patch(patch.over()))
	}
}

// into writes a query whose answer goes into variables.
func into(names string, q dialect.Statement) string {
	return strings.Replace(variables(q), " FROM ", " INTO "+names+" FROM ", 1)
}

// holds tells, as SQL, whether a list of names joined by commas holds one.
func holds(list, name string) string {
	return fmt.Sprintf("strpos(',' || %s || ',', %s) > 0", list, dialect.Literal(","+name+","))
}

// known counts, as SQL, how many of the names a page's columns hold.
func known(names []string) string {
	counts := make([]string, len(names))
	for i, name := range names {
		counts[i] = "CASE WHEN " + holds("columns", name) + " THEN 1 ELSE 0 END"
	}
	return "(" + strings.Join(counts, " + ") + ")"
}

// Canonical is a set of names as the ledger has it.
func Canonical(names []string) string {
	return strings.Join(slices.Sorted(slices.Values(names)), ",")
}

// called writes changes with what the procedure counts of them.
func called(cs []Change) string {
	var b strings.Builder
	for _, c := range cs {
		b.WriteString(variables(c.Statement) + ";\nGET DIAGNOSTICS this_count := ROW_COUNT;\n")
		if c.Grows != 0 {
			fmt.Fprintf(&b, "this_grown := this_grown + (%d) * this_count;\n", c.Grows)
		}
		if c.Stamps {
			b.WriteString("this_written := this_written + this_count;\n")
		}
		if c.Replaces {
			b.WriteString("this_known := this_known - this_count;\n")
		}
	}
	return b.String()
}

// whereOf is a part's condition as a statement.
func whereOf(s *Merge, p Part) dialect.Statement {
	b := s.Binds()
	return b.Statement(s.where(p, b))
}

// variables writes statements with the variables of the procedure in them.
func variables(qs ...dialect.Statement) string {
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
