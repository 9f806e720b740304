package streams

import (
	"fmt"
	"strconv"
	"strings"

	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
	"catchment/internal/warehouse/streamed"
)

// In the statements below e is what events say of a record, f its row, t a tombstone. The columns of e are record_key,
// act, stamp, sets, which has a 1 for each column that the record sets and a 0 for the others, and v0, v1 and so
// on: the texts of the columns.

func (w *writing) delta() string { return w.Quote(deltaTable) }

// makeDelta makes the temporary table of what events say.
func (w *writing) makeDelta() string {
	text := w.Dialect.Type(shape.Text, 0)
	columns := []string{"record_key " + text, "act " + text, "stamp " + w.Dialect.Type(shape.Timestamp, 0),
		"sets " + text}
	for i := range w.columns {
		columns = append(columns, fmt.Sprintf("v%d %s", i, text))
	}
	return "CREATE TEMP TABLE " + w.delta() + " (" + strings.Join(columns, ", ") + ")"
}

// parametersAtMost are those of one INSERT.
const parametersAtMost = 20_000

// fillDelta fills it.
func (w *writing) fillDelta() []dialect.Statement {
	var all []dialect.Statement
	width := 4 + len(w.columns)
	atOnce := max(1, parametersAtMost/width)
	for rest := w.rows; len(rest) > 0; {
		some := rest[:min(len(rest), atOnce)]
		rest = rest[len(some):]
		var q dialect.Statement
		tuples := make([]string, len(some))
		for i, r := range some {
			tuples[i] = w.tuple(&q, r)
		}
		q.SQL = "INSERT INTO " + w.delta() + " VALUES " + strings.Join(tuples, ", ")
		all = append(all, q)
	}
	return all
}

// tuple adds the parameters of a row.
func (w *writing) tuple(q *dialect.Statement, r streamed.Row) string {
	values := map[string]*string{}
	for i, name := range r.Columns {
		values[name] = r.Values[i]
	}
	sets := make([]byte, len(w.columns))
	args := []any{r.ID, string(r.Act), dialect.Stamp(r.At), ""}
	for i, name := range w.columns {
		value, set := values[name]
		sets[i] = '0'
		if set {
			sets[i] = '1'
		}
		if value == nil {
			args = append(args, nil)
		} else {
			args = append(args, *value)
		}
	}
	args[3] = string(sets)
	places := make([]string, len(args))
	for i := range args {
		places[i] = fmt.Sprintf("$%d", len(q.Args)+i+1)
	}
	q.Args = append(q.Args, args...)
	return "(" + strings.Join(places, ", ") + ")"
}

// takes tells whether the table has room for what a row sets.
func (w *writing) takes(r streamed.Row) bool {
	for i, name := range r.Columns {
		column, known := w.Table.Named(name)
		stored, there := dialect.Find(w.has, name)
		if !known || !there || stored.Apart || !w.Dialect.Fits(stored, column.Kind) {
			return false
		}
		if v := r.Values[i]; v != nil && !w.roomFor(*v, stored, column.Kind) {
			return false
		}
	}
	return true
}

// roomFor tells whether a column has room for a number as it is: a cast would round it, or fail.
func (w *writing) roomFor(text string, stored dialect.Stored, kind shape.Kind) bool {
	switch {
	case w.Dialect.IsText(stored.Type):
		return true
	case strings.EqualFold(stored.Type, w.Dialect.Of(shape.Int).Stored):
		_, err := strconv.ParseInt(text, 10, 32)
		return err == nil
	case kind.Whole():
		_, err := strconv.ParseInt(text, 10, 64)
		return err == nil
	case kind == shape.Decimal && w.Dialect.Digits > 0:
		whole, fraction, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
		return !strings.ContainsAny(text, "eE") && len(fraction) <= stored.Scale &&
			len(whole) <= w.Dialect.Digits-stored.Scale
	}
	return true
}

// live is the condition that a row of f takes what events say: one that is gone, or older than a version that was
// rejected, or is about to leave Salesforce, has its record read.
func (w *writing) live() string {
	live := w.Col("f", own.DeletedAt) + " IS NULL"
	if w.rejects {
		live += " AND " + w.Col("f", own.RejectedAt) + " IS NULL"
	}
	return "(" + live + " AND " + w.Stays("f") + ")"
}

// late is the condition that the row of f isn't of a later version.
func (w *writing) late() string {
	return fmt.Sprintf("(%s IS NULL OR e.stamp >= %s)", w.Col("f", own.At), w.Col("f", own.At))
}

// same joins an event with its row.
func (w *writing) same() string { return w.Col("f", w.Table.Key[0]) + " = e.record_key" }

func acts(as ...streamed.Act) string {
	names := make([]string, len(as))
	for i, a := range as {
		names[i] = string(a)
	}
	return "e.act IN (" + dialect.Literals(names) + ")"
}

// dirty notes what has to be read.
func (w *writing) dirty() dialect.Statement {
	b := w.Binds()
	table, now := b.Text(w.Table.Name), b.Value(w.now, shape.Timestamp)
	comesBack := acts(streamed.Set, streamed.Make)
	if w.d.Policy == gone.Remove {
		comesBack = acts(streamed.Set, streamed.Make, streamed.Gone)
	}
	return b.Statement(dialect.Fill(`INSERT INTO {dirt} (table_name, record_key, since)
SELECT {table}, e.record_key, {now}
FROM {delta} e
LEFT JOIN {final} f ON {same}
WHERE ({read}
		OR {set} AND {row} IS NULL
		OR {make} AND {row} IS NULL AND {buried}
		OR {comes_back} AND {row} IS NOT NULL AND {late} AND {not_written})
	AND NOT EXISTS (SELECT 1 FROM {dirt} d WHERE d.table_name = {table} AND d.record_key = e.record_key)`,
		dialect.Holes{
			"dirt": w.stream.dirt(), "table": table, "now": now, "delta": w.delta(), "final": w.Rows(),
			"same": w.same(),
			"read": acts(streamed.Read), "set": acts(streamed.Set), "make": acts(streamed.Make),
			"row": w.Col("f", w.Table.Key[0]), "buried": w.buried(), "comes_back": comesBack, "late": w.late(),
			"not_written": w.notWritten(),
		}))
}

// notWritten is the condition that none of the statements below takes the row of f.
func (w *writing) notWritten() string {
	if w.d.Policy == gone.Remove {
		return "(" + acts(streamed.Gone) + " OR NOT " + w.live() + ")"
	}
	return "NOT " + w.live()
}

// buried is the condition that a record has a tombstone.
func (w *writing) buried() string {
	return fmt.Sprintf("EXISTS (SELECT 1 FROM %s t WHERE t.table_name = %s AND t.record_key = e.record_key)", w.Tombs(),
		dialect.Literal(w.Table.Name))
}

// typed is the text of a column as its type.
func (w *writing) typed(i int, name string) string {
	text := fmt.Sprintf("e.v%d", i)
	column, _ := w.Table.Named(name)
	stored, _ := dialect.Find(w.has, name)
	if w.Dialect.IsText(stored.Type) {
		return text
	}
	return "CAST(" + text + " AS " + w.Dialect.StoredType(stored, column.Kind) + ")"
}

// update sets the columns of rows, each row its own.
func (w *writing) update() dialect.Statement {
	b := w.Binds()
	now := b.Value(w.now, shape.Timestamp)
	set := []string{w.Quote(own.SyncedAt) + " = " + now, w.Quote(statements.EventAt) + " = " + now}
	for i, name := range w.columns {
		if name == w.Table.Key[0] {
			continue
		}
		sets := "substr(e.sets, " + strconv.Itoa(i+1) + ", 1) = '1'"
		set = append(set, dialect.Fill("{column} = CASE WHEN {sets} THEN {value} ELSE {old} END", dialect.Holes{
			"column": w.Quote(name), "sets": sets, "value": w.typed(i, name), "old": w.Col("f", name)}))
	}
	return b.Statement(dialect.Fill(`UPDATE {final} AS f
SET {set}
FROM {delta} e
WHERE {same} AND {acts}
	AND {late}
	AND {live}`, dialect.Holes{
		"final": w.Rows(), "set": strings.Join(set, ",\n\t"), "delta": w.delta(), "same": w.same(),
		"acts": acts(streamed.Set, streamed.Make), "late": w.late(), "live": w.live(),
	}))
}

// flag flags the rows of deleted records.
func (w *writing) flag() dialect.Statement {
	b := w.Binds()
	now := b.Value(w.now, shape.Timestamp)
	set := []string{w.Quote(own.SyncedAt) + " = " + now, w.Quote(statements.EventAt) + " = " + now,
		w.Quote(own.DeletedAt) + " = e.stamp", w.Quote(own.DeleteReason) + " = " + dialect.Literal(string(gone.Soft))}
	if w.isDeleted != "" {
		set = append(set, w.Quote(w.isDeleted)+" = true")
	}
	return b.Statement(dialect.Fill(`UPDATE {final} AS f
SET {set}
FROM {delta} e
WHERE {same} AND {acts}
	AND {late}
	AND {live}`, dialect.Holes{
		"final": w.Rows(), "set": strings.Join(set, ",\n\t"), "delta": w.delta(), "same": w.same(),
		"acts": acts(streamed.Gone), "late": w.late(), "live": w.live(),
	}))
}

// insert gives new records their rows. They have no stamp: any whole version is newer.
func (w *writing) insert() dialect.Statement {
	b := w.Binds()
	now := b.Value(w.now, shape.Timestamp)
	names := []string{w.Table.Key[0], own.SyncedAt, statements.EventAt}
	values := []string{"e.record_key", now, now}
	for i, name := range w.columns {
		if name != w.Table.Key[0] && name != w.isDeleted {
			names, values = append(names, name), append(values, w.typed(i, name))
		}
	}
	if w.isDeleted != "" {
		names, values = append(names, w.isDeleted), append(values, "false")
	}
	return b.Statement(dialect.Fill(`INSERT INTO {final} ({names})
SELECT {values}
FROM {delta} e
WHERE {acts} AND NOT {buried}
	AND NOT EXISTS (SELECT 1 FROM {final} f WHERE {same})`, dialect.Holes{
		"final": w.Rows(), "names": w.Dialect.List("", names), "values": strings.Join(values, ", "), "delta": w.delta(),
		"acts": acts(streamed.Make), "buried": w.buried(), "same": w.same(),
	}))
}
