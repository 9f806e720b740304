package postgres

import (
	"testing"
	"time"

	"catchment/internal/golden"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

func TestCopyText(t *testing.T) {
	c := sql.Copy{Into: `"s"."account"`, Op: warehouse.Put, Attempt: "it's", Job: "j", ReadAt: time.Unix(0, 0).UTC(),
		Columns: []dialect.CopyColumn{
			{Name: "id", Kind: shape.Text}, {Name: `od"d`, Kind: shape.Timestamp}}}
	golden.Equal(t, "postgres-copy.sql", copyConstants(c, warehouse.Page{Seq: 7})+";\n"+copyText(c, false)+";\n"+
		copyNoConstants(c)+";\n")
}
