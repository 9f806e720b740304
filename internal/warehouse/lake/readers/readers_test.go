package readers_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"catchment/internal/golden"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/place"
	"catchment/internal/warehouse/lake/readers"
	"catchment/internal/warehouse/shape"
)

// bucket is a table bucket, as its catalog calls it.
const bucket = "arn:aws:s3tables:eu-west-1:111122223333:bucket/crm"

// lakes are places of a lake, by a short name.
func lakes() map[string]readers.Lake {
	return map[string]readers.Lake{
		"folder":  readers.Folder(),
		"glue":    readers.Glue(place.Glue{Location: "s3://acme-lake/crm"}),
		"foreign": readers.Glue(place.Glue{Location: "s3://acme-lake/crm", Catalog: "444455556666"}),
		"glueByREST": readers.REST(place.REST{URL: "https://glue.eu-west-1.amazonaws.com/iceberg", Sign: "glue",
			Warehouse: "111122223333", Location: "s3://acme-lake/crm"}),
		"s3tables": readers.REST(place.REST{URL: "https://s3tables.eu-west-1.amazonaws.com/iceberg", Sign: "s3tables",
			Warehouse: bucket}),
		"rest": readers.REST(place.REST{URL: "https://polaris.example.com/api/catalog", Warehouse: `o'brien\crm`,
			Credential: "env:POLARIS", OAuth: "https://login.example.com/token", Scope: "PRINCIPAL_ROLE:reader"}),
		"token": readers.REST(place.REST{URL: "https://nessie.example.com/iceberg", Token: "env:NESSIE",
			Location: "s3://acme-lake/crm"}),
		"open": readers.REST(place.REST{URL: "http://localhost:8181/catalog"}),
	}
}

// reads are the catalogs that an engine reads.
var reads = map[string][]string{
	"athena":     {"glue", "foreign", "glueByREST", "s3tables"},
	"bigquery":   {"glue", "foreign", "glueByREST"},
	"databricks": {"glue", "foreign", "glueByREST"},
	"duckdb":     {"glue", "foreign", "glueByREST", "s3tables", "rest", "token", "open"},
	"redshift":   {"glue", "foreign", "glueByREST", "s3tables"},
	"snowflake":  {"glue", "foreign", "glueByREST", "s3tables", "rest", "token", "open"},
	"trino":      {"glue", "foreign", "glueByREST", "s3tables", "rest", "token", "open"},
}

// tables have a column of each kind, names that need quotes, and each way to go about deletes.
func tables() []warehouse.Procedure {
	all := shape.Table{Object: "Account", Name: "account", Key: []string{"id"}}
	for _, traits := range shape.Kinds() {
		one := shape.Column{Name: "a_" + string(traits.Kind), Kind: traits.Kind, Length: 255}
		all.Columns = append(all.Columns, one)
	}
	all.Columns = append(all.Columns, shape.Column{Name: "notes__c", Kind: shape.Text, Length: 131072},
		shape.Column{Name: "billingaddress", Kind: shape.Text}) // of which nobody says how long it gets
	order := shape.Table{Object: "Order", Name: "order", Key: []string{"id"},
		Columns: []shape.Column{{Name: "id", Kind: shape.Text, Length: 18},
			{Name: "group", Kind: shape.Text, Length: 80}}}
	user := order
	user.Object, user.Name = "User", "user"
	return []warehouse.Procedure{
		{Table: all, Policy: gone.Flag}, {Table: order, Policy: gone.Remove}, {Table: user, Policy: gone.Ignore},
	}
}

var options = warehouse.Options{Schema: "Salesforce", Staging: "salesforce_incremental"}

// written is all that an engine is told.
func written(t *testing.T, l readers.Lake, engine string) string {
	t.Helper()
	r, err := readers.New(l, engine)
	if err != nil {
		t.Fatal(err)
	}
	text := r.Opening(options)
	for _, p := range tables() {
		view, err := r.View(options, p)
		if err != nil {
			t.Fatal(err)
		}
		text += "\n" + view
	}
	return text
}

// What each engine is told of each catalog. make sqlglot reads it in the engine's dialect.
func TestWhatEnginesAreTold(t *testing.T) {
	for engine, catalogs := range reads {
		for _, catalog := range catalogs {
			golden.Equal(t, engine+"-"+catalog+".sql", written(t, lakes()[catalog], engine))
		}
	}
}

var (
	comments = regexp.MustCompile(`(?m)^--.*\n`)
	words    = regexp.MustCompile(`YOUR_[A-Z_]*[A-Z]`)
)

// Each word that is to be replaced is explained, and none is that isn't there.
func TestWordsAreExplained(t *testing.T) {
	for engine, catalogs := range reads {
		for _, catalog := range catalogs {
			text := written(t, lakes()[catalog], engine)
			var explained []string
			for line := range strings.Lines(text) {
				word, _, is := strings.Cut(strings.TrimPrefix(line, "--   "), ": ")
				if is && words.FindString(word) != "" && !strings.Contains(word, " ") {
					explained = append(explained, words.FindString(word))
				}
			}
			used := words.FindAllString(comments.ReplaceAllString(text, ""), -1)
			slices.Sort(used)
			slices.Sort(explained)
			if used = slices.Compact(used); !slices.Equal(used, explained) {
				t.Errorf("%s of %s uses %q, and explains %q", engine, catalog, used, explained)
			}
		}
	}
}

// What refers to a secret is printed nowhere: not even its name.
func TestSecretsAreNotNamed(t *testing.T) {
	for engine, catalogs := range reads {
		for _, catalog := range catalogs {
			text := written(t, lakes()[catalog], engine)
			if strings.Contains(text, "env:") || strings.Contains(text, "POLARIS") || strings.Contains(text, "NESSIE") {
				t.Errorf("%s of %s tells of a secret:\n%s", engine, catalog, text)
			}
		}
	}
}

// An engine that doesn't read a catalog says so, and which does.
func TestCatalogIsNotRead(t *testing.T) {
	if got := readers.Engines(); len(got) != len(reads) {
		t.Errorf("engines %q", got)
	}
	for _, engine := range readers.Engines() {
		for catalog, l := range lakes() {
			_, err := readers.New(l, engine)
			if slices.Contains(reads[engine], catalog) {
				if err != nil {
					t.Errorf("%s of %s: %v", engine, catalog, err)
				}
				continue
			}
			if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.AdviceOf(err), "docs/howto/lake.md") {
				t.Errorf("%s of %s: %v; %s", engine, catalog, err, plan.AdviceOf(err))
			}
			for other := range reads {
				advised := strings.Contains(plan.AdviceOf(err), other)
				if catalog != "folder" && advised != slices.Contains(reads[other], catalog) {
					t.Errorf("%s of %s: advice %q, %s", engine, catalog, plan.AdviceOf(err), other)
				}
			}
		}
	}
	if _, err := readers.New(readers.Folder(), "oracle\n"); plan.ClassOf(err) != plan.Fix ||
		!strings.Contains(err.Error(), `oracle\n`) || !strings.Contains(plan.AdviceOf(err), "athena, bigquery") {
		t.Errorf("%v: %s", err, plan.AdviceOf(err))
	}
}

// Names from a server don't leave their quotes, nor the line of their comment.
func TestNamesStayQuoted(t *testing.T) {
	wild := warehouse.Procedure{Policy: gone.Flag, Table: shape.Table{Object: "A\nDROP TABLE b;", Name: "a\"b`c",
		Columns: []shape.Column{{Name: "x\"; DROP`", Kind: shape.Text, Length: 131072},
			{Name: "tod\n;", Kind: shape.Time}}}}
	for _, engine := range readers.Engines() {
		r, err := readers.New(lakes()["glue"], engine)
		if err != nil {
			t.Fatal(err)
		}
		text, err := r.View(options, wild)
		if engine == "bigquery" {
			refusal := "can't have a view called"
			for range 2 {
				if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), refusal) {
					t.Errorf("%s takes a name that it can't have: %v\n%s", engine, err, text)
				}
				tame := wild
				tame.Table.Name, refusal = "account", "can't have a column called"
				text, err = r.View(options, tame)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		quote := `"`
		if engine == "databricks" {
			quote = "`"
		}
		bare := comments.ReplaceAllString(text, "")
		for _, name := range []string{"a\"b`c", "x\"; DROP`"} {
			quoted := quote + strings.ReplaceAll(name, quote, quote+quote) + quote
			if engine == "snowflake" {
				bare = strings.ReplaceAll(bare, strings.ToUpper(quoted), "")
			}
			bare = strings.ReplaceAll(bare, quoted, "")
		}
		if strings.Contains(bare, "DROP") || strings.Contains(text, "\nDROP") {
			t.Errorf("%s:\n%s", engine, text)
		}
	}
}
