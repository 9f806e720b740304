package redshift

import (
	"testing"
	"time"

	"catchment/internal/golden"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

func TestPageCopy(t *testing.T) {
	c := pageCopy{Copy: sql.Copy{Into: `"s"."account"`, Op: warehouse.Put, Attempt: "it's", Job: "j",
		ReadAt: time.Unix(0, 0).UTC(), Columns: []dialect.CopyColumn{
			{Name: "id", Kind: shape.Text, Type: "VARCHAR(72)"},
			{Name: `od"d`, Kind: shape.Timestamp, Type: "TIMESTAMPTZ"},
			{Name: "amount__c", Kind: shape.Decimal, Type: "DECIMAL(38,4)"},
			{Name: "rate__c", Kind: shape.Decimal, Type: "DECIMAL(38,6)"},
			{Name: "opens__c", Kind: shape.Time, Type: "TIME"},
			{Name: "body", Kind: shape.Text, Type: "VARCHAR(65535)"}}},
		Page: warehouse.Page{Seq: 7, Gzip: true}, Manifest: "s3://bucket/run/1.csv.gz.manifest"}
	all := func() string {
		return c.Make() + ";\n" + c.From() + ";\n" + c.Count() + ";\n" + c.Look() + ";\n" +
			c.Insert(map[string]bool{"rate__c": true}) + ";\n" + c.Drop() + ";\n"
	}
	golden.Equal(t, "redshift-copy.sql", all())
	c.Truncate, c.Role, c.Region, c.Page.Gzip = true, "arn:aws:iam::123456789012:role/copy", "eu-central-1", false
	c.Columns[5].Type = "SUPER"
	golden.Equal(t, "redshift-copy-truncate.sql", all())
}
