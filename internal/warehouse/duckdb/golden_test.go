package duckdb

import (
	"testing"
	"time"

	"catchment/internal/golden"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

func TestReadCSV(t *testing.T) {
	c := sql.Copy{Into: `"s"."account"`, Op: warehouse.Put, Attempt: "a", Job: "j", ReadAt: time.Unix(0, 0),
		Columns: []dialect.CopyColumn{
			{Name: "id", Kind: shape.Text, Type: "VARCHAR"},
			{Name: "amount__c", Kind: shape.Decimal, Type: "DECIMAL(38,4)", Whole: 14, Fract: 4},
			{Name: "wide__c", Kind: shape.Decimal, Type: "DECIMAL(38,4)", Whole: 15, Fract: 4},
			{Name: `it's"odd`, Kind: shape.Timestamp, Type: "TIMESTAMPTZ"},
		}, Pages: []warehouse.Page{{Seq: 1}, {Seq: 2}}}
	sql, _ := readCSV(c, []string{"/stage/it's.csv", "/stage/2.csv"}, false)
	golden.Equal(t, "duckdb-read_csv.sql", sql+"\n")
}
