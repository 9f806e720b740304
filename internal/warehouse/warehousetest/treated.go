package warehousetest

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// rejecting makes a page of records that the flow's rules kept out, in the version
// of minute 110.
func (r *rig) rejecting(p *warehouse.Page, ids ...string) {
	r.t.Helper()
	var lines []string
	for _, id := range ids {
		lines = append(lines, fmt.Sprintf(`Account,%s,%s,Name,not_null,"{""Id"":""%s"",""AccountId"":""of %s""}"`, id,
			at(110).Format("2006-01-02T15:04:05.000Z"), id, id))
	}
	seq := r.seq
	out := r.page(strings.Join(warehouse.RejectedHeader(), ","), lines...)
	r.seq, out.Seq = seq, p.Seq
	p.Rejected = &out
}

// kept is what is known of rejected records.
func (r *rig) kept() []string {
	r.t.Helper()
	return r.lines(Staging, "_catchment_rejected", "record_key", "_catchment_attempt", "field", "rule", "record")
}

// What is rejected is kept, loaded once, and not taken for absent.
func rejected(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, false, "three")))
	in := r.puts("a2", 200, rec("1", 110, false, "eins"))
	r.rejecting(&in.pages[0], "2", "4")
	in.merge = warehouse.Merge{Complete: true}
	for range 2 {
		_, err := r.w.Load(r.t.Context(), r.fence, r.batch(in))
		must(r.t, err)
	}
	n, err := r.w.Rejected(r.t.Context(), "a2", "")
	must(r.t, err)
	same(r.t, "rejected", n, 2)
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 1, Updated: 1, Deleted: 1, Rows: 3})
	sameRows(r.t, r.rows(columns...), "1|eins|true|~", "2|two|true|~", "3|three|false|purged")
	sameRows(r.t, r.kept(), `2|a2|Name|not_null|{"Id":"2","AccountId":"of 2"}`,
		`4|a2|Name|not_null|{"Id":"4","AccountId":"of 4"}`)
	must(r.t, r.w.Discard(r.t.Context(), r.fence, "a2")) // by who doesn't know that it was consolidated
	must(r.t, r.w.Discard(r.t.Context(), r.fence, "a2", "another job"))
	n, err = r.w.Rejected(r.t.Context(), "a2", "")
	must(r.t, err)
	same(r.t, "rejected by an attempt that was consolidated", n, 2)

	in = r.puts("a3", 300)
	r.rejecting(&in.pages[0], "5")
	_, err = r.w.Load(r.t.Context(), r.fence, r.batch(in))
	must(r.t, err)
	must(r.t, r.w.Discard(r.t.Context(), r.fence, "a3"))
	n, err = r.w.Rejected(r.t.Context(), "a3", "")
	must(r.t, err)
	same(r.t, "rejected by a job that was given up", n, 0)
}

// What is rejected is known by its key and version: a patch leaves its row as it
// was, and a comparison tells it apart, until a version is consolidated.
func rejectedApart(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, false, "three")))
	in := r.puts("a2", 200, rec("1", 110, false, "eins"))
	in.more = []reading{r.patches("", 201, patchRec("1", 110, "7"), patchRec("2", 110, "8"))}
	r.rejecting(&in.pages[0], "2", "4")
	r.rejecting(&in.more[0].pages[0], "1") // that patch alone
	r.read(in)
	sameRows(r.t, r.rows("id", "name", "employees"), "1|eins|7", "2|two|~", "3|three|~")
	var keys []string
	must(r.t, r.w.RejectedKeys(ctx, "a2", "a2-job0", func(key string) { keys = append(keys, key) }))
	slices.Sort(keys)
	same(r.t, "keys", fmt.Sprint(keys), "[2 4]")

	pages := []warehouse.Page{r.page(short, brief("1", 110, false), brief("2", 110, false), brief("3", 10, false),
		brief("4", 110, false))}
	c := r.stamps(150)
	r.finds(c, 9, evidence.Difference{Source: 4, Warehouse: 3, Stale: 1, Outdated: 1, Rejected: 1,
		StaleIDs: []string{"2"}, OutdatedIDs: []string{"2"}, RejectedIDs: []string{"4"}}, pages...)
	pages[0] = r.page(short, brief("1", 110, false), brief("2", 120, false), brief("3", 10, false),
		brief("4", 110, false))
	r.finds(c, 9, evidence.Difference{Source: 4, Warehouse: 3, Stale: 1, Rejected: 1, StaleIDs: []string{"2"},
		RejectedIDs: []string{"4"}}, pages...)

	out(r, warehouse.Merge{}, "1 2 4", 2)
	r.read(r.puts("a3", 300, rec("2", 110, false, "zwei")))
	out(r, warehouse.Merge{}, "1 4", 1)
}

// A record that was read in groups of columns which don't fit together is read again as
// a whole. Where that is rejected, its row stays as it was, and no row comes about.
func rejectedAgain(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two")))
	in := r.puts("a2", 200, rec("1", 110, false, "eins"), rec("2", 110, false, "zwei"), rec("3", 110, false, "drei"))
	groups := r.patches("", 201, patchRec("1", 110, "7"))
	r.rejecting(&groups.pages[0], "2", "3") // of the second group alone
	again := r.puts("", 202)
	again.override, again.pages = true, []warehouse.Page{r.page(header)}
	r.rejecting(&again.pages[0], "2", "3")
	in.more = []reading{groups, again}
	r.read(in)
	sameRows(r.t, r.rows("id", "name", "employees"), "1|eins|7", "2|two|~")
	out(r, warehouse.Merge{}, "2 3", 1)
	r.read(r.puts("a3", 300, rec("2", 120, false, "mended"), rec("3", 120, false, "mended")))
	sameRows(r.t, r.rows("id", "name"), "1|eins", "2|mended", "3|mended")
}

// out proves which records are kept out, and how many of them have a row.
func out(r *rig, m warehouse.Merge, want string, rows int64) {
	r.t.Helper()
	ctx := r.t.Context()
	got, err := r.w.Out(ctx, r.table, m, 99)
	must(r.t, err)
	var ids []string
	for i, one := range got.First {
		ids = append(ids, one.ID)
		same(r.t, "why", one.Field+" "+one.Rule, "Name not_null")
		if i > 0 && int64(i) != rows {
			same(r.t, "order", ids[i-1] < one.ID, true)
		}
	}
	slices.Sort(ids)
	same(r.t, "kept out", strings.Join(ids, " "), want)
	same(r.t, "of them", got.Records, int64(len(ids)))
	same(r.t, "with a row", got.Rows, rows)
	if m.Attempt != "" {
		return
	}
	var paged []string
	for after := ""; ; {
		keys, err := r.w.OutKeys(ctx, r.table, after, 2)
		must(r.t, err)
		if len(keys) == 0 {
			break
		}
		paged, after = append(paged, keys...), keys[len(keys)-1]
	}
	same(r.t, "keys", strings.Join(paged, " "), want)
}

// marked proves which rows are marked as older than what was kept out.
func marked(r *rig, want ...string) {
	r.t.Helper()
	var got []string
	for _, line := range r.lines(Final, "account", "id", "_catchment_rejected_at") {
		if id, at, _ := strings.Cut(line, "|"); at != "~" {
			got = append(got, id)
		}
	}
	slices.Sort(got)
	same(r.t, "marked", strings.Join(got, " "), strings.Join(want, " "))
}

// keeps consolidates an attempt, and proves that what it keeps out was known before.
func keeps(r *rig, in reading, want string, rows int64) {
	r.t.Helper()
	must(r.t, r.load(in))
	out(r, r.mergeOf(in), want, rows)
	r.read(in)
	out(r, warehouse.Merge{}, want, rows)
}

// A rejection is known until something newer is known of its record, and as long the
// record's row says that it is of an older version.
func keptOut(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, false, "three")))
	out(r, warehouse.Merge{}, "", 0)
	in := r.puts("a2", 200)
	r.rejecting(&in.pages[0], "1", "2", "7", "8", "9")
	keeps(r, in, "1 2 7 8 9", 2)
	marked(r, "1", "2")
	sameRows(r.t, r.rows("id", "name"), "1|one", "2|two", "3|three")

	in = r.puts("a3", 300, rec("1", 120, false, "eins"), rec("8", 120, true, "acht"))
	r.rejecting(&in.pages[0], "2", "7")
	keeps(r, in, "2 7 9", 1) // 2 and 7 once more; 8 was deleted
	marked(r, "2")
	same(r.t, "rejections", len(r.kept()), 3)

	in = r.puts("a4", 400)
	in.more = []reading{r.patches("", 401, patchRec("1", 120, "7"))}
	r.rejecting(&in.more[0].pages[0], "3") // a value of it is out of date, and no more
	keeps(r, in, "2 3 7 9", 2)
	marked(r, "2", "3")
	rejects(r, "a4", "3")
	in = r.puts("a5", 500)
	in.more = []reading{r.patches("", 501, patchRec("3", 10, "8"))} // which doesn't carry Name
	keeps(r, in, "2 3 7 9", 2)
	in = r.puts("a6", 600, rec("3", 10, false, "drei"))
	keeps(r, in, "2 7 9", 1)
	marked(r, "2")

	in = r.puts("b1", 650)
	in.more = []reading{r.sees("", 651, "1", "2", "3", "9")}
	keeps(r, in, "2 9", 1) // 7 is there no more
	in = r.puts("a7", 700, rec("3", 130, false, "drei"))
	in.merge = warehouse.Merge{Complete: true, Override: true}
	r.rejecting(&in.pages[0], "2")
	keeps(r, in, "2", 1) // the others are gone
	marked(r, "2")
	in = r.puts("a8", 800)
	in.merge.Complete = true
	keeps(r, in, "", 0)
	marked(r)
}

// What a patch was kept out for is past once another patch brings that field.
func patchKeptOut(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two")))
	in := r.puts("a2", 200)
	in.more = []reading{r.patches("", 201, patchRec("9", 10, "7"))}
	r.rejecting(&in.more[0].pages[0], "1", "2")
	r.read(in)
	r.subject.Update(r.t, Staging, "_catchment_rejected", row("field", "employees")) // as the flow spells it
	marked(r, "1", "2")
	c := evidence.Comparison{Policy: gone.Flag, Before: at(50),
		Table: r.only("id", "isdeleted", "systemmodstamp", "name", "employees")}
	now := r.page(short+",Name,Employees", brief("1", 10, false)+",one,5", brief("2", 10, false)+",deux,6")
	r.finds(c, 9, evidence.Difference{Source: 2, Warehouse: 2, Stale: 1, Outdated: 1, Wrong: 1,
		StaleIDs: []string{"1"}, WrongIDs: []string{"2"}, OutdatedIDs: []string{"1"},
		WrongColumns: [][]string{{"name", "employees"}}}, now)
	in = r.puts("a3", 300)
	in.more = []reading{r.patches("", 301, patchRec("2", 10, "8"))}
	r.read(in)
	marked(r, "1")
	sameRows(r.t, r.rows("id", "name", "employees"), "1|one|~", "2|two|8")
	sameRows(r.t, r.lines(Staging, "_catchment_rejected", "record_key", "field"), "1|employees")
}

// rejects proves which records an attempt kept out.
func rejects(r *rig, attempt, want string) {
	r.t.Helper()
	got, err := r.w.Rejects(r.t.Context(), attempt, 9)
	must(r.t, err)
	var ids []string
	for _, one := range got {
		ids = append(ids, one.ID)
	}
	same(r.t, "rejected", strings.Join(ids, " "), want)
}

// A mask that was added later: the rebuild brings masked values, and what it
// doesn't bring keeps none.
func forgotten(policy gone.Policy, want ...string) func(*rig) {
	return func(r *rig) {
		in := r.puts("a1", 100, rec("1", 10, false, "clear"), rec("2", 10, false, "clear"),
			rec("3", 10, false, "clear"), rec("4", 10, false, "clear"))
		r.rejecting(&in.pages[0], "9")
		in.merge.Policy = policy
		r.read(in)
		in = r.puts("a2", 150, rec("4", 110, true, "clear"))
		in.merge.Policy = policy
		r.read(in)
		r.subject.Update(r.t, Final, "account", row("employees", "7", "masterrecordid", "x"))
		// 1 is there, 2 is purged, 3 is in the recycle bin, 4 was deleted before and is purged since.
		in = r.puts("b1", 200, rec("1", 10, false, "masked"), rec("3", 120, true, "masked"))
		in.merge = warehouse.Merge{Policy: policy, Complete: true, Override: true, Generation: 2, Watermark: at(190),
			Grade:  "proven",
			Forget: []string{"name", "gone__c", "employees"}}
		_, err := r.w.Load(r.t.Context(), r.fence, r.batch(in))
		must(r.t, err)
		must(r.t, r.w.Seal(r.t.Context(), r.fence, r.mergeOf(in)))
		same(r.t, "left to CALL", len(r.subject.Look(r.t, Staging, "_catchment_attempt")), 0)
		r.read(in)
		sameRows(r.t, r.rows("id", "name", "employees", "masterrecordid"), want...)
		sameRows(r.t, r.kept()) // a complete reading lacks it
		sameRows(r.t, r.staged("name"))
	}
}

// A column that gets another name takes its values along.
func renamed(r *rig) {
	ctx := r.t.Context()
	o := schema.Object{Name: "Account", Fields: []schema.Field{{Name: "Id", Type: schema.ID},
		{Name: "Name", Type: schema.String}}}
	describe := func() { must(r.t, r.w.Describe(ctx, r.fence, o, r.table)) }
	describe()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one")))
	var err error
	r.table, err = r.table.Renamed(map[string]string{"NAME": "title", "Nobody": "x"})
	must(r.t, err)
	for range 2 { // the second time there is nothing left to do
		changes, err := r.w.Prepare(ctx, r.fence, r.table)
		must(r.t, err)
		if len(changes) == 1 {
			same(r.t, "change", changes[0],
				shape.Change{Table: "account", Column: "title", What: shape.Renamed, Detail: "was name"})
		}
	}
	describe()
	r.read(r.puts("a2", 200, rec("2", 110, false, "two")))
	sameRows(r.t, r.rows("id", "title"), "1|one", "2|two")
	for _, side := range []Side{Final, Staging} {
		has := r.subject.Columns(r.t, side, "account")
		same(r.t, "a column left behind", len(has) == 0 || slices.Contains(has, "name"), false)
	}
	if _, err := r.table.Renamed(map[string]string{"Amount__c": "title"}); err == nil {
		r.t.Error("two fields share a column")
	}
}
