package warehousetest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

func loadedTwice(r *rig) {
	in := r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"))
	for range 2 {
		n, err := r.w.Load(r.t.Context(), r.fence, r.batch(in))
		must(r.t, err)
		same(r.t, "rows in the ledger", n, 2)
	}
	in.pages = append(in.pages, r.page(header, rec("3", 10, false, "three")))
	n, err := r.w.Load(r.t.Context(), r.fence, r.batch(in))
	must(r.t, err)
	same(r.t, "rows in the ledger", n, 3)
	pages, rows, err := r.w.Staged(r.t.Context(), "a1", "")
	must(r.t, err)
	same(r.t, "pages", pages, 2)
	same(r.t, "rows", rows, 3)
	same(r.t, "staged rows", len(r.staged("id")), 3)
}

func twoLoaders(r *rig) {
	in := reading{name: "a1", readAt: at(100)}
	for i := range 8 {
		in.pages = append(in.pages, r.page(header, rec(fmt.Sprint(i), 10, false, "x")))
	}
	var wait sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wait.Go(func() {
			_, errs[i] = r.w.Load(r.t.Context(), r.fence, r.batch(in))
		})
	}
	wait.Wait()
	must(r.t, errors.Join(errs...))
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 8, Inserted: 8, Rows: 8})
}

func pageForms(r *rig) {
	plain := r.page(header, rec("1", 10, false, "a file"))
	remote := r.page(header, rec("2", 10, false, "a stream"))
	text, err := os.ReadFile(remote.Path)
	must(r.t, err)
	remote.Path, remote.Open = "", opener(text)
	packed := r.page(header, rec("3", 10, false, "gzipped"))
	text, err = os.ReadFile(packed.Path)
	must(r.t, err)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err = z.Write(text)
	must(r.t, err)
	must(r.t, z.Close())
	packed.Path, packed.Gzip, packed.Open = "", true, opener(b.Bytes())
	empty := r.page(header)
	r.read(reading{name: "a1", readAt: at(100), pages: []warehouse.Page{plain, remote, packed, empty}})
	sameRows(r.t, r.rows("id", "name"), "1|a file", "2|a stream", "3|gzipped")

	upside := r.page("Name,Id", "the header gives the order,4")
	r.read(reading{name: "a2", readAt: at(100), pages: []warehouse.Page{upside}})
	sameRows(r.t, r.rows("id", "name")[3:], "4|the header gives the order")
}

func opener(text []byte) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
}

func otherCounts(r *rig) {
	for _, rows := range []int64{0, 1, 3} {
		in := r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"))
		in.pages[0].Rows = rows
		_, err := r.w.Load(r.t.Context(), r.fence, r.batch(in))
		same(r.t, fmt.Sprintf("%d rows expected of 2: refused", rows), err != nil, true)
	}
	cut := r.puts("a1", 100)
	must(r.t, os.WriteFile(cut.pages[0].Path, []byte(header+"\n1,false,2026-03-01T00:00:00.000Z,\"cut"), 0o600))
	cut.pages[0].Rows = 1
	_, err := r.w.Load(r.t.Context(), r.fence, r.batch(cut))
	same(r.t, "a page whose end is missing is refused", err != nil, true)
	same(r.t, "staged rows", len(r.staged("id")), 0)
	pages, _, err := r.w.Staged(r.t.Context(), "a1", "")
	must(r.t, err)
	same(r.t, "pages in the ledger", pages, 0)
}

func notWhole(r *rig) {
	in := r.puts("a1", 100, rec("1", 10, false, "one"))
	_, err := r.w.Load(r.t.Context(), r.fence, r.batch(in))
	must(r.t, err)
	for _, m := range []warehouse.Merge{{Pages: 2, Rows: 1}, {Pages: 1, Rows: 2}, {}} {
		m.Table, m.Attempt, m.Policy, m.Watermark = r.table, "a1", gone.Flag, at(90)
		_, err := r.w.Consolidate(r.t.Context(), r.fence, m)
		same(r.t, "refused", err != nil, true)
	}
	sameRows(r.t, r.rows("id"))
	mark, _, err := r.w.Mark(r.t.Context(), "Account")
	must(r.t, err)
	same(r.t, "the watermark stays", mark.Watermark.IsZero(), true)
}

func changedPage(r *rig) {
	in := r.puts("a1", 100, rec("1", 10, false, "one"))
	_, err := r.w.Load(r.t.Context(), r.fence, r.batch(in))
	must(r.t, err)
	for name, spoil := range map[string]func(*warehouse.Page){
		"another digest":               func(p *warehouse.Page) { p.Digest = "other" },
		"another count":                func(p *warehouse.Page) { p.Rows++ },
		"another page of the same seq": func(p *warehouse.Page) { p.Key = "other" },
		"another header of the job": func(p *warehouse.Page) {
			p.Key, p.Seq, p.Header = "other", 99, []string{"Id"}
		},
		"a field that has no column": func(p *warehouse.Page) {
			p.Key, p.Seq, p.Header = "other", 99, []string{"Id", "IsDeleted", "SystemModstamp", "What"}
		},
		"a decimal that wasn't counted": func(p *warehouse.Page) {
			p.Key, p.Seq, p.Digits, p.Header = "o", 99, nil, []string{"Id", "IsDeleted", "Name", "Amount__c"}
		},
	} {
		b := r.batch(in)
		b.Pages = append([]warehouse.Page(nil), in.pages...)
		spoil(&b.Pages[0])
		_, err := r.w.Load(r.t.Context(), r.fence, b)
		same(r.t, name+" is a bug", err != nil && plan.ClassOf(err) == plan.Bug, true)
	}
}

func discard(r *rig) {
	ctx := r.t.Context()
	load := func(attempt, job string, records ...string) warehouse.Page {
		p := r.page(header, records...)
		_, err := r.w.Load(ctx, r.fence, warehouse.Batch{Table: r.table, Attempt: attempt, Job: job, ReadAt: at(100),
			Pages: []warehouse.Page{p}})
		must(r.t, err)
		return p
	}
	load("a1", "j1", rec("1", 10, false, "of a job that expired"))
	load("a1", "j2", rec("1", 10, false, "one"), rec("2", 10, false, "two"))
	load("a9", "j9", rec("9", 10, false, "of another attempt"))
	must(r.t, r.w.Discard(ctx, r.fence, "a1", "j2"))
	pages, rows, err := r.w.Staged(ctx, "a1", "")
	must(r.t, err)
	same(r.t, "pages", pages, 1)
	same(r.t, "rows", rows, 2)
	sameRows(r.t, r.staged("id", "name"), "1|one", "2|two", "9|of another attempt")
	must(r.t, r.w.Discard(ctx, r.fence, "a1"))
	sameRows(r.t, r.staged("name"), "of another attempt")
	must(r.t, r.w.Discard(ctx, r.fence, "a1"))
}

// quoted is a value as Bulk API 2.0 writes it.
func quoted(v string) string { return `"` + strings.ReplaceAll(v, `"`, `""`) + `"` }

// texts are values that other copies have lost.
func texts() []string {
	return []string{
		"two\r\nlines", "two\nlines", "a\rb", `he said "x"`, `"`, `","`, `\`, `\"`, "comma, comma", " spaces ", "\t",
		"😀 é 漢字", strings.Repeat("😀", 131_072), strings.Repeat("line \"x\"\r\n", 11_915), "0012345", "N/A", "null",
		"NULL", "None", "nan", "true",
		"1E5", "1700-01-01", "\\N", "'", "-", "\u2028",
	}
}

func values(r *rig) {
	all := texts()
	if r.w.Room().NUL {
		all = append(all, "nul\x00byte")
	}
	if most := r.subject.Traits().LongestText; most > 0 { // the border itself is for a test of the driver's own
		all = append(slices.DeleteFunc(all, func(v string) bool { return len(v) > most }),
			strings.Repeat("😀", most/4-25))
	}
	var records []string
	for i, v := range all {
		records = append(records, fmt.Sprintf(`"%04d",%s`, i, quoted(v)))
	}
	records = append(records, `"8000",""`, `"8001",`)
	r.read(reading{name: "a1", readAt: at(100), pages: []warehouse.Page{r.page("Id,Name", records...)}})
	got := r.rows("id", "name")
	same(r.t, "rows", len(got), len(all)+2)
	for i, v := range all {
		if want := fmt.Sprintf("%04d|%s", i, v); got[i] != want {
			r.t.Errorf("value %d: %.60q has become %.60q", i, want, got[i])
		}
	}
	sameRows(r.t, got[len(all):], "8000|~", "8001|~")

	typed := "Id,SystemModstamp,Amount__c,Employees,Big__c,Born__c,Opens__c"
	r.read(reading{name: "a2", readAt: at(100), pages: []warehouse.Page{r.page(typed,
		"9000,1700-01-01T00:00:00.000Z,-0.01,-2147483648,9223372036854775807,1700-01-01,00:00:00.000Z",
		"9001,4000-12-31T23:59:59.000Z,123456.78,2147483647,-9223372036854775808,4000-12-31,23:59:59.999Z",
		"9002,2026-03-01T00:00:00.000+0000,,,,,")}})
	sameRows(r.t, r.rows("systemmodstamp", "amount__c", "employees", "big__c", "born__c", "opens__c")[len(all)+2:],
		"1700-01-01 00:00:00+00|-0.01|-2147483648|9223372036854775807|1700-01-01|00:00:00",
		"4000-12-31 23:59:59+00|123456.78|2147483647|-9223372036854775808|4000-12-31|23:59:59.999",
		"2026-03-01 00:00:00+00|~|~|~|~|~")
}

func decimals(r *rig) {
	load := func(name string, whole, fraction int, texts ...string) (warehouse.Counts, error) {
		var records []string
		for i, v := range texts {
			records = append(records, fmt.Sprintf("%s-%d,%s", name, i, v))
		}
		p := r.page("Id,Amount__c", records...)
		p.Digits = []room.Digits{{Field: "Amount__c", Whole: whole, Fraction: fraction}}
		return r.try(reading{name: name, readAt: at(100), pages: []warehouse.Page{p}})
	}
	_, err := load("a", 18, 2, "1.25", "123456789012345678.00", "1.2345678E7", "5E-2", "-1.5e+2")
	must(r.t, err)
	_, err = load("b", 1, 17, "0.12345678901234567", "3.5E-10")
	must(r.t, err)
	_, err = load("c", 20, 3, "98765432109876543210.125")
	must(r.t, err)
	var got []string
	for _, v := range r.rows("amount__c") {
		got = append(got, plain(v)) // the scale has grown
	}
	sameRows(r.t, got, "1.25", "123456789012345678", "12345678", "0.05", "-150", "0.12345678901234567", "0.00000000035",
		"98765432109876543210.125")
	if r.subject.Traits().Digits == 0 {
		return // it has room for everything
	}
	_, err = load("d", 30, 9, "1")
	same(r.t, "what can't be kept exactly is refused", err != nil && plan.ClassOf(err) == plan.Fix, true)
	same(r.t, "with a hint", plan.HintOf(err) != "", true)
}

func noValueInErrors(r *rig) {
	const secret = "geheim4711"
	for field, text := range map[string]string{"Employees": secret, "SystemModstamp": secret, "Born__c": secret,
		"IsDeleted": secret, "Big__c": secret, "Opens__c": secret, "Name": `"` + secret + `" x"y`,
		"Amount__c": secret} {
		in := reading{name: "a-" + field, readAt: at(1), pages: []warehouse.Page{r.page("Id,"+field, "1,"+text)}}
		_, err := r.try(in)
		if err == nil {
			r.t.Errorf("%s: a value that doesn't fit was taken", field)
		} else if strings.Contains(err.Error(), secret) {
			r.t.Errorf("the error holds a record's value: %v", err)
		}
	}
}

// wideReading is a page whose decimals have so many digits behind the point.
func (r *rig) wideReading(id string, fraction int) reading {
	p := r.page("Id,Amount__c", fmt.Sprintf("%s,1.%0*d", id, fraction, 7))
	p.Digits = []room.Digits{{Field: "Amount__c", Whole: 1, Fraction: fraction}}
	return reading{name: "a1", readAt: at(100), pages: []warehouse.Page{p}}
}

// twoWideners: each of several loaders needs a wider column than the others. The
// one that finds it otherwise than it saw it looks again; none rounds.
func twoWideners(r *rig) {
	all := reading{name: "a1", readAt: at(100)}
	var wait sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		in := r.wideReading(fmt.Sprint(i), 3+5*i)
		all.pages = append(all.pages, in.pages...)
		wait.Go(func() { _, errs[i] = r.w.Load(r.t.Context(), r.fence, r.batch(in)) })
	}
	wait.Wait()
	must(r.t, errors.Join(errs...))
	same(r.t, "counts", r.read(all), warehouse.Counts{Staged: 4, Inserted: 4, Rows: 4})
	for i := range errs {
		want := fmt.Sprintf("1.%0*d", 3+5*i, 7)
		same(r.t, "amount", plain(r.text(r.find(fmt.Sprint(i)), "amount__c")), want)
	}
}

// edges loads what a warehouse says it has room for, up to the edges of that.
func edges(r *rig) {
	limits := r.w.Room()
	load := func(name, field, text string, d room.Digits) {
		p := r.page("Id,"+field, name+","+text)
		d.Field = field
		p.Digits = []room.Digits{d}
		r.read(reading{name: name, readAt: at(100), pages: []warehouse.Page{p}})
	}
	whole := min(limits.Whole, 60)
	if limits.Digits > 0 {
		whole = limits.Digits - 2 // the scale of the column
	}
	load("most", "Amount__c", strings.Repeat("9", whole), room.Digits{Whole: whole})
	load("least", "Amount__c", "-"+strings.Repeat("9", whole), room.Digits{Whole: whole})
	day := func(year int) string {
		if year < 0 {
			return fmt.Sprintf("-%04d-03-01", -year)
		}
		return fmt.Sprintf("%04d-03-01", year)
	}
	for i, year := range []int{limits.Dates.First, limits.Dates.Last, 1, 9999} {
		if text := day(year); limits.Takes(shape.Date)([]byte(text)) {
			load(fmt.Sprint("day", i), "Born__c", text, room.Digits{})
		} else {
			r.t.Errorf("the room has no day %s", text)
		}
	}
	for i, year := range []int{limits.Stamps.First, limits.Stamps.Last, 1, 9999} {
		if text := day(year) + "T23:59:59.999Z"; limits.Takes(shape.Timestamp)([]byte(text)) {
			load(fmt.Sprint("moment", i), "SystemModstamp", text, room.Digits{})
		} else {
			r.t.Errorf("the room has no moment %s", text)
		}
	}
	same(r.t, "rows", len(r.rows("id")), 10)
}

// outgrown: a column of 32 bits becomes one of 64, in both tables, and what is in it
// stays.
func outgrown(r *rig) {
	load := func(name, text string, beyond bool) {
		p := r.page("Id,Employees", name+","+text)
		p.Digits = []room.Digits{{Field: "Employees", Whole: 10, Beyond32: beyond}}
		r.read(reading{name: name, readAt: at(100), pages: []warehouse.Page{p}})
	}
	load("a", "2147483647", false)
	load("b", "2147483648", true)
	load("c", "-9223372036854775808", true)
	load("d", "5", false)
	sameRows(r.t, r.rows("id", "employees"), "a|2147483647", "b|2147483648", "c|-9223372036854775808", "d|5")
}

// tight: numbers that a column can't take, whatever scale it had, are refused as a whole
// batch, with what there is room for. What fits that is taken.
func tight(r *rig) {
	digits := r.subject.Traits().Digits
	if digits == 0 {
		return // it has room for everything
	}
	load := func(name, text string, whole, fraction int) error {
		p := r.page("Id,Amount__c", name+","+text)
		p.Digits = []room.Digits{{Field: "Amount__c", Whole: whole, Fraction: fraction}}
		_, err := r.try(reading{name: name, readAt: at(100), pages: []warehouse.Page{p}})
		return err
	}
	refused := func(what string, err error, whole, fraction int) {
		t, ok := errors.AsType[*room.Tight](err)
		if !ok || len(t.Room) != 1 {
			r.t.Fatalf("%s: %v", what, err)
		}
		same(r.t, what, t.Room[0], room.Digits{Field: "Amount__c", Whole: whole, Fraction: fraction})
	}
	refused("a digit too many before the point", load("a", strings.Repeat("9", digits-1), digits-1, 0), digits-2, 2)
	refused("too many in all", load("b", "1."+strings.Repeat("1", digits), 1, digits), digits-18, 18)
	must(r.t, load("c", strings.Repeat("9", digits-2), digits-2, 0))
	refused("a scale that what is there has no room for", load("d", "1.125", 1, 3), digits-2, 2)
	must(r.t, load("e", "1.25", 1, 2))
	sameRows(r.t, r.rows("id", "amount__c"), "c|"+strings.Repeat("9", digits-2)+".00", "e|1.25")
}
