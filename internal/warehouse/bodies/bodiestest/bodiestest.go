// Package bodiestest is the contract of a register of files in tests.
//
// Run is the whole suite. A warehouse's test is one line beside that of warehousetest, whose
// Subject it takes.
package bodiestest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/body"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// Run holds the register of the warehouse that open makes to the contract. Each call of open
// is an empty warehouse of its own.
func Run(t *testing.T, open func(t testing.TB) warehousetest.Subject) {
	for name, test := range map[string]func(*testing.T, *desk){
		"what waits, and what doesn't":   waits,
		"a body that may change":         changes,
		"the latest version alone":       latest,
		"what is aside is tried again":   aside,
		"many files, a few at a time":    many,
		"lines are found, and forgotten": found,
		"an old fence writes nothing":    fenced,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newDesk(t, open(t)))
		})
	}
}

// day is when the tests' time begins.
var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// stamp is day as a subject writes it.
const stamp = "2026-03-01 00:00:00+00"

// A desk is a warehouse with a flow of each kind of file.
type desk struct {
	warehousetest.Subject
	w        warehouse.Warehouse
	register bodies.Register
}

func table(object string, further ...shape.Column) shape.Table {
	columns := append([]shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text}, {Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
	}, further...)
	return shape.Table{Object: object, Name: strings.ToLower(object), Key: []string{"id"}, Columns: columns}
}

func versions() shape.Table {
	return table("ContentVersion", shape.Column{Name: "the_size", Field: "ContentSize", Kind: shape.Int},
		shape.Column{Name: "checksum", Field: "Checksum", Kind: shape.Text},
		shape.Column{Name: "islatest", Field: "IsLatest", Kind: shape.Bool},
		shape.Column{Name: "contentlocation", Field: "ContentLocation", Kind: shape.Text})
}

func attachments() shape.Table {
	return table("Attachment", shape.Column{Name: "bodylength", Field: "BodyLength", Kind: shape.Int})
}

func newDesk(t *testing.T, s warehousetest.Subject) *desk {
	clock := day
	d := &desk{Subject: s}
	d.w = s.Open(warehouse.Options{Schema: string(warehousetest.Final), Staging: string(warehousetest.Staging),
		Now: func() time.Time { clock = clock.Add(time.Second); return clock }}, warehousetest.Fault{})
	must(t, d.w.Migrate(t.Context()))
	for _, table := range []shape.Table{versions(), attachments()} {
		_, err := d.w.Claim(t.Context(), fence(table), table.Name, "00D000000000001AAA")
		must(t, err)
		_, err = d.w.Prepare(t.Context(), fence(table), table)
		must(t, err)
	}
	var ok bool
	if d.register, ok = bodies.Of(d.w); !ok {
		t.Fatal("the warehouse has no register")
	}
	return d
}

func fence(t shape.Table) warehouse.Fence { return warehouse.Fence{Flow: t.Object, Number: 1} }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func query(t shape.Table) bodies.Query {
	fields, _ := body.Of(t.Object)
	return bodies.Query{Table: t, Fields: fields, Which: body.All, Now: day}
}

// row makes one of texts, of which "" is null.
func row(pairs ...string) warehousetest.Row {
	r := warehousetest.Row{}
	for name := ""; len(pairs) > 0; pairs = pairs[1:] {
		switch value := pairs[0]; {
		case name == "":
			name = value
			continue
		case value == "":
			r[name] = nil
		default:
			r[name] = &value
		}
		name = ""
	}
	return r
}

// version inserts a row of a ContentVersion of 7 bytes.
func (d *desk) version(t *testing.T, id, checksum string, further ...string) {
	d.Insert(t, warehousetest.Final, "contentversion", row(append([]string{"id", id, "checksum", checksum,
		"the_size", "7", "islatest", "true", "contentlocation", "S"}, further...)...))
}

// waiting checks which files wait, in order.
func (d *desk) waiting(t *testing.T, q bodies.Query, want string) []bodies.File {
	t.Helper()
	files, err := d.register.Waiting(t.Context(), q, "", 100)
	must(t, err)
	var ids []string
	for _, f := range files {
		ids = append(ids, f.ID)
	}
	if got := strings.Join(ids, " "); got != want {
		t.Errorf("%q wait, want %q", got, want)
	}
	return files
}

func (d *desk) tally(t *testing.T, q bodies.Query, want bodies.Tally) {
	t.Helper()
	got, err := d.register.Tally(t.Context(), q)
	must(t, err)
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func (d *desk) write(t *testing.T, of shape.Table, lines ...bodies.Line) {
	t.Helper()
	must(t, d.register.Write(t.Context(), fence(of), of.Object, lines))
}

func copied(id, checksum, sha256 string) bodies.Line {
	return bodies.Line{ID: id, State: bodies.Copied, Version: bodies.Version{Checksum: checksum}, SHA256: sha256,
		MD5: checksum, Size: 7, Type: "text/plain", ReadAt: day}
}

func waits(t *testing.T, d *desk) {
	d.version(t, "3", "c3")
	d.version(t, "1", "c1")
	d.version(t, "2", "", "the_size", "", "contentlocation", "E")
	d.version(t, "4", "c4", "_catchment_deleted_at", stamp)
	d.version(t, "a", "ca")
	d.version(t, "B", "cb") // Ids are ordered by their bytes
	q := query(versions())
	files := d.waiting(t, q, "1 2 3 B a")
	if f := files[0]; f.Version.Checksum != "c1" || f.Size != 7 || f.Location != "S" || f.Line != nil {
		t.Errorf("%+v", f)
	}
	if f := files[1]; f.Version != (bodies.Version{}) || f.Size != -1 || f.Location != "E" {
		t.Errorf("%+v", f)
	}
	d.tally(t, q, bodies.Tally{Waiting: 5})
	for range 2 { // a repeat changes nothing
		d.write(t, versions(), copied("1", "c1", "s1"), copied("B", "other", "s1"),
			bodies.Line{ID: "2", State: bodies.Nothing, Reason: "external"})
	}
	files = d.waiting(t, q, "3 B a")
	if l := files[1].Line; l == nil || *l != copied("B", "other", "s1") {
		t.Errorf("%+v", l)
	}
	d.tally(t, q, bodies.Tally{Copied: 1, Bytes: 7, Nothing: 1, Waiting: 3})
}

func changes(t *testing.T, d *desk) {
	d.Insert(t, warehousetest.Final, "attachment", row("id", "1", "bodylength", "7", "systemmodstamp", stamp),
		row("id", "2", "bodylength", "7", "systemmodstamp", stamp), row("id", "3", "bodylength", "0"))
	q := query(attachments())
	files := d.waiting(t, q, "1 2 3")
	if f := files[0]; !f.Version.Stamp.Equal(day) || f.Size != 7 || f.Location != "" {
		t.Errorf("%+v", f)
	}
	first, second, third := copied("1", "", "s1"), copied("2", "", "s2"), copied("3", "", "s3")
	first.Version.Stamp, second.Version.Stamp = day, day.Add(-time.Microsecond)
	d.write(t, attachments(), first, second, third)
	d.waiting(t, q, "2")
	d.tally(t, q, bodies.Tally{Copied: 2, Bytes: 14, Waiting: 1})
}

func latest(t *testing.T, d *desk) {
	d.version(t, "1", "c1", "islatest", "false")
	d.version(t, "2", "c2")
	d.version(t, "3", "c3", "islatest", "")
	q := query(versions())
	d.waiting(t, q, "1 2 3")
	q.Which = body.Latest
	d.waiting(t, q, "2")
	d.tally(t, q, bodies.Tally{Waiting: 1})
	d.Insert(t, warehousetest.Final, "attachment", row("id", "9"))
	q = query(attachments())
	q.Which = body.Latest // of what has no versions
	d.waiting(t, q, "9")
}

func aside(t *testing.T, d *desk) {
	d.version(t, "1", "c1")
	d.version(t, "2", "c2")
	line := bodies.Line{ID: "1", State: bodies.Aside, Version: bodies.Version{Checksum: "c1"}, Reason: "refused",
		Tries: 3, Again: day.Add(time.Hour)}
	d.write(t, versions(), line)
	q := query(versions())
	d.waiting(t, q, "2")
	d.tally(t, q, bodies.Tally{Aside: 1, Waiting: 1})
	q.Now = day.Add(time.Hour)
	files := d.waiting(t, q, "1 2")
	if l := files[0].Line; l == nil || *l != line {
		t.Errorf("%+v", l)
	}
	d.tally(t, q, bodies.Tally{Aside: 1, Waiting: 1})
}

func many(t *testing.T, d *desk) {
	var lines []bodies.Line
	for i := range 1203 {
		lines = append(lines, copied(fmt.Sprintf("%04d", i), "c", fmt.Sprintf("s%d", i%3)))
	}
	d.write(t, versions(), lines...)
	var got []bodies.Line
	for after := ""; ; after = got[len(got)-1].ID {
		some, err := d.register.Lines(t.Context(), "ContentVersion", after, 500)
		must(t, err)
		if len(some) == 0 {
			break
		}
		got = append(got, some...)
	}
	if !slices.Equal(got, lines) {
		t.Errorf("%d lines", len(got))
	}
	named, err := d.register.Named(t.Context(), []string{"s0", "s1", "s9"})
	must(t, err)
	if len(named) != 2 || !named["s0"] || !named["s1"] {
		t.Error(named)
	}
}

func found(t *testing.T, d *desk) {
	d.write(t, versions(), copied("1", "c1", "s1"), copied("2", "c2", "s1"), copied("3", "c3", "s3"))
	d.write(t, attachments(), copied("1", "", "s9"))
	got, err := d.register.Lookup(t.Context(), "ContentVersion", []string{"3", "1", "7"})
	must(t, err)
	if !slices.Equal(got, []bodies.Line{copied("1", "c1", "s1"), copied("3", "c3", "s3")}) {
		t.Errorf("%+v", got)
	}
	for _, want := range [][]bodies.Line{{copied("1", "c1", "s1")}, nil} { // a repeat finds nothing left
		got, err = d.register.Forget(t.Context(), fence(versions()), "ContentVersion", []string{"1", "7"})
		must(t, err)
		if !slices.Equal(got, want) {
			t.Errorf("%+v", got)
		}
	}
	named, err := d.register.Named(t.Context(), []string{"s1", "s3", "s9"})
	must(t, err)
	if len(named) != 3 { // another line names s1
		t.Error(named)
	}
	if none, err := d.register.Named(t.Context(), nil); err != nil || len(none) != 0 {
		t.Error(none, err)
	}
}

func fenced(t *testing.T, d *desk) {
	old := fence(versions())
	old.Number = 0
	err := d.register.Write(t.Context(), old, "ContentVersion", []bodies.Line{copied("1", "c1", "s1")})
	if !errors.Is(err, warehouse.ErrFenced) {
		t.Error(err)
	}
	_, err = d.register.Forget(t.Context(), old, "ContentVersion", []string{"1"})
	if !errors.Is(err, warehouse.ErrFenced) {
		t.Error(err)
	}
	if lines, err := d.register.Lines(t.Context(), "ContentVersion", "", 9); err != nil || len(lines) > 0 {
		t.Error(lines, err)
	}
}
