package oversql

import (
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

// Promoting makes of a warehouse one to which no first reading is too small to have its staged
// table promoted.
func Promoting(inner sql.Driver) sql.Driver { return &promoting{passing{inner}} }

type promoting struct{ passing }

func (d *promoting) Dialect() *dialect.Dialect {
	all := *d.Driver.Dialect()
	if all.Promotion != nil {
		how := *all.Promotion
		how.Least = 1
		all.Promotion = &how
	}
	return &all
}
