package status

import "catchment/internal/printable"

// Grid adds a table of which nobody knew the columns before: none of them is cut or left out. A
// column is one of numbers where every cell of it is, and those stand on the right.
func (t *Text) Grid(heads []string, isNumber []bool, rows [][]string) {
	columns := make([]column, len(heads))
	for i, head := range heads {
		columns[i] = column{head: printable.Line(head), number: isNumber[i]}
	}
	t.table(columns, rows)
}
