package dialect_test

import (
	"reflect"
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
