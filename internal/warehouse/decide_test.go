package warehouse

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/schema"
)

func TestColumnName(t *testing.T) {
	for _, c := range []struct{ api, lower, snake string }{
		{"AccountId", "accountid", "account_id"},
		{"Id", "id", "id"},
		{"Amount__c", "amount__c", "amount__c"},
		{"MyAmount__c", "myamount__c", "my_amount__c"},
		{"ns__MyField__c", "ns__myfield__c", "ns__my_field__c"},
		{"IsVATExempt", "isvatexempt", "is_vat_exempt"},
		{"SICDesc", "sicdesc", "sic_desc"},
		{"Line2Text", "line2text", "line2_text"},
	} {
		if got := columnName(c.api, false); got != c.lower {
			t.Errorf("%s: got %s, want %s", c.api, got, c.lower)
		}
		if got := columnName(c.api, true); got != c.snake {
			t.Errorf("%s in snake case: got %s, want %s", c.api, got, c.snake)
		}
	}
}

func TestTableFor(t *testing.T) {
	o := schema.Object{Name: "OpportunityLineItem"}
	got, err := TableFor(o, []schema.Field{{Name: "Id", Type: schema.ID, Length: 18},
		{Name: "UnitPrice", Type: schema.Currency, Scale: 2},
		{Name: "Count", Type: schema.Int, Scale: 7}, {Name: "SystemModstamp", Type: schema.DateTime}}, false)
	if err != nil {
		t.Fatal(err)
	}
	want := Table{Object: "OpportunityLineItem", Name: "opportunitylineitem", Key: []string{"id"}, Columns: []Column{
		{"id", "Id", Text, 0, 18}, {"unitprice", "UnitPrice", Decimal, 2, 0}, {"count", "Count", Int, 0, 0},
		{"systemmodstamp", "SystemModstamp", Timestamp, 0, 0}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := TableFor(o, []schema.Field{{Name: "_Catchment_At"}, {Name: "Id"}},
		false); plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
		t.Errorf("a field that is called as a column of ours: %v", err)
	}
	got, err = TableFor(o, []schema.Field{{Name: "FooBar"}, {Name: "Foo_Bar"}}, true)
	if names := columnNames(got); err != nil ||
		!reflect.DeepEqual(names, []string{"foo_bar", "foo_bar_" + digest("Foo_Bar")}) {
		t.Errorf("%v, %v", names, err)
	}
}

// A field has the same column on every run, whatever else there is.
func TestAdapt(t *testing.T) {
	d := Postgres()
	col := func(name, field string, k Kind) Column { return Column{Name: name, Field: field, Kind: k} }
	is := func(name string, k Kind) stored { return stored{Name: name, Type: d.of(k).Stored} }
	long := strings.Repeat("n", 70)
	for _, c := range []struct {
		name  string
		has   []stored
		known []Known
		wants Column
		want  Column
	}{
		{"a table that isn't there", nil, nil, col("fax", "Fax", Text), col("fax", "Fax", Text)},
		{"as it is", []stored{is("fax", Text)}, nil, col("fax", "Fax", Text), col("fax", "Fax", Text)},
		{"wider", []stored{is("n", Int)}, nil, col("n", "N", Decimal), col("n", "N", Decimal)},
		{"narrower", []stored{is("n", Decimal)}, nil, col("n", "N", Int), col("n", "N", Decimal)},
		{"a text takes everything", []stored{is("n", Text)}, nil, col("n", "N", Int), col("n", "N", Int)},
		{"another type", []stored{is("n", Decimal)}, nil, col("n", "N", Text), col("n_text", "N", Text)},
		{"another type, the next run", []stored{is("n", Decimal), is("n_text", Text)},
			[]Known{{Field: "N", Column: "n_text"}}, col("n", "N", Text), col("n_text", "N", Text)},
		{"and back", []stored{is("n", Decimal), is("n_text", Text)}, []Known{{Field: "N", Column: "n_text"}},
			col("n", "N", Decimal), col("n_text", "N", Decimal)},
		{"a third type", []stored{is("n", Decimal), is("n_bool", Bool)}, []Known{{Field: "N", Column: "n_bool"}},
			col("n", "N", Date), col("n_date", "N", Date)},
		{"a name of another field, which is gone", []stored{is("foo_bar", Text)},
			[]Known{{Field: "FooBar", Column: "foo_bar"}},
			col("foo_bar", "Foo_Bar", Text), col("foo_bar_"+digest("foo_bar"), "Foo_Bar", Text)},
		{"as it was called before", nil, []Known{{Field: "Foo_Bar", Column: "foo_bar_x"}},
			col("foo_bar", "Foo_Bar", Text), col("foo_bar_x", "Foo_Bar", Text)},
		{"too long", nil, nil, col(long, long, Text), col(long[:56]+"_"+digest(long), long, Text)},
	} {
		table := Table{Key: []string{c.wants.Name}, Columns: []Column{c.wants}}
		got := adapt(d, table, c.has, c.known)
		if got.Columns[0] != c.want || got.Key[0] != c.want.Name || len(got.Columns[0].Name) > 63 {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
		if table.Columns[0] != c.wants || table.Key[0] != c.wants.Name {
			t.Errorf("%s: the table that was given has changed", c.name)
		}
	}
	both := adapt(d, Table{Columns: []Column{col("foo_bar", "Foo_Bar", Text), col("foo_bar_x", "FooBar", Text)}}, nil,
		[]Known{{Field: "FooBar", Column: "foo_bar"}})
	if names := columnNames(both); names[1] != "foo_bar" || names[0] == names[1] {
		t.Errorf("%v", names)
	}
}

func TestKindOf(t *testing.T) {
	for from, want := range map[schema.Type]Kind{schema.Boolean: Bool, schema.Int: Int, schema.Long: Long,
		schema.Double:  Decimal,
		schema.Percent: Decimal, schema.Date: Date, schema.DateTime: Timestamp, schema.Time: Time,
		schema.Picklist: Text, "new one": Text} {
		if got := kindOf(from); got != want {
			t.Errorf("%s: got %s, want %s", from, got, want)
		}
	}
}

func TestWiden(t *testing.T) {
	for _, c := range []struct{ scale, whole, fract, want int }{
		{2, 18, 2, 2}, {2, 16, 0, 2}, {2, 5, 3, 7}, {2, 1, 17, 18}, {2, 1, 18, 18}, {2, 0, 30, 30}, {2, 20, 18, 18},
		{18, 20, 3, 18},
		{2, 21, 18, -1}, {2, 37, 0, -1}, {18, 21, 0, -1}, {2, 0, 39, -1},
	} {
		got, err := widen(38, c.scale, c.whole, c.fract)
		if c.want < 0 && (plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "") ||
			c.want >= 0 && (err != nil || got != c.want) {
			t.Errorf("scale %d for %d.%d digits: got %d, %v; want %d", c.scale, c.whole, c.fract, got, err, c.want)
		}
	}
}

func TestMassDelete(t *testing.T) {
	for _, c := range []struct {
		deletes, live int64
		allow, stop   bool
	}{
		{100, 100, false, false}, {101, 101, false, true}, {101, 2019, false, true}, {101, 2020, false, false},
		{101, 101, true, false}, {0, 0, false, false}, {5001, 100_000, false, true}, {5000, 100_000, false, false},
	} {
		err := massDelete(Merge{AllowDeletes: c.allow}, c.deletes, c.live)
		_, ok := errors.AsType[*MassDelete](err)
		if ok != c.stop {
			t.Errorf("%d of %d, allowed %t: %v", c.deletes, c.live, c.allow, err)
		}
	}
}

func TestCondition(t *testing.T) {
	then, later := time.Unix(1, 0), time.Unix(2, 0)
	consolidated := Mark{Rows: 3, SyncedAt: later, Newest: later}
	for _, c := range []struct {
		s    sight
		m    Mark
		want Condition
	}{
		{sight{}, Mark{}, Absent},
		{sight{}, consolidated, Dropped},
		{sight{exists: true}, Mark{}, Foreign},
		{sight{exists: true, ours: true}, Mark{}, Intact},
		{sight{exists: true, ours: true}, consolidated, Emptied},
		{sight{true, true, 3, later}, consolidated, Intact},
		{sight{true, true, 2, later}, consolidated, Fewer},
		{sight{true, true, 3, then}, consolidated, Restored},
		{sight{true, true, 4, then}, consolidated, Restored},
	} {
		if got := condition(c.s, c.m); got != c.want {
			t.Errorf("%+v of %+v: got %s, want %s", c.s, c.m, got, c.want)
		}
	}
}

func TestParts(t *testing.T) {
	m := Merge{Attempt: "a", AbsentReason: "purged"}
	ledger := []entry{
		{Job: "j1", Op: Delete, Columns: []string{"id"}, Rows: 8},
		{Job: "j0", Op: Seen, Columns: []string{"id"}, Rows: 9, Reason: "hidden", ReadAt: time.Unix(7, 0)},
		{Job: "j6", Op: Patch, Columns: []string{"id", "fax"}, Rows: 1},
		{Job: "j2", Op: Put, Columns: []string{"id", "name"}, Rows: 3},
		{Job: "j3", Op: Put, Columns: []string{"name", "id"}, Rows: 4},
		{Job: "j4", Op: Put, Columns: []string{"id"}},
		{Job: "j2", Op: Put, Columns: []string{"id", "name"}},
		{Job: "j5", Op: Patch, Columns: []string{"id", "fax"}, Rows: 2}, // a patch that was read later is merged later
		{Job: "j6", Op: Patch, Columns: []string{"id", "fax"}, Rows: 1},
		{Job: "j7", Op: Put, Columns: []string{"id"}, Override: true},
		{Job: "j8", Op: Delete, Columns: []string{"id"}, Rows: 1, Reason: "archived"},
	}
	want := []part{
		{op: Put, columns: []string{"id", "name"}, jobs: []string{"j2", "j3"}, rows: 7, reason: "purged"},
		{op: Put, columns: []string{"id"}, jobs: []string{"j4"}, reason: "purged"},
		{op: Put, columns: []string{"id"}, jobs: []string{"j7"}, reason: "purged", override: true},
		{op: Patch, columns: []string{"id", "fax"}, jobs: []string{"j6"}, rows: 2, reason: "purged"},
		{op: Patch, columns: []string{"id", "fax"}, jobs: []string{"j5"}, rows: 2, reason: "purged"},
		{op: Delete, columns: []string{"id"}, jobs: []string{"j1"}, rows: 8, reason: "purged"},
		{op: Delete, columns: []string{"id"}, jobs: []string{"j8"}, rows: 1, reason: "archived"},
		{op: Seen, columns: []string{"id"}, jobs: []string{"j0"}, rows: 9, reason: "hidden", readAt: time.Unix(7, 0)},
	}
	if got := parts(m, ledger); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	m.Override = true
	for _, p := range parts(m, ledger) {
		if p.override == (p.op == Seen) {
			t.Errorf("in a rebuild: %+v", p)
		}
	}
}

func TestAdvance(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	old := Mark{Watermark: day(5), Generation: 1, Grade: "proven"}
	for _, c := range []struct {
		by   Merge
		want Mark
	}{
		{Merge{}, old},
		{Merge{Watermark: day(4), Generation: 1, Grade: "lagged"}, old},
		{Merge{Watermark: day(6), Generation: 1, Grade: "lagged"},
			Mark{Watermark: day(6), Generation: 1, Grade: "lagged"}},
		{Merge{Watermark: day(4), Generation: 2, Grade: "lagged"},
			Mark{Watermark: day(4), Generation: 2, Grade: "lagged"}},
	} {
		if got := advance(old, c.by); got != c.want {
			t.Errorf("%+v: got %+v, want %+v", c.by, got, c.want)
		}
	}
}

func TestQuote(t *testing.T) {
	if got := DuckDB().Table("s", `a"b`); got != `"s"."a""b"` {
		t.Errorf("got %s", got)
	}
}

// A recorder is a transaction that only writes down what it is asked to do.
type recorder struct {
	Tx
	said []string
}

func (r *recorder) Exec(_ context.Context, sql string, _ ...any) (int64, error) {
	r.said = append(r.said, sql)
	return 0, nil
}

func TestGrant(t *testing.T) {
	w := &shaper{&store{d: Postgres(), o: Options{Schema: "s", GrantTo: []string{"reader", `od"d`}}}}
	r := &recorder{}
	if err := doSteps(t.Context(), r, w.grants(Table{Name: "account"})); err != nil {
		t.Fatal(err)
	}
	want := []string{`GRANT USAGE ON SCHEMA "s" TO "reader"`, `GRANT SELECT ON "s"."account" TO "reader"`,
		`GRANT USAGE ON SCHEMA "s" TO "od""d"`, `GRANT SELECT ON "s"."account" TO "od""d"`}
	if !reflect.DeepEqual(r.said, want) {
		t.Errorf("got %q", r.said)
	}
}

func TestColumnType(t *testing.T) {
	super := Redshift(SuperLongText)
	for _, c := range []struct {
		d      *Dialect
		length int
		want   string
	}{
		{Postgres(), 18, "TEXT"}, {DuckDB(), 255, "VARCHAR"},
		{Redshift(FailLongText), 18, "VARCHAR(72)"}, {Redshift(FailLongText), 0, "VARCHAR(65535)"},
		{Redshift(FailLongText), 16383, "VARCHAR(65532)"}, {Redshift(FailLongText), 16384, "VARCHAR(65535)"},
		{Redshift(TruncateLongText), 131072, "VARCHAR(65535)"},
		{super, 16383, "VARCHAR(65532)"}, {super, 16384, "SUPER"}, {super, 0, "VARCHAR(65535)"},
	} {
		if got := c.d.columnType(Column{Kind: Text, Length: c.length}); got != c.want {
			t.Errorf("%s, %d characters: got %s, want %s", c.d.Name, c.length, got, c.want)
		}
	}
}

// What Redshift can't do in place is done by another column.
func TestShapeOfRedshift(t *testing.T) {
	d := Redshift(FailLongText)
	want := Table{Object: "Account", Name: "account", Key: []string{"id"},
		Columns: []Column{{Name: "id", Kind: Text, Length: 18}, {Name: "name", Kind: Text, Length: 255}}}
	has := []stored{{Name: "id", Type: "character varying", Bytes: 72},
		{Name: "name", Type: "character varying", Bytes: 320}}
	for _, c := range finalOwn() {
		has = append(has, stored{Name: c.Name, Type: d.of(c.Kind).Stored, Bytes: 65535})
	}
	ddl, changes, err := shape(d, "s", want, has, finalOwn())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(ddl, steps(`ALTER TABLE "s"."account" ADD COLUMN "_catchment_wider" VARCHAR(1020)`,
		`UPDATE "s"."account" SET "_catchment_wider" = "name"`,
		`ALTER TABLE "s"."account" DROP COLUMN "name"`, `ALTER TABLE "s"."account" RENAME COLUMN "_catchment_wider" TO "name"`)) {
		t.Errorf("statements: %v", ddl)
	}
	if !reflect.DeepEqual(changes,
		[]Change{{Table: "account", Column: "name", What: Widened, Detail: "VARCHAR(1020)"}}) {
		t.Errorf("changes: %v", changes)
	}
	want.Columns[1].Name = strings.Repeat("n", 128)
	if _, _, err := shape(d, "s", want, has, finalOwn()); plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
		t.Errorf("a name of 128 bytes: %v", err)
	}
}
