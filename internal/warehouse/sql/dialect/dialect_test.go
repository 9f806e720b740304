package dialect_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/redshift"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// A field has the same column on every run, whatever else there is.
func TestAdapt(t *testing.T) {
	d := postgres.Dialect()
	col := func(name, field string, k shape.Kind) shape.Column {
		return shape.Column{Name: name, Field: field, Kind: k}
	}
	is := func(name string, k shape.Kind) dialect.Stored {
		return dialect.Stored{Name: name, Type: d.Of(k).Stored}
	}
	long := strings.Repeat("n", 70)
	for _, c := range []struct {
		name  string
		has   []dialect.Stored
		known []shape.Known
		wants shape.Column
		want  shape.Column
	}{
		{"a table that isn't there", nil, nil, col("fax", "Fax", shape.Text), col("fax", "Fax", shape.Text)},
		{"as it is", []dialect.Stored{is("fax", shape.Text)}, nil, col("fax", "Fax", shape.Text),
			col("fax", "Fax", shape.Text)},
		{"wider", []dialect.Stored{is("n", shape.Int)}, nil, col("n", "N", shape.Decimal),
			col("n", "N", shape.Decimal)},
		{"narrower", []dialect.Stored{is("n", shape.Decimal)}, nil, col("n", "N", shape.Int),
			col("n", "N", shape.Decimal)},
		{"a text takes everything", []dialect.Stored{is("n", shape.Text)}, nil, col("n", "N", shape.Int),
			col("n", "N", shape.Int)},
		{"a number becomes a text", []dialect.Stored{is("n", shape.Decimal)}, nil, col("n", "N", shape.Text),
			col("n", "N", shape.Text)},
		{"under a view", []dialect.Stored{{Name: "n", Type: "NUMERIC", Views: []string{"s.v"}}}, nil,
			col("n", "N", shape.Text), col("n_text", "N", shape.Text)},
		{"wider, under a view", []dialect.Stored{{Name: "n", Type: "INTEGER", Views: []string{"s.v"}}}, nil,
			col("n", "N", shape.Decimal), col("n_decimal", "N", shape.Decimal)},
		{"the same, under a view", []dialect.Stored{{Name: "n", Type: "INTEGER", Views: []string{"s.v"}}}, nil,
			col("n", "N", shape.Int), col("n", "N", shape.Int)},
		{"another type", []dialect.Stored{is("n", shape.Date)}, nil, col("n", "N", shape.Text),
			col("n_text", "N", shape.Text)},
		{"another type, the next run", []dialect.Stored{is("n", shape.Decimal), is("n_text", shape.Text)},
			[]shape.Known{{Field: "N", Column: "n_text"}}, col("n", "N", shape.Text), col("n_text", "N", shape.Text)},
		{"and back", []dialect.Stored{is("n", shape.Decimal), is("n_text", shape.Text)},
			[]shape.Known{{Field: "N", Column: "n_text"}},
			col("n", "N", shape.Decimal), col("n_text", "N", shape.Decimal)},
		{"a third type", []dialect.Stored{is("n", shape.Decimal), is("n_bool", shape.Bool)},
			[]shape.Known{{Field: "N", Column: "n_bool"}},
			col("n", "N", shape.Date), col("n_date", "N", shape.Date)},
		{"a name of another field, which is gone", []dialect.Stored{is("foo_bar", shape.Text)},
			[]shape.Known{{Field: "FooBar", Column: "foo_bar"}},
			col("foo_bar", "Foo_Bar", shape.Text), col("foo_bar_"+shape.Digest("foo_bar"), "Foo_Bar", shape.Text)},
		{"as it was called before", nil, []shape.Known{{Field: "Foo_Bar", Column: "foo_bar_x"}},
			col("foo_bar", "Foo_Bar", shape.Text), col("foo_bar_x", "Foo_Bar", shape.Text)},
		{"as a flow called it, and calls it no more", []dialect.Stored{is("chosen", shape.Text)},
			[]shape.Known{{Field: "Fax", Column: "chosen"}}, col("fax", "Fax", shape.Text),
			col("fax", "Fax", shape.Text)},
		{"and somebody has that name", []dialect.Stored{is("chosen", shape.Text), is("fax", shape.Text)},
			[]shape.Known{{Field: "Fax", Column: "chosen"}}, col("fax", "Fax", shape.Text),
			col("chosen", "Fax", shape.Text)},
		{"named before snake case was asked for", []dialect.Stored{is("accountid", shape.Text)},
			[]shape.Known{{Field: "AccountId", Column: "accountid"}}, col("account_id", "AccountId", shape.Text),
			col("accountid", "AccountId", shape.Text)},
		{"too long", nil, nil, col(long, long, shape.Text), col(long[:56]+"_"+shape.Digest(long), long, shape.Text)},
	} {
		table := shape.Table{Key: []string{c.wants.Name}, Columns: []shape.Column{c.wants}}
		got, _ := dialect.Adapt(d, table, c.has, shape.Past{Fields: c.known})
		if got.Columns[0] != c.want || got.Key[0] != c.want.Name || len(got.Columns[0].Name) > 63 {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
		if table.Columns[0] != c.wants || table.Key[0] != c.wants.Name {
			t.Errorf("%s: the table that was given has changed", c.name)
		}
	}
	both, _ := dialect.Adapt(d,
		shape.Table{Columns: []shape.Column{col("foo_bar", "Foo_Bar", shape.Text),
			col("foo_bar_x", "FooBar", shape.Text)}}, nil,
		shape.Past{Fields: []shape.Known{{Field: "FooBar", Column: "foo_bar"}}})
	if names := shape.ColumnNames(both); names[1] != "foo_bar" || names[0] == names[1] {
		t.Errorf("%v", names)
	}
}

// Who asks what Prepare would do is told what it rewrites, and what it can't.
func TestAdaptTellsWhatIsRewritten(t *testing.T) {
	table := shape.Table{Columns: []shape.Column{
		{Name: "same", Field: "Same", Kind: shape.Int}, {Name: "narrower", Field: "Narrower", Kind: shape.Int},
		{Name: "wider", Field: "Wider", Kind: shape.Decimal}, {Name: "worded", Field: "Worded", Kind: shape.Text},
		{Name: "seen", Field: "Seen", Kind: shape.Text}, {Name: "kept", Field: "Kept", Kind: shape.Text}}}
	has := []dialect.Stored{{Name: "same", Type: "INTEGER"}, {Name: "narrower", Type: "NUMERIC"},
		{Name: "wider", Type: "INTEGER"}, {Name: "worded", Type: "NUMERIC"},
		{Name: "seen", Type: "INTEGER", Views: []string{"s.a", "s.b"}},
		{Name: "kept", Type: "DATE", Views: []string{"s.a"}}}
	_, past := dialect.Adapt(postgres.Dialect(), table, has, shape.Past{})
	want := shape.Past{Retyped: []string{"wider", "worded"},
		Held: map[string][]string{"seen": {"s.a", "s.b"}}}
	if !reflect.DeepEqual(past, want) {
		t.Errorf("got %+v, want %+v", past, want)
	}
}

func TestQuote(t *testing.T) {
	if got := duckdb.Dialect().Table("s", `a"b`); got != `"s"."a""b"` {
		t.Errorf("got %s", got)
	}
	backticks := dialect.Dialect{Quotes: "`"}
	if got := backticks.Table("s", "a`b\"c"); got != "`s`.`a``b\"c`" {
		t.Errorf("got %s", got)
	}
}

func TestColumnType(t *testing.T) {
	super := redshift.Dialect(redshift.SuperLongText)
	for _, c := range []struct {
		d      *dialect.Dialect
		length int
		want   string
	}{
		{postgres.Dialect(), 18, "TEXT"}, {duckdb.Dialect(), 255, "VARCHAR"},
		{redshift.Dialect(redshift.FailLongText), 18, "VARCHAR(72)"},
		{redshift.Dialect(redshift.FailLongText), 0, "VARCHAR(65535)"},
		{redshift.Dialect(redshift.FailLongText), 16383, "VARCHAR(65532)"},
		{redshift.Dialect(redshift.FailLongText), 16384, "VARCHAR(65535)"},
		{redshift.Dialect(redshift.TruncateLongText), 131072, "VARCHAR(65535)"},
		{super, 16383, "VARCHAR(65532)"}, {super, 16384, "SUPER"}, {super, 0, "VARCHAR(65535)"},
	} {
		if got := c.d.TypeOf(shape.Column{Kind: shape.Text, Length: c.length}); got != c.want {
			t.Errorf("%s, %d characters: got %s, want %s", c.d.Name, c.length, got, c.want)
		}
	}
}

// What Redshift can't do in place is done by another column.
func TestShapeOfRedshift(t *testing.T) {
	d := redshift.Dialect(redshift.FailLongText)
	want := shape.Table{Object: "Account", Name: "account", Key: []string{"id"},
		Columns: []shape.Column{{Name: "id", Kind: shape.Text, Length: 18},
			{Name: "name", Kind: shape.Text, Length: 255}}}
	has := []dialect.Stored{{Name: "id", Type: "character varying", Bytes: 72},
		{Name: "name", Type: "character varying", Bytes: 320}}
	for _, c := range own.Final() {
		has = append(has, dialect.Stored{Name: c.Name, Type: d.Of(c.Kind).Stored, Bytes: 65535})
	}
	ddl, changes, err := dialect.Shape(d, "s", want, has, own.Final())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(ddl, dialect.Steps(`ALTER TABLE "s"."account" ADD COLUMN "_catchment_wider" VARCHAR(1020)`,
		`UPDATE "s"."account" SET "_catchment_wider" = "name"`,
		`ALTER TABLE "s"."account" DROP COLUMN "name"`, `ALTER TABLE "s"."account" RENAME COLUMN "_catchment_wider" TO "name"`)) {
		t.Errorf("statements: %v", ddl)
	}
	if !reflect.DeepEqual(changes,
		[]shape.Change{{Table: "account", Column: "name", What: shape.Widened, Detail: "VARCHAR(1020)"}}) {
		t.Errorf("changes: %v", changes)
	}
	want.Columns[1].Name = strings.Repeat("n", 128)
	if _, _, err := dialect.Shape(d, "s", want, has, own.Final()); plan.ClassOf(err) != plan.Fix ||
		plan.HintOf(err) == "" {
		t.Errorf("a name of 128 bytes: %v", err)
	}
}

// A table of an older version gets what that had no column for; one that lacks anything
// else of ours is somebody else's.
func TestShapeOfOlderTables(t *testing.T) {
	for _, d := range []*dialect.Dialect{
		duckdb.Dialect(), postgres.Dialect(), redshift.Dialect(redshift.FailLongText),
	} {
		want := shape.Table{Object: "Account", Name: "account", Key: []string{"id"},
			Columns: []shape.Column{{Name: "id", Kind: shape.Text, Length: 18}}}
		has := []dialect.Stored{{Name: "id", Type: d.Of(shape.Text).Stored, Bytes: 65535}}
		for _, c := range own.Final()[:5] {
			has = append(has, dialect.Stored{Name: c.Name, Type: d.Of(c.Kind).Stored, Bytes: 65535})
		}
		ddl, changes, err := dialect.Shape(d, "s", want, has, own.Final())
		if err != nil || len(changes) != 1 || !reflect.DeepEqual(ddl, dialect.Steps(
			`ALTER TABLE "s"."account" ADD COLUMN "_catchment_rejected_at" `+d.Type(shape.Timestamp, 0))) {
			t.Errorf("%s: %v, %v, %v", d.Name, ddl, changes, err)
		}
		if _, _, err := dialect.Shape(d, "s", want, has[:5], own.Final()); plan.ClassOf(err) != plan.Fix {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}

// Each dialect has one type for each kind, and no other.
func TestEachDialectHasEachKind(t *testing.T) {
	for _, d := range []*dialect.Dialect{duckdb.Dialect(), postgres.Dialect(), redshift.Dialect(redshift.FailLongText),
		redshift.Dialect(redshift.SuperLongText)} {
		lines := map[shape.Kind]int{}
		for _, typ := range d.Types {
			lines[typ.Kind]++
			if !typ.Kind.Known() || typ.Name == "" || typ.Stored == "" {
				t.Errorf("%s: %+v", d.Name, typ)
			}
		}
		for _, traits := range shape.Kinds() {
			if lines[traits.Kind] != 1 {
				t.Errorf("%s has %d types for %s", d.Name, lines[traits.Kind], traits.Kind)
			}
		}
	}
}

func TestLoaded(t *testing.T) {
	for _, c := range []struct {
		d    *dialect.Dialect
		kind shape.Kind
		want string
	}{
		{duckdb.Dialect(), shape.Text, `r."{type}"`}, {duckdb.Dialect(), shape.Bool, `CAST(r."{type}" AS T)`},
		{postgres.Dialect(), shape.Decimal, `r."{type}"`},
		{redshift.Dialect(redshift.FailLongText), shape.Date, `r."{type}"`},
		{redshift.Dialect(redshift.FailLongText), shape.Time, `CAST(replace(r."{type}", 'Z', '') AS T)`},
	} {
		if got := c.d.Loaded(c.kind, `r."{type}"`, "T"); got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.d.Name, c.kind, got, c.want)
		}
	}
}

// wide is a table of so many texts and numbers, and the columns that it has.
func wide(texts, numbers int) (shape.Table, []dialect.Stored) {
	d := postgres.Dialect()
	t := shape.Table{Object: "Wide__c", Name: "wide__c", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text}, {Name: "at", Field: shape.FieldStamp, Kind: shape.Timestamp},
		{Name: "gone", Field: shape.FieldDeleted, Kind: shape.Bool}}}
	for i := range numbers {
		name := fmt.Sprintf("n%d", i)
		t.Columns = append(t.Columns, shape.Column{Name: name, Field: name, Kind: shape.Decimal})
	}
	for i := range texts {
		name := fmt.Sprintf("t%d", i)
		t.Columns = append(t.Columns, shape.Column{Name: name, Field: name, Kind: shape.Text})
	}
	t.Columns = append(t.Columns, shape.Column{Name: "winner", Field: shape.FieldMaster, Kind: shape.Text})
	var has []dialect.Stored
	for _, c := range append(slices.Clone(t.Columns), own.Final()...) {
		has = append(has, dialect.Stored{Name: c.Name, Type: d.Of(c.Kind).Stored})
	}
	return t, has
}

// A row of PostgreSQL has room for some 375 short texts. What may need more is told by the
// columns alone, and no other warehouse counts.
func TestOverflows(t *testing.T) {
	for _, c := range []struct {
		texts, numbers int
		want           bool
	}{{10, 10, false}, {370, 0, false}, {385, 0, true}, {0, 480, false}, {0, 520, true}, {200, 200, false},
		{250, 250, true}} {
		table, _ := wide(c.texts, c.numbers)
		if got := dialect.Overflows(postgres.Dialect(), table); got != c.want {
			t.Errorf("%d texts and %d numbers: %v", c.texts, c.numbers, got)
		}
		for _, d := range []*dialect.Dialect{duckdb.Dialect(), redshift.Dialect("")} {
			if dialect.Overflows(d, table) {
				t.Errorf("%s counts the bytes of a row", d.Name)
			}
		}
	}
}

func TestSetApart(t *testing.T) {
	apart := func(texts, numbers int, held ...string) ([]string, error) {
		table, has := wide(texts, numbers)
		for i, c := range has {
			if slices.Contains(held, c.Name) || slices.Contains(held, "all") {
				has[i].Views = []string{"view v", "index i"}
			}
		}
		has, err := dialect.SetApart(postgres.Dialect(), table, has)
		return dialect.Apart(has), err
	}
	names, err := apart(400, 10)
	if err != nil || len(names) < 100 || len(names) > 150 || names[len(names)-1] != "t399" ||
		names[0] != fmt.Sprintf("t%d", 400-len(names)) {
		t.Errorf("of texts the last go: %d, %v, %v", len(names), names, err)
	}
	names, err = apart(400, 10, "t399", "t397")
	if err != nil || slices.Contains(names, "t399") || slices.Contains(names, "t397") ||
		!slices.Contains(names, "t398") {
		t.Errorf("what something uses stays: %v, %v", names, err)
	}
	names, err = apart(100, 500)
	if err != nil || !slices.Contains(names, "t0") || !slices.Contains(names, "n499") || slices.Contains(names, "n0") {
		t.Errorf("numbers go where texts don't suffice: %v, %v", names, err)
	}
	names, err = apart(2, 1) // a record didn't fit all the same
	if err != nil || strings.Join(names, ",") != "n0,t0,t1" {
		t.Errorf("keys, stamps and flags stay: %v, %v", names, err)
	}
	if _, err = apart(400, 0, "all"); plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(),
		"used by index i, view v") {
		t.Errorf("%v", err)
	}
	if _, err = apart(0, 0); plan.ClassOf(err) != plan.Fix {
		t.Errorf("nothing can be moved: %v", err)
	}
}

// A table with an overflow gets new columns at the end of its view: texts and numbers come
// into the overflow, others into the rows.
func TestShapeOfAnOverflow(t *testing.T) {
	d := postgres.Dialect()
	table, has := wide(2, 0)
	has, err := dialect.SetApart(d, table, has)
	if err != nil {
		t.Fatal(err)
	}
	table.Columns = append(table.Columns, shape.Column{Name: "new", Field: "New", Kind: shape.Text},
		shape.Column{Name: "flag", Field: "Flag", Kind: shape.Bool})
	steps, changes, err := dialect.Shape(d, "s", table, has, own.Final())
	if err != nil || len(changes) != 2 || len(steps) != 2 ||
		steps[0].SQL != `ALTER TABLE "s"."_catchment_rows_wide__c" ADD COLUMN "flag" BOOLEAN` ||
		!strings.HasSuffix(steps[1].SQL, `(r."_catchment_overflow" ->> 'new') AS "new",`+"\n\t"+`r."flag" AS "flag"`+
			"\n"+`FROM "s"."_catchment_rows_wide__c" r`) {
		t.Errorf("%v, %v, %v", steps, changes, err)
	}
}
