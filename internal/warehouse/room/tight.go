package room

import (
	"fmt"
	"strings"
)

// Tight says that columns of a table have room for fewer digits than pages bring, and
// can't be widened without breaking what is in them. Who loads leaves out the records
// that need more, and loads again.
type Tight struct {
	Table string
	Room  []Digits // of each such column; of a whole number that it has 32 bits
}

func (t *Tight) Error() string {
	fields := make([]string, len(t.Room))
	for i, d := range t.Room {
		fields[i] = fmt.Sprintf("%s (%d digits before the point, %d after it)", d.Field, d.Whole, d.Fraction)
	}
	return fmt.Sprintf("table %s has less room than its pages need: %s", t.Table, strings.Join(fields, ", "))
}
