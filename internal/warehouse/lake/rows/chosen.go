package rows

import "slices"

// A file of staged rows has one attempt and one job. What rows are chosen by holds then of all rows of a row group or
// of none, and a look at its statistics spares one at each row.

// chooseGroups leaves out the row groups of which no row is wanted. Where all rows of those that are left are, rows
// aren't looked at, and columns that are read for that alone aren't read.
func (r *reading) chooseGroups() error {
	f := r.c.form
	if f.holds == nil {
		return nil
	}
	r.all = true
	var left []int
	for _, group := range r.groups {
		holds, known, err := r.holdsOf(group)
		if err != nil {
			return err
		}
		r.all = r.all && known
		if holds || !known {
			left = append(left, group)
		}
	}
	r.groups = left
	if r.all {
		for _, column := range f.chosen {
			if column >= f.wanted && !slices.Contains(f.key, column) {
				r.leaves[column] = -1
			}
		}
	}
	return nil
}

// holdsOf tells whether what rows are chosen by holds of all rows of a row group or of none, where its statistics say
// that each column which is looked at has one text alone.
func (r *reading) holdsOf(group int) (holds, known bool, err error) {
	f := r.c.form
	same := alike{}
	for _, column := range f.chosen {
		if r.leaves[column] < 0 {
			return false, false, nil
		}
		least, greatest, known := groupBounds(r.file.group(group), r.leaves[column])
		if !known || least != greatest {
			return false, false, nil
		}
		same[column] = least
	}
	holds, err = f.holds(same)
	return holds, err == nil, err
}

// alike are the texts of columns that have the same in all rows, as expressions look at them.
type alike map[int]string

// Size is the number of columns.
func (a alike) Size() int { return len(a) }

// Set isn't asked for.
func (alike) Set(int, any) { panic("rows are only read") }

// Get is the value of a column.
func (a alike) Get(column int) any { return a[column] }
