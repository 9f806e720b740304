package readers

import (
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/shape"
)

// View is a view of the live rows of one table.
func (r *Reader) View(o warehouse.Options, p warehouse.Procedure) (string, error) {
	e, n := r.engine, r.names(o)
	w := e.ways[r.lake.catalog](n)
	if err := e.takes(p.Table); err != nil {
		return "", err
	}
	var selected []string
	said := map[string][]string{}
	for _, c := range live(p.Table) {
		why, lacks := e.lacks[c.Kind]
		if lacks {
			said[why] = append(said[why], c.Name)
			continue
		}
		if e.longest > 0 && c.Kind == shape.Text && (c.Length == 0 || 4*c.Length > e.longest) { // 0 is any length
			said[cut] = append(said[cut], c.Name)
		}
		selected = append(selected, e.column(e, c))
	}
	var b strings.Builder
	b.WriteString(commented("", p.Table.Object+": "+remains[p.Policy]))
	for _, what := range append(e.said(), cut) {
		if len(said[what]) > 0 {
			b.WriteString(commented("", what+": "+strings.Join(said[what], ", ")))
		}
	}
	view := e.path(slices.Concat(w.views, []string{e.shown(p.Table.Name)})...)
	table := e.path(slices.Concat(w.tables, []string{p.Table.Name})...)
	b.WriteString("CREATE OR REPLACE VIEW " + view + " AS\nSELECT\n  " + strings.Join(selected, ",\n  ") +
		"\nFROM " + table + "\nWHERE " + e.dialect.Quote(columns.Deleted) + " IS NULL" + e.view + ";\n")
	return b.String(), nil
}

// takes refuses names that an engine can't have, however they are quoted.
func (e engine) takes(t shape.Table) error {
	if e.names == "" {
		return nil
	}
	if strings.Trim(t.Name, e.names) != "" {
		return plan.Fixf("leave the object out of the flows", "%s: %s can't have a view called %s",
			printable.Line(t.Object), e.title, printable.Line(t.Name))
	}
	for _, c := range t.Columns {
		if strings.Trim(c.Name, e.names) != "" {
			return plan.Fixf("leave the field out of the flow", "%s: %s can't have a column called %s",
				printable.Line(t.Object), e.title, printable.Line(c.Name))
		}
	}
	return nil
}

// cut is said of texts that an engine doesn't read to their end.
const cut = "Read up to 16,384 bytes, and cut off there where they are longer"

// remains says what the view has of records that are gone, by what the flow does with their rows.
var remains = map[gone.Policy]string{
	gone.Flag: "its flow says deletes: flag. The rows of deleted records stay in the table, and aren't live.",
	gone.Remove: "its flow says deletes: remove. The rows of deleted records are gone from the table; those that an " +
		"archive took out of Salesforce stay, and aren't live.",
	gone.Ignore: "its flow says deletes: ignore. Rows of records that were deleted are in the view: nothing tells " +
		"them from others.",
}

// live are the columns that a live row has a value in.
func live(t shape.Table) []shape.Column {
	all := append([]shape.Column{}, t.Columns...)
	for _, c := range columns.Final() {
		if c.Name != columns.Deleted && c.Name != columns.Reason {
			all = append(all, c)
		}
	}
	return all
}
