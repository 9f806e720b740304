package status

import (
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"

	"catchment/internal/printable"
)

// A table is rows of cells under heads, laid out once it is known how much room
// there is. What identifies something is never cut: where the room is too small,
// heads and cells become brief, then whole columns go, and a table that still
// doesn't fit is wider than the screen.
type table struct {
	columns []column
	rows    [][]string
}

// A column is one of a table.
type column struct {
	head   string
	brief  string              // the head where there is little room; "" is head
	short  func(string) string // a cell where there is little room; nil leaves it
	number bool                // stands on the right
	leaves int                 // 0 stays; of the others the highest goes first
}

// between stands between two columns.
const between = "  "

// table adds a table to the results.
func (t *Text) table(columns []column, rows [][]string) {
	shown := make([][]string, len(rows))
	for i, cells := range rows {
		for _, cell := range cells {
			shown[i] = append(shown[i], printable.Line(cell))
		}
	}
	*t = append(*t, part{table: &table{columns: columns, rows: shown}})
}

// fit lays a table out for a width; 0 is as wide as it gets.
func (t table) fit(width int) string {
	for {
		if text, widest := t.lay(false); width == 0 || widest <= width {
			return text
		}
		text, widest := t.lay(true)
		leaving := t.leaving()
		if widest <= width || leaving < 0 {
			return text
		}
		t = t.without(leaving)
	}
}

// leaving is the place of the column that goes next, -1 where all others stay. What
// says nothing in any row goes before what does.
func (t table) leaving() int {
	next, nextBlank := -1, false
	for i, c := range t.columns {
		blank := t.blank(i)
		switch {
		case c.leaves == 0 || nextBlank && !blank:
		case next < 0 || blank && !nextBlank || c.leaves > t.columns[next].leaves:
			next, nextBlank = i, blank
		}
	}
	return next
}

// blank tells whether a column says nothing.
func (t table) blank(i int) bool {
	return !slices.ContainsFunc(t.rows, func(cells []string) bool {
		return cells[i] != "" && cells[i] != "-" && cells[i] != "0"
	})
}

func (t table) without(i int) table {
	smaller := table{columns: slices.Delete(slices.Clone(t.columns), i, i+1)}
	for _, cells := range t.rows {
		smaller.rows = append(smaller.rows, slices.Delete(slices.Clone(cells), i, i+1))
	}
	return smaller
}

// lay writes the table, and tells how wide it is.
func (t table) lay(brief bool) (text string, widest int) {
	lines := make([][]string, 1, 1+len(t.rows))
	for _, c := range t.columns {
		if brief && c.brief != "" {
			c.head = c.brief
		}
		lines[0] = append(lines[0], c.head)
	}
	for _, cells := range t.rows {
		line := slices.Clone(cells)
		for i, c := range t.columns {
			if brief && c.short != nil {
				line[i] = c.short(line[i])
			}
		}
		lines = append(lines, line)
	}
	widths := make([]int, len(t.columns))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	var b strings.Builder
	for _, line := range lines {
		for i, cell := range line {
			room := strings.Repeat(" ", widths[i]-runewidth.StringWidth(cell))
			if t.columns[i].number {
				cell = room + cell
			} else {
				cell += room
			}
			line[i] = cell
		}
		joined := strings.TrimRight(strings.Join(line, between), " ")
		widest = max(widest, runewidth.StringWidth(joined))
		b.WriteString(joined + "\n")
	}
	return b.String(), widest
}

// toTheMinute is a cell with a stamp, without the stamp's seconds.
func toTheMinute(cell string) string {
	const seconds, whole = len("2026-03-01T12:00"), len("2026-03-01T12:00:00Z")
	if len(cell) < whole || cell[whole-1] != 'Z' {
		return cell
	}
	return cell[:seconds] + "Z" + cell[whole:]
}

// byDay is a cell of a size and the day on which it was found, without the day.
func byDay(cell string) string {
	size, _, _ := strings.Cut(cell, " (")
	return size
}
