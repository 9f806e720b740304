package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/oversql"
)

// wideTexts is how many text fields a wide object has: filled with 20 characters each, they
// are too much for a row of 8 KB.
const wideTexts = 450

// A wideSite has one flow of such an object.
type wideSite struct {
	*site
	table    shape.Table
	attempts int
}

func text(i int) string { return fmt.Sprintf("f%03d__c", i) }

func newWide(t *testing.T, grantTo ...string) *wideSite {
	t.Helper()
	s := &wideSite{site: newSite(t, cluster.Database(t), postgres.Options{}, grantTo...)}
	s.f.Flow = "Wide__c"
	s.table = shape.Table{Object: "Wide__c", Name: "wide__c", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
		{Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
		{Name: "amount__c", Field: "Amount__c", Kind: shape.Decimal},
		{Name: "count__c", Field: "Count__c", Kind: shape.Int}}}
	for i := range wideTexts {
		s.table.Columns = append(s.table.Columns, shape.Column{Name: text(i), Field: text(i), Kind: shape.Text})
	}
	must(t, s.w.Migrate(t.Context()))
	_, err := s.w.Claim(t.Context(), s.f, s.table.Name, "00D000000000001AAA")
	must(t, err)
	s.prepare()
	return s
}

// prepare has the tables follow the columns that s.table has.
func (s *wideSite) prepare() {
	s.t.Helper()
	var err error
	s.table, _, err = s.w.Adapt(s.t.Context(), s.table)
	must(s.t, err)
	_, err = s.w.Prepare(s.t.Context(), s.f, s.table)
	must(s.t, err)
	o := schema.Object{Name: s.table.Object}
	for _, c := range s.table.Columns {
		o.Fields = append(o.Fields, schema.Field{Name: c.Field, Type: "string"})
	}
	must(s.t, s.w.Describe(s.t.Context(), s.f, o, s.table))
}

// A record is values by the names of fields.
type record map[string]string

// filled is a record with 20 characters in so many of its texts.
func filled(id string, hour, texts int) record {
	r := record{"Id": id, "SystemModstamp": fmt.Sprintf("2026-01-01T%02d:00:00.000Z", hour), "IsDeleted": "false",
		"Amount__c": "12345678901234567890.125", "Count__c": "7"}
	for i := range texts {
		r[text(i)] = fmt.Sprintf("%s-%02d-%03d", strings.Repeat("v", 13), hour, i)
	}
	return r
}

// everything is all fields of the table.
func (s *wideSite) everything() []string {
	var header []string
	for _, c := range s.table.Columns {
		header = append(header, c.Field)
	}
	return header
}

// pageOf is records as a page of some fields.
func (s *wideSite) pageOf(header []string, records ...record) warehouse.Page {
	s.t.Helper()
	var b bytes.Buffer
	w := page.NewWriter(&b, header)
	for _, r := range records {
		line := make([]string, len(header))
		for i, field := range header {
			line[i] = r[field]
		}
		must(s.t, w.Write(line))
	}
	must(s.t, w.Flush())
	s.attempts++
	key := fmt.Sprintf("page-%d", s.attempts)
	p := warehouse.Page{Key: key, Digest: key, Seq: int64(s.attempts), Header: header, Rows: int64(len(records)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }}
	for _, field := range header {
		if field == "Amount__c" {
			p.Digits = append(p.Digits, room.Digits{Field: field, Whole: 20, Fraction: 3})
		}
	}
	return p
}

// load loads records as an attempt of their own, and gives its merge.
func (s *wideSite) load(op warehouse.Op, header []string, records ...record) (warehouse.Merge, error) {
	s.t.Helper()
	p := s.pageOf(header, records...)
	b := warehouse.Batch{Table: s.table, Attempt: p.Key, Job: p.Key, Op: op, ReadAt: time.Unix(int64(s.attempts), 0),
		Pages: []warehouse.Page{p}}
	_, err := s.w.Load(s.t.Context(), s.f, b)
	return warehouse.Merge{Table: s.table, Attempt: p.Key, Policy: gone.Flag, Pages: 1, Rows: p.Rows}, err
}

// merge loads records and consolidates them.
func (s *wideSite) merge(op warehouse.Op, header []string, records ...record) warehouse.Counts {
	s.t.Helper()
	m, err := s.load(op, header, records...)
	must(s.t, err)
	c, err := s.w.Consolidate(s.t.Context(), s.f, m)
	must(s.t, err)
	return c
}

// holds compares the final rows with records, all fields of them.
func (s *wideSite) holds(want ...record) {
	s.t.Helper()
	columns := make([]string, len(s.table.Columns))
	for i, c := range s.table.Columns {
		columns[i] = fmt.Sprintf("coalesce(CAST(%s AS TEXT), '')", pgx.Identifier{c.Name}.Sanitize())
		if c.Kind == shape.Timestamp {
			columns[i] = fmt.Sprintf(`to_char(%s, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`, c.Name)
		}
	}
	var got [][]string
	s.ask(&got, "SELECT array_agg(ARRAY["+strings.Join(columns, ", ")+"] ORDER BY id) FROM salesforce.wide__c")
	if len(got) != len(want) {
		s.t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i, r := range want {
		for k, c := range s.table.Columns {
			if got[i][k] != r[c.Field] {
				s.t.Fatalf("%s of %s is %q, want %q", c.Name, r["Id"], got[i][k], r[c.Field])
			}
		}
	}
}

// overflows tells whether the table has an overflow.
func (s *wideSite) overflows() (does bool) {
	s.t.Helper()
	s.ask(&does, "SELECT count(*) > 0 FROM pg_views WHERE schemaname = 'salesforce' AND viewname = 'wide__c'")
	return does
}

func (s *wideSite) overflow(want bool) {
	s.t.Helper()
	if s.overflows() != want {
		s.t.Fatalf("the table has an overflow: %v", !want)
	}
}

func (s *wideSite) exec(sql string) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	must(s.t, err)
	defer conn.Close(s.t.Context())
	_, err = conn.Exec(s.t.Context(), sql)
	must(s.t, err)
}

// Case 02: the first run brings records that are too wide. Each value is there, byte for
// byte, under the table's name.
func TestWideRowInCopy(t *testing.T) {
	t.Parallel()
	s := newWide(t)
	s.overflow(false)
	one, two, sparse := filled("1", 1, wideTexts), filled("2", 1, wideTexts), filled("3", 1, 0)
	two[text(440)] = "a \"quoted\" \\u0041 text,\nof two lines,\tüñí 😀 \x01\x1f \u2028 {\"a\": null}"
	two[text(441)], two[text(442)], two[text(443)] = strings.Repeat("long ", 20000), "null", " "
	c := s.merge(warehouse.Put, s.everything(), one, two, sparse)
	if c.Inserted != 3 || c.Rows != 3 {
		t.Errorf("%+v", c)
	}
	s.overflow(true)
	s.holds(one, two, sparse)
	var types string
	s.ask(&types, "SELECT string_agg(DISTINCT data_type, ', ' ORDER BY data_type) FROM information_schema.columns "+
		"WHERE table_schema = 'salesforce' AND table_name = 'wide__c'")
	if types != "boolean, integer, numeric, text, timestamp with time zone" {
		t.Errorf("types %s", types)
	}
	// and the next runs
	one = filled("1", 2, wideTexts)
	one[text(449)] = ""
	if c = s.merge(warehouse.Put, s.everything(), one); c.Updated != 1 || c.Rows != 3 {
		t.Errorf("%+v", c)
	}
	s.holds(one, two, sparse)
}

// Case 02, later: one record is filled in while others are copied. Rows that are there keep
// what they have.
func TestWideRowLater(t *testing.T) {
	t.Parallel()
	s := newWide(t)
	old, changed := filled("1", 1, 200), filled("2", 1, 200)
	old[text(449)], changed[text(448)] = "stays", "goes"
	s.merge(warehouse.Put, s.everything(), old, changed)
	s.overflow(false)
	// What another attempt has staged in the meantime moves, too.
	waits, err := s.load(warehouse.Put, s.everything(), filled("4", 1, 100))
	must(t, err)
	changed = filled("2", 2, wideTexts)
	s.merge(warehouse.Put, s.everything(), changed, filled("3", 2, 1))
	s.overflow(true)
	_, err = s.w.Consolidate(t.Context(), s.f, waits)
	must(t, err)
	s.holds(old, changed, filled("3", 2, 1), filled("4", 1, 100))
	mark, _, err := s.w.Mark(t.Context(), "Wide__c")
	must(t, err)
	if mark.Rows != 4 {
		t.Errorf("the mark counts %d rows", mark.Rows)
	}
	state, err := s.w.Inspect(t.Context(), s.table, mark, time.Now())
	must(t, err)
	key, err := s.w.Key(t.Context(), s.table)
	must(t, err)
	if state != shape.Intact || key.Lost {
		t.Errorf("%s, its key is lost: %v", state, key.Lost)
	}
}

// A row becomes too wide only in the merge: a patch fills the other half of its fields. So
// does a record that comes in two groups of columns.
func TestWideRowInMerge(t *testing.T) {
	t.Parallel()
	s := newWide(t)
	whole := filled("1", 1, wideTexts)
	half := s.everything()[:250]
	rest := append([]string{"Id", "SystemModstamp"}, s.everything()[250:]...)
	s.merge(warehouse.Put, half, whole)
	s.overflow(false)
	if c := s.merge(warehouse.Patch, rest, whole); c.Patched != 1 {
		t.Errorf("%+v", c)
	}
	s.overflow(true)
	s.holds(whole)
	// What a patch doesn't carry stays, whatever it is of, and an empty value empties.
	some := record{"Id": "1", "SystemModstamp": whole["SystemModstamp"], text(0): "first", text(449): "last"}
	s.merge(warehouse.Patch, []string{"Id", "SystemModstamp", text(0), text(448), text(449)}, some)
	whole[text(0)], whole[text(448)], whole[text(449)] = "first", "", "last"
	s.holds(whole)
	if c := s.merge(warehouse.Patch, []string{"Id", "SystemModstamp", text(449)}, some); c.Patched != 0 {
		t.Errorf("a patch that says the same: %+v", c)
	}
	// So does a version of some columns.
	newer := record{"Id": "1", "SystemModstamp": "2026-01-01T09:00:00.000Z", text(447): "newer"}
	s.merge(warehouse.Put, []string{"Id", "SystemModstamp", text(447)}, newer)
	whole["SystemModstamp"], whole[text(447)] = newer["SystemModstamp"], "newer"
	s.holds(whole)
	// What a field left behind is emptied by a version, but not by a patch.
	s.table.Retired = []string{text(440), text(1)}
	some["SystemModstamp"], some[text(449)] = newer["SystemModstamp"], "again"
	s.merge(warehouse.Patch, []string{"Id", "SystemModstamp", text(449)}, some)
	whole[text(449)] = "again"
	s.holds(whole)
	newer["SystemModstamp"] = "2026-01-01T10:00:00.000Z"
	s.merge(warehouse.Put, []string{"Id", "SystemModstamp", text(447)}, newer)
	whole["SystemModstamp"], whole[text(440)], whole[text(1)] = newer["SystemModstamp"], "", ""
	s.holds(whole)
}

// wideNow is a site whose table has an overflow.
func wideNow(t *testing.T) (*wideSite, record) {
	t.Helper()
	s := newWide(t)
	one := filled("1", 1, wideTexts)
	s.merge(warehouse.Put, s.everything(), one)
	s.overflow(true)
	return s, one
}

// Fields that come later get a column, and a flow may give another name to any.
func TestColumnsOfAnOverflow(t *testing.T) {
	t.Parallel()
	s, one := wideNow(t)
	s.table.Columns = append(s.table.Columns, shape.Column{Name: "new__c", Field: "New__c", Kind: shape.Text},
		shape.Column{Name: "on__c", Field: "On__c", Kind: shape.Date})
	var err error
	s.table, err = s.table.Renamed(map[string]string{text(449): "called", text(0): "first", "Count__c": "counted"})
	must(t, err)
	s.prepare()
	s.holds(one)
	two := filled("2", 2, wideTexts)
	two["New__c"], two["On__c"] = "new", "2026-01-31"
	s.merge(warehouse.Put, s.everything(), two)
	s.holds(one, two)
	one = filled("1", 3, 10)
	one["New__c"] = "newer"
	s.merge(warehouse.Put, s.everything(), one)
	s.holds(one, two)
}

// A column follows its field in both places, and whoever might read the table still may.
func TestTypesInAnOverflow(t *testing.T) {
	t.Parallel()
	const role = "reader_of_types"
	s, one := wideNow(t)
	s.exec("CREATE ROLE " + role + "; GRANT USAGE ON SCHEMA salesforce TO " + role +
		"; GRANT SELECT ON salesforce.wide__c TO " + role)
	s.exec("CREATE INDEX of_theirs ON salesforce._catchment_rows_wide__c (count__c)")
	s.table.Columns[4].Kind = shape.Decimal
	s.prepare()
	two := filled("2", 2, wideTexts)
	two["Count__c"] = "7.5"
	header := slices.DeleteFunc(s.everything(), func(field string) bool { return field == "Count__c" })
	s.merge(warehouse.Put, header, two)
	two["Count__c"] = ""
	s.holds(one, two)
	s.table.Columns[4].Kind, s.table.Columns[3].Kind = shape.Text, shape.Text
	s.prepare()
	s.holds(one, two)
	var may, indexed bool
	s.ask(&may, "SELECT has_table_privilege('"+role+"', 'salesforce.wide__c', 'SELECT')")
	s.ask(&indexed, "SELECT count(*) > 0 FROM pg_indexes WHERE indexname = 'of_theirs'")
	if !may || !indexed {
		t.Errorf("the role may read it: %v; the index is there: %v", may, indexed)
	}
	s.exec("DROP OWNED BY " + role + "; DROP ROLE " + role)
}

// What a flow masks from now on is gone from the overflow, and so is what is erased by a
// column that is in it.
func TestForgottenInAnOverflow(t *testing.T) {
	t.Parallel()
	s, one := wideNow(t)
	two := filled("2", 1, wideTexts)
	two[text(449)] = "two@example.com"
	staged, err := s.load(warehouse.Put, s.everything(), filled("3", 1, 5), two)
	must(t, err)
	_, err = s.w.Consolidate(t.Context(), s.f, staged)
	must(t, err)
	if _, err = s.load(warehouse.Put, s.everything(), two); err != nil {
		t.Fatal(err)
	}
	erased, err := warehouse.RolesOf(s.w).Eraser.Erase(t.Context(), s.f,
		warehouse.Erasure{Table: s.table, Column: text(449), Values: []string{"two@example.com"}})
	must(t, err)
	if erased != (warehouse.Erased{Rows: 1, Staged: 1}) {
		t.Errorf("%+v", erased)
	}
	m, err := s.load(warehouse.Put, s.everything(), filled("3", 2, 5))
	must(t, err)
	m.Forget = []string{text(448), text(0), "count__c"}
	_, err = s.w.Consolidate(t.Context(), s.f, m)
	must(t, err)
	one[text(448)], one[text(0)], one["Count__c"] = "", "", ""
	s.holds(one, filled("3", 2, 5))
}

// Columns that something else uses stay where they are; where too many are used, the error
// names by what.
func TestUsesOfAWideTable(t *testing.T) {
	t.Parallel()
	const role = "reader_of_wide"
	s := newWide(t)
	s.exec("CREATE ROLE " + role + "; GRANT SELECT ON salesforce.wide__c TO " + role)
	s.exec("CREATE VIEW salesforce.theirs AS SELECT id, f449__c, f448__c FROM salesforce.wide__c")
	s.exec("CREATE INDEX by_text ON salesforce.wide__c (f447__c)")
	one := filled("1", 1, wideTexts)
	s.merge(warehouse.Put, s.everything(), one)
	s.overflow(true)
	s.holds(one)
	var last string
	s.ask(&last, "SELECT f449__c FROM salesforce.theirs")
	var may bool
	s.ask(&may, "SELECT has_table_privilege('"+role+"', 'salesforce.wide__c', 'SELECT')")
	if last != one[text(449)] || !may {
		t.Errorf("their view has %q, the role may read it: %v", last, may)
	}
	s.exec("DROP OWNED BY " + role + "; DROP ROLE " + role)

	s = newWide(t)
	s.exec("CREATE VIEW salesforce.everything AS SELECT * FROM salesforce.wide__c")
	_, err := s.load(warehouse.Put, s.everything(), one)
	if err == nil || plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "salesforce.everything") {
		t.Errorf("%v", err)
	}
	s.overflow(false)
	if n := s.stagedWide(); n != 0 {
		t.Errorf("%d rows are staged", n)
	}
}

func (s *wideSite) stagedWide() (n int) {
	s.t.Helper()
	s.ask(&n, "SELECT count(*) FROM salesforce_incremental.wide__c")
	return n
}

// The warehouse compares the values in an overflow: both sides have one.
func TestCompareAnOverflow(t *testing.T) {
	t.Parallel()
	s, one := wideNow(t)
	s.differs(one, "")
	s.exec(`UPDATE salesforce._catchment_rows_wide__c
		SET _catchment_overflow = _catchment_overflow || '{"f449__c": "x"}'`)
	s.differs(one, text(449))

	s = newWide(t) // the record got wide in the org, and isn't copied yet
	s.merge(warehouse.Put, s.everything(), filled("1", 1, 10))
	s.overflow(false)
	one = filled("1", 1, wideTexts)
	for i := range 10 {
		one[text(i)] = filled("1", 1, 10)[text(i)]
	}
	s.differs(one, text(10))
	s.overflow(false)
}

// differs holds the table against one record.
func (s *wideSite) differs(one record, field string) {
	s.t.Helper()
	r, err := s.w.Reading(s.t.Context(), s.f, evidence.Comparison{Table: s.table, Policy: gone.Flag})
	must(s.t, err)
	must(s.t, r.Add(s.t.Context(), []warehouse.Page{s.pageOf(s.everything(), one)}))
	must(s.t, r.Judge(s.t.Context(), 1))
	d, err := r.Difference(s.t.Context(), 10)
	must(s.t, err)
	must(s.t, r.Close(s.t.Context()))
	if d.Source != 1 || d.Warehouse != 1 || d.Missing+d.Extra+d.Stale > 0 || (d.Wrong > 0) != (field != "") ||
		field != "" && !slices.Contains(slices.Concat(d.WrongColumns...), field) {
		s.t.Errorf("want a difference in %q: %+v", field, d)
	}
}

// A procedure that was installed before says that it has to be installed again, and is
// right then.
func TestProcedureOfAnOverflow(t *testing.T) {
	t.Parallel()
	s := newWide(t)
	install := func() {
		t.Helper()
		must(t, warehouse.RolesOf(s.w).Procedures.Install(t.Context(),
			[]warehouse.Procedure{{Table: s.table, Policy: gone.Flag}}))
	}
	problem := func() (text string) {
		t.Helper()
		s.exec(call)
		s.ask(&text, "SELECT coalesce(max(problem), '') FROM (SELECT problem "+
			"FROM salesforce_incremental._catchment_call ORDER BY called_at DESC LIMIT 1) x")
		return text
	}
	install()
	one := filled("1", 1, wideTexts)
	s.merge(warehouse.Put, s.everything(), one)
	s.overflow(true)
	two := filled("2", 2, wideTexts)
	m, err := s.load(warehouse.Put, s.everything(), two)
	must(t, err)
	must(t, s.w.Seal(t.Context(), s.f, m))
	if text := problem(); !strings.Contains(text, "install this again with catchment sql --dialect postgres") {
		t.Errorf("%q", text)
	}
	s.holds(one)
	install()
	if text := problem(); text != "" {
		t.Errorf("%q", text)
	}
	s.holds(one, two)
	// What somebody else puts into staging is merged as well, from where it is.
	s.exec("INSERT INTO salesforce_incremental.wide__c (id, systemmodstamp, f449__c) " +
		"VALUES ('3', '2026-01-01', 'theirs')")
	if text := problem(); text != "" {
		t.Errorf("%q", text)
	}
	s.holds(one, two, record{"Id": "3", "SystemModstamp": "2026-01-01T00:00:00.000Z", text(449): "theirs"})
	patch, err := s.load(warehouse.Patch, []string{"Id", "SystemModstamp", text(0), text(449)},
		record{"Id": "2", "SystemModstamp": two["SystemModstamp"], text(0): "patched"})
	must(t, err)
	must(t, s.w.Seal(t.Context(), s.f, patch))
	if text := problem(); text != "" {
		t.Errorf("%q", text)
	}
	two[text(0)], two[text(449)] = "patched", ""
	s.holds(one, two, record{"Id": "3", "SystemModstamp": "2026-01-01T00:00:00.000Z", text(449): "theirs"})
}

// Where DDL commits there is no overflow: the error says what can be done.
func TestWideRowWhereDDLCommits(t *testing.T) {
	t.Parallel()
	s := newWide(t)
	d, err := postgres.Open(s.url, postgres.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	s.w = oversql.New(oversql.DDLCommits(d)).Open(warehouse.Options{Schema: "salesforce",
		Staging: "salesforce_incremental", Now: time.Now}, warehousetest.Fault{})
	_, err = s.load(warehouse.Put, s.everything(), filled("1", 1, wideTexts))
	if !errors.Is(err, sql.ErrTooWide) || plan.ClassOf(err) != plan.Fix ||
		!strings.Contains(plan.HintOf(err), "exclude some fields of Wide__c") {
		t.Errorf("%v: %s", err, plan.HintOf(err))
	}
}
