package duckdb_test

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/stage"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/refusals"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

// refusing is a table with the kinds of columns that refuse values.
var refusing = shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
	{Name: "id", Field: "Id", Kind: shape.Text},
	{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
	{Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
	{Name: "name", Field: "Name", Kind: shape.Text},
	{Name: "employees", Field: "Employees", Kind: shape.Int},
	{Name: "born__c", Field: "Born__c", Kind: shape.Date},
	{Name: "amount__c", Field: "Amount__c", Kind: shape.Decimal},
}}

// pageOf is a page of such records, in a file.
func pageOf(t *testing.T, seq int64, packed bool, records ...string) warehouse.Page {
	t.Helper()
	const header = `"Name","Id","Employees","Born__c","Amount__c"`
	key := strings.Repeat("p", int(seq)) + ".csv"
	p := warehouse.Page{Key: key, Seq: seq, Rows: int64(len(records)), Digest: key, Gzip: packed,
		Path: filepath.Join(t.TempDir(), key), Header: strings.Split(strings.ReplaceAll(header, `"`, ""), ","),
		Digits: []room.Digits{{Field: "Amount__c", Whole: 6}}}
	f, err := os.Create(p.Path)
	must(t, err)
	defer func() { must(t, f.Close()) }()
	text := header + "\n" + strings.Join(records, "\n") + "\n"
	if !packed {
		_, err = f.WriteString(text)
		must(t, err)
		return p
	}
	z := gzip.NewWriter(f)
	_, err = z.Write([]byte(text))
	must(t, err)
	must(t, z.Close())
	return p
}

// A value that a column can't hold fails the load by the Id of its record and the
// name of the column, whatever line breaks the values before it hold, and never by
// the value itself (invariant 9).
func TestRefusedValuesAreNamed(t *testing.T) {
	t.Parallel()
	before := []string{"\"two\r\nlines\",\"001\",\"1\",\"\",\"1\"", "\"a\n\n\nb\",\"002\",\"2\",\"2024-02-29\",\"\""}
	bad := map[string]string{
		"employees": `"x","003","99999999999","2024-02-29","1"`,
		"born__c":   "\"x\ny\",\"003\",\"1\",\"99999999-02-29\",\"1\"",
		"amount__c": "\"x\ny\",\"003\",\"1\",\"2024-02-29\",\"7x7\"",
	}
	for name, driver := range map[string]sql.Driver{"duckdb": open(t), "postgres": openPostgres(t)} {
		w := sql.New(driver, warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental", Now: time.Now})
		f := warehouse.Fence{Flow: "Account", Number: 1}
		must(t, w.Migrate(t.Context()))
		_, err := w.Claim(t.Context(), f, "account", "00D000000000001AAA")
		must(t, err)
		_, err = w.Prepare(t.Context(), f, refusing)
		must(t, err)
		for column, record := range bad {
			for _, packed := range []bool{false, true} {
				b := warehouse.Batch{Table: refusing, Attempt: "a", Job: "j", ReadAt: time.Unix(0, 0)}
				b.Pages = append(b.Pages, pageOf(t, 1, packed, before...),
					pageOf(t, 2, packed, append(before, record, `"","004","","",""`)...))
				_, err := w.Load(t.Context(), f, b)
				named := stage.Named(t.Context(), b.Pages, err)
				got := refusals.Of(named)
				line := 8 + int64(strings.Count(record, "\n"))
				if got == nil || got.Page != "pp.csv" || got.Record != 3 || got.ID != "003" || got.Line != line ||
					got.Column != column || got.Why == "" {
					t.Errorf("%s, %s: %+v of %v", name, column, got, err)
					continue
				}
				text := named.Error()
				if !strings.Contains(text, "column "+column) || !strings.Contains(text, "record 003") ||
					strings.Contains(text, "99999") || strings.Contains(text, "7x7") {
					t.Errorf("%s, %s: %s", name, column, text)
				}
				if plan.ClassOf(named) != plan.Fix || plan.HintOf(named) == "" {
					t.Errorf("%s, %s: %s, hint %q", name, column, plan.ClassOf(named), plan.HintOf(named))
				}
				t.Logf("%s: %s", name, text)
			}
		}
	}
}

// What isn't about a value stays as it is.
func TestNothingIsNamed(t *testing.T) {
	t.Parallel()
	err := plan.Failf(plan.Retry, "", "the connection was lost")
	if got := stage.Named(t.Context(), nil, err); got != err {
		t.Errorf("%v has become %v", err, got)
	}
	if got := stage.Named(t.Context(), nil, nil); got != nil {
		t.Errorf("nothing has become %v", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
