package notice

import (
	"fmt"
	"strings"

	"catchment/internal/plural"
	"catchment/internal/status"
	"catchment/internal/warehouse/query"
)

// Rows are some rows of what a query gave, the first ones or further ones.
type Rows struct {
	Columns []string // two may have the same name
	Further bool     // others came before: CSV names the columns once
	Cells   [][]query.Cell
}

// Lines are one for each row. A name that comes again gets a number.
func (r Rows) Lines() []any {
	names := r.unlike()
	lines := make([]any, len(r.Cells))
	for i, cells := range r.Cells {
		row := make(map[string]query.Cell, len(cells))
		for j, c := range cells {
			row[names[j]] = c
		}
		lines[i] = struct {
			Row  map[string]query.Cell `json:"row"`
			Type string                `json:"type"`
		}{row, "row"}
	}
	return lines
}

// unlike are the names of the columns, no two of them the same.
func (r Rows) unlike() []string {
	names, taken := make([]string, len(r.Columns)), map[string]bool{}
	for i, name := range r.Columns {
		unique := name
		for n := 2; taken[unique]; n++ {
			unique = fmt.Sprintf("%s_%d", name, n)
		}
		names[i], taken[unique] = unique, true
	}
	return names
}

// Text is a table.
func (r Rows) Text() (t status.Text) {
	isNumber := make([]bool, len(r.Columns))
	for i := range isNumber {
		isNumber[i] = r.isNumber(i)
	}
	rows := make([][]string, len(r.Cells))
	for i, cells := range r.Cells {
		for _, c := range cells {
			if c.Kind == query.Null {
				c.Text = "NULL"
			}
			rows[i] = append(rows[i], c.Text)
		}
	}
	t.Grid(r.Columns, isNumber, rows)
	return t
}

// isNumber tells whether a column has numbers, and nothing but numbers.
func (r Rows) isNumber(column int) bool {
	some := false
	for _, cells := range r.Cells {
		switch cells[column].Kind {
		case query.Null:
		case query.Number:
			some = true
		default:
			return false
		}
	}
	return some
}

// CSV is the same for a program: values are as they are. Null is nothing and an empty text is "", as
// loaders of warehouses take them.
func (r Rows) CSV() string {
	var b strings.Builder
	line := func(fields []string) { b.WriteString(strings.Join(fields, ",") + "\n") }
	if !r.Further {
		names := make([]string, len(r.Columns))
		for i, name := range r.Columns {
			names[i] = field(name)
		}
		line(names)
	}
	for _, cells := range r.Cells {
		fields := make([]string, len(cells))
		for i, c := range cells {
			if c.Kind != query.Null {
				fields[i] = field(c.Text)
			}
		}
		line(fields)
	}
	return b.String()
}

// field is a value in CSV, quoted where it has to be.
func field(text string) string {
	if text != "" && !strings.ContainsAny(text, ",\"\r\n") && strings.TrimSpace(text) == text {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

// An Answered tells how much a query gave.
type Answered struct {
	More bool   `json:"more"` // than Rows were there, and were not asked for
	Rows int64  `json:"rows"`
	Type string `json:"type"`
}

// Lines is one line.
func (a Answered) Lines() []any {
	a.Type = "answered"
	return []any{a}
}

// Text is talk.
func (a Answered) Text() (t status.Text) {
	if a.More {
		t.Talk("these are the first %s; --limit 0 gives all", plural.Of(a.Rows, "row"))
		return t
	}
	t.Talk("%s", plural.Of(a.Rows, "row"))
	return t
}
