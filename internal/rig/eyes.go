package rig

import (
	"context"
	"slices"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/sql"
)

// Eyes read a warehouse as people do, without our own client: tables of "salesforce", the final ones, and of
// "salesforce_incremental".
type Eyes interface {
	// Columns lists the columns of a final table, none where it isn't there.
	Columns(table string) ([]string, error)
	// Rows reads columns of all rows of a table as texts; NULL is the pointer that is nil.
	Rows(schema, table string, columns ...string) ([][]*string, error)
	// Staged counts the rows of a flow's stage table that are there for a consolidation to come, and the lines of
	// ledgers that tell of such, whatever flow they are of.
	Staged(table string) (rows, pages int, err error)
}

// An Opener opens a warehouse that is asked no SQL, for a process that may die: f is nil where it can't.
type Opener func(r *Rig, f *Fate) (Opened, error)

// Opened is such a warehouse.
type Opened struct {
	Warehouse func(warehouse.Options) warehouse.Warehouse
	Eyes      Eyes // that outlive the process
	Close     func() error
}

// SQLEyes read a warehouse by statements.
func SQLEyes(d sql.Driver) Eyes { return sqlEyes{Immortal(d)} }

type sqlEyes struct{ sql.Driver }

func (e sqlEyes) Columns(table string) ([]string, error) {
	rows, err := Query(e.Driver, "SELECT CAST(column_name AS VARCHAR) FROM information_schema.columns WHERE "+
		"table_schema = 'salesforce' AND table_name = '"+table+"'")
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = *row[0]
	}
	return names, err
}

func (e sqlEyes) Rows(schema, table string, columns ...string) ([][]*string, error) {
	casts := make([]string, len(columns))
	for i, c := range columns {
		casts[i] = `CAST("` + c + `" AS VARCHAR)`
	}
	return Query(e.Driver, "SELECT "+strings.Join(casts, ", ")+" FROM "+schema+"."+table)
}

func (e sqlEyes) Staged(table string) (rows, pages int, err error) {
	staged, err := e.Rows("salesforce_incremental", table, "_catchment_attempt")
	if err != nil {
		return 0, 0, err
	}
	lines, err := e.Rows("salesforce_incremental", "_catchment_page", "attempt")
	return len(staged), len(lines), err
}

// Twice lists the values of a column that more than one row of a table has, in order.
func Twice(e Eyes, schema, table, column string) ([]string, error) {
	rows, err := e.Rows(schema, table, column)
	met, twice := map[string]bool{}, []string{}
	for _, row := range rows {
		if row[0] != nil && met[*row[0]] {
			twice = append(twice, *row[0])
		}
		if row[0] != nil {
			met[*row[0]] = true
		}
	}
	slices.Sort(twice)
	return slices.Compact(twice), err
}

// Query reads texts by a driver; NULL is the pointer that is nil.
func Query(d sql.Driver, query string) ([][]*string, error) {
	columns := strings.Count(query[:strings.Index(query, " FROM ")], "VARCHAR)")
	var rows [][]*string
	err := d.View(context.Background(), func(tx sql.Tx) error {
		return tx.Query(context.Background(), func(scan sql.Scan) error {
			row, into := make([]*string, columns), make([]any, columns)
			for i := range row {
				into[i] = &row[i]
			}
			rows = append(rows, row)
			return scan(into...)
		}, query)
	})
	return rows, err
}
