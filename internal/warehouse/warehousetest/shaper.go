package warehousetest

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

func conditions(r *rig) {
	ctx := r.t.Context()
	is := func(want shape.Condition) {
		r.t.Helper()
		m, _, err := r.w.Mark(ctx, "Account")
		must(r.t, err)
		got, err := r.w.Inspect(ctx, r.table, m, at(1000))
		must(r.t, err)
		same(r.t, "condition", got, want)
	}
	never := r.table
	never.Name = "never"
	got, err := r.w.Inspect(ctx, never, warehouse.Mark{}, at(1000))
	must(r.t, err)
	same(r.t, "condition", got, shape.Absent)
	is(shape.Intact)
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, false, "three")))
	is(shape.Intact)
	r.subject.Copy(r.t, Final, "account", "backup")
	r.read(r.puts("a2", 200, rec("1", 110, false, "uno"), rec("2", 110, false, "due")))
	r.read(r.puts("a3", 200, rec("1", 9, false, "nothing new")))
	is(shape.Intact)
	r.subject.Delete(r.t, Final, "account", "3")
	is(shape.Fewer)
	r.read(r.puts("a4", 300, rec("4", 210, false, "quattro")))
	is(shape.Fewer) // what is missing stays missing, however many rows come
	whole := r.puts("a5", 400, rec("1", 110, false, "uno"), rec("2", 110, false, "due"), rec("3", 10, false, "three"),
		rec("4", 210, false, "quattro"))
	whole.merge.Complete = true
	r.read(whole)
	is(shape.Intact)
	hand := r.find("2")
	r.subject.Delete(r.t, Final, "account", "2")
	for column, want := range map[string]shape.Condition{"_catchment_at": shape.Ahead,
		"_catchment_read_at": shape.Ahead, "systemmodstamp": shape.Intact} { // the last keeps no change off
		was := hand[column]
		hand[column] = row("", moment(at(9000)))[""]
		r.subject.Insert(r.t, Final, "account", hand)
		is(want)
		r.subject.Delete(r.t, Final, "account", "2")
		hand[column] = was
	}
	is(shape.Fewer)
	rows, err := r.w.Recount(ctx, r.fence, r.table) // who has looked at them may say that it is right so
	must(r.t, err)
	same(r.t, "rows", rows, 3)
	is(shape.Intact)
	r.subject.Delete(r.t, Final, "account")
	is(shape.Emptied)
	r.subject.Insert(r.t, Final, "account", r.subject.Look(r.t, Final, "backup")...)
	is(shape.Restored)
	r.subject.Drop(r.t, Final, "account")
	is(shape.Dropped)
	r.subject.Make(r.t, Final, "account", "id")
	is(shape.Foreign)
}

// loseKey replaces the final table by a copy of itself.
func loseKey(r *rig) {
	r.t.Helper()
	r.subject.Copy(r.t, Final, "account", "copy")
	r.subject.Drop(r.t, Final, "account")
	r.subject.Rename(r.t, Final, "copy", "account")
}

// keyIs proves what became of the final table's key, where keys are enforced.
func keyIs(r *rig, want evidence.Key) {
	r.t.Helper()
	if !r.subject.Traits().Enforces {
		want = evidence.Key{}
	}
	got, err := r.w.Key(r.t.Context(), r.table)
	must(r.t, err)
	same(r.t, "key", fmt.Sprint(got), fmt.Sprint(want))
}

func keyLost(r *rig) {
	ctx := r.t.Context()
	keyIs(r, evidence.Key{})
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two")))
	keyIs(r, evidence.Key{})
	for name, do := range map[string]func() error{
		"prepare": func() error { _, err := r.w.Prepare(ctx, r.fence, r.table); return err },
		"consolidate": func() error {
			_, err := r.try(r.puts("a2", 200, rec("1", 110, false, "uno"), rec("3", 110, false, "three")))
			return err
		},
		"mend": func() error {
			_, err := r.w.Mend(ctx, r.fence, r.mending("mend", 300, nil, rec("2", 10, false, "due")))
			return err
		},
	} {
		loseKey(r)
		keyIs(r, evidence.Key{Lost: true})
		if err := do(); err != nil {
			r.t.Errorf("%s: %v", name, err)
		}
		keyIs(r, evidence.Key{})
	}
	sameRows(r.t, r.rows("id", "name"), "1|uno", "2|due", "3|three")
}

// Where keys are enforced, no way goes on before each record has one row.
func keyRepeated(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, false, "three")))
	loseKey(r)
	r.subject.Insert(r.t, Final, "account", r.find("1"), r.find("2"), r.find("1"))
	repeated := evidence.Key{Lost: true, Repeats: 2, Repeated: []string{"1", "2"}}
	keyIs(r, repeated)
	in := r.puts("a2", 200, rec("1", 110, false, "uno"))
	_, prepared := r.w.Prepare(ctx, r.fence, r.table)
	_, read := r.try(in)
	_, mended := r.w.Mend(ctx, r.fence, r.mending("mend", 300, nil, rec("3", 10, false, "tre")))
	for what, err := range map[string]error{"prepare": prepared, "consolidate": read, "mend": mended} {
		if !r.subject.Traits().Enforces {
			must(r.t, err)
			continue
		}
		same(r.t, what+": class", plan.ClassOf(err), plan.Fix)
		same(r.t, what+": hint", strings.Contains(plan.HintOf(err), "verify --repair Account"), true)
		same(r.t, what+": the Ids", strings.Contains(fmt.Sprint(err), "2 records") &&
			strings.HasSuffix(fmt.Sprint(err), ": 1 2"), true)
	}
	must(r.t, r.w.Distinct(ctx, r.fence, r.table))
	keyIs(r, evidence.Key{})
	same(r.t, "rows", len(r.rows("id")), 3)
	if r.subject.Traits().Enforces {
		r.read(in)
	}
	r.read(r.puts("a3", 400, rec("1", 310, false, "uno"), rec("2", 310, false, "due")))
	sameRows(r.t, beginning("1|", r.rows("id", "name")), "1|uno")

	nameless := r.find("1")
	nameless["id"] = nil
	loseKey(r)
	r.subject.Insert(r.t, Final, "account", nameless)
	keyIs(r, evidence.Key{Lost: true, Nameless: 1})
	_, err := r.w.Prepare(ctx, r.fence, r.table)
	same(r.t, "rows without a key", plan.ClassOf(err) == plan.Fix, r.subject.Traits().Enforces)
}

func schemaChanges(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one")))
	again, err := r.w.Prepare(ctx, r.fence, r.table)
	must(r.t, err)
	same(r.t, "changes when nothing changed", len(again), 0)

	var kept []shape.Column
	for _, c := range r.table.Columns {
		if c.Name != "name" {
			kept = append(kept, c)
		}
	}
	r.table.Columns = append(kept, shape.Column{Name: "fax", Field: "Fax", Kind: shape.Text})
	changes, err := r.w.Prepare(ctx, r.fence, r.table)
	must(r.t, err)
	if len(changes) > 0 { // how the type is called is the warehouse's own
		same(r.t, "the type is told", changes[0].Detail != "", true)
		changes[0].Detail = ""
	}
	same(r.t, "changes", fmt.Sprint(changes), fmt.Sprint([]shape.Change{
		{Table: "account", Column: "fax", What: "added"},
		{Table: "account", Column: "name", What: "vanished", Detail: "the column keeps its old values"}}))
	r.read(reading{name: "a2", readAt: at(200), pages: []warehouse.Page{
		r.page("Id,SystemModstamp,Fax", "1,2026-03-01T03:00:00.000Z,555", "2,2026-03-01T03:00:00.000Z,556")}})
	sameRows(r.t, r.rows("id", "name", "fax"), "1|one|555", "2|~|556")

	r.table.Columns[0].Kind = shape.Int // a text column takes whatever comes
	_, err = r.w.Prepare(ctx, r.fence, r.table)
	must(r.t, err)
}

// otherTypes: a field becomes a wider number, a narrower one, a text, and a number
// again. Every value that it had is there in words.
func otherTypes(r *rig) {
	ctx := r.t.Context()
	become := func(kind shape.Kind, name, value string) {
		for i, c := range r.table.Columns {
			if c.Field == "Employees" {
				r.table.Columns[i] = shape.Column{Name: "employees", Field: "Employees", Kind: kind}
			}
		}
		var err error
		r.table, _, err = r.w.Adapt(ctx, r.table)
		must(r.t, err)
		_, err = r.w.Prepare(ctx, r.fence, r.table)
		must(r.t, err)
		o := schema.Object{Name: "Account",
			Fields: []schema.Field{{Name: "Employees", Label: "E", Type: schema.Type(kind)}}}
		must(r.t, r.w.Describe(ctx, r.fence, o, r.table))
		p := r.page("Id,Employees", name+","+value)
		p.Digits = []room.Digits{{Field: "Employees", Whole: 12, Fraction: 2}}
		r.read(reading{name: name, readAt: at(100), pages: []warehouse.Page{p}})
	}
	become(shape.Int, "a1", "7")
	become(shape.Decimal, "a2", "123456789012.25")
	become(shape.Int, "a3", "8")
	become(shape.Text, "a4", "nine")
	become(shape.Text, "a5", "ten")
	become(shape.Int, "a6", "11")
	var got []string
	got = append(got, r.rows("employees")...)
	sameRows(r.t, got, "7", "123456789012.25", "8", "nine", "ten", "11")
	_, past, err := r.w.Adapt(ctx, r.table)
	must(r.t, err)
	same(r.t, "what is remembered", fmt.Sprint(past.Fields), "[{Employees employees E int 0 0 0 false}]")
	same(r.t, "what is rewritten", len(past.Retyped)+len(past.Held), 0)

	none := r.table
	none.Name, none.Object = "never_made", "Never"
	none, past, err = r.w.Adapt(ctx, none)
	must(r.t, err)
	same(r.t, "a table that isn't there", none.Name+fmt.Sprint(past), "never_made{[] []  [] map[] false false}")
}

// describedOddly: a label, or a value of a picklist, may hold a NUL. It is there as it is, or as
// the symbol for it.
func describedOddly(r *rig) {
	ctx := r.t.Context()
	o := schema.Object{Name: "Account", Label: "Acc\x00ount", Fields: []schema.Field{{Name: "Name", Label: "Na\x00me",
		Type: "picklist", PicklistValues: []schema.PicklistValue{{Value: "a\x00b", Label: "A\x00B"}}}}}
	must(r.t, r.w.Describe(ctx, r.fence, o, r.table))
	_, past, err := r.w.Adapt(ctx, r.table)
	must(r.t, err)
	same(r.t, "what is remembered", strings.ReplaceAll(fmt.Sprint(past.Fields), "\x00", "\u2400"),
		"[{Name name Na\u2400me picklist 0 0 0 false}]")
}

// leftBehind: where a column can't take what its field has become, the field gets
// another. The old one keeps what a record had until a version of it is written, and
// has nothing from then on: patches write none, and older versions don't either.
func leftBehind(r *rig) {
	ctx := r.t.Context()
	become := func(typ schema.Type, kind shape.Kind) {
		for i, c := range r.table.Columns {
			if c.Field == "Name" {
				r.table.Columns[i] = shape.Column{Name: "rank", Field: "Name", Kind: kind}
			}
		}
		var err error
		r.table, _, err = r.w.Adapt(ctx, r.table)
		must(r.t, err)
		_, err = r.w.Prepare(ctx, r.fence, r.table)
		must(r.t, err)
		o := schema.Object{Name: "Account", Fields: []schema.Field{{Name: "Name", Type: typ, Length: 80}}}
		must(r.t, r.w.Describe(ctx, r.fence, o, r.table))
	}
	become(schema.Date, shape.Date)
	r.read(r.puts("a1", 100, rec("1", 10, false, "2026-03-01"), rec("2", 10, false, "2026-03-02"),
		rec("3", 10, false, "2026-03-03"), rec("4", 10, false, "2026-03-04")))
	become("text", shape.Text)
	c, _ := r.table.Column("Name")
	same(r.t, "the new column", c.Name, "rank_text")
	_, past, err := r.w.Adapt(ctx, r.table)
	must(r.t, err)
	same(r.t, "what is remembered", fmt.Sprint(past.Fields), "[{Name rank_text  text 80 0 0 false}]")
	same(r.t, "columns", slices.Contains(past.Columns, "rank") && slices.Contains(past.Columns, "rank_text"), true)

	r.table.Retired = []string{"rank"}
	patch := r.page("Id,SystemModstamp,Name", "2,"+at(10).Format("2006-01-02T15:04:05.000Z")+",zwei")
	r.read(reading{name: "a2", op: warehouse.Patch, readAt: at(200), pages: []warehouse.Page{patch}})
	sameRows(r.t, r.rows("id", "rank", "rank_text"),
		"1|2026-03-01|~", "2|2026-03-02|zwei", "3|2026-03-03|~", "4|2026-03-04|~")
	r.read(r.puts("a3", 200, rec("1", 150, false, "eins"), rec("3", 150, true, ""), rec("4", 5, false, "vier")))
	sameRows(r.t, r.rows("id", "rank", "rank_text"), "1|~|eins", "2|2026-03-02|zwei", "3|~|~", "4|2026-03-04|~")
	r.read(r.puts("a4", 300, rec("2", 250, false, "due"))) // no deleted one among them: the short way
	sameRows(r.t, r.rows("id", "rank", "rank_text"), "1|~|eins", "2|~|due", "3|~|~", "4|2026-03-04|~")
}

// calledBack: a column that a flow gave a name, and gives it no more, is called again
// what it is called by itself; its values stay.
func calledBack(r *rig) {
	ctx := r.t.Context()
	call := func(name string, chosen ...string) []shape.Change {
		for i, c := range r.table.Columns {
			if c.Field == "Name" {
				r.table.Columns[i].Name = name
			}
		}
		r.table.Chosen = chosen
		var err error
		r.table, _, err = r.w.Adapt(ctx, r.table)
		must(r.t, err)
		changes, err := r.w.Prepare(ctx, r.fence, r.table)
		must(r.t, err)
		o := schema.Object{Name: "Account", Fields: []schema.Field{{Name: "Name", Type: schema.String}}}
		must(r.t, r.w.Describe(ctx, r.fence, o, r.table))
		return changes
	}
	call("name")
	r.read(r.puts("a1", 100, rec("1", 10, false, "one")))
	same(r.t, "as the flow wants it", fmt.Sprint(call("title", "title")), "[{account title renamed was name}]")
	r.read(r.puts("a2", 200, rec("2", 110, false, "two")))
	same(r.t, "as it is by itself", fmt.Sprint(call("name")), "[{account name renamed was title}]")
	same(r.t, "once", len(call("name")), 0)
	r.read(r.puts("a3", 300, rec("3", 210, false, "three")))
	sameRows(r.t, r.rows("id", "name"), "1|one", "2|two", "3|three")
}

func foreignTable(r *rig) {
	r.subject.Make(r.t, Final, "contact", "id")
	r.table.Object, r.table.Name, r.fence.Flow = "Contact", "contact", "Contact"
	_, err := r.w.Claim(r.t.Context(), r.fence, "contact", org)
	must(r.t, err)
	refused := func() {
		r.t.Helper()
		foretold := r.w.Admits(r.t.Context(), r.table)
		_, err = r.w.Prepare(r.t.Context(), r.fence, r.table)
		same(r.t, "class", plan.ClassOf(err), plan.Fix)
		same(r.t, "hint", plan.HintOf(err) != "", true)
		same(r.t, "foretold", fmt.Sprint(foretold), fmt.Sprint(err))
		same(r.t, "foretold hint", plan.HintOf(foretold), plan.HintOf(err))
	}
	refused()
	same(r.t, "staging is made", slices.Contains(r.subject.Tables(r.t, Staging), "contact"), false)

	r.subject.Make(r.t, Staging, "task", "id") // in the way of pages only
	r.table.Name = "task"
	refused()
	same(r.t, "final is made", slices.Contains(r.subject.Tables(r.t, Final), "task"), false)

	r.table.Name = "lead"
	must(r.t, r.w.Admits(r.t.Context(), r.table))
	same(r.t, "a look makes tables", slices.Contains(r.subject.Tables(r.t, Staging), "lead"), false)
	r.table.Key = nil
	refused()
}

func migrations(r *rig) {
	ctx := r.t.Context()
	must(r.t, r.w.Migrate(ctx))
	r.subject.Insert(r.t, Staging, "_catchment_version", row("version", "99"))
	err := r.w.Migrate(ctx)
	same(r.t, "a newer version is refused", plan.ClassOf(err), plan.Fix)
	same(r.t, "hint", plan.HintOf(err) != "", true)
	if !r.subject.Traits().Grants {
		w := r.subject.Open(warehouse.Options{Schema: "s", Staging: "t", GrantTo: []string{"reader"}}, Fault{})
		same(r.t, "grants without roles", plan.ClassOf(w.Migrate(ctx)), plan.Fix)
	}
}

func metadata(r *rig) {
	o := schema.Object{Name: "Account", Label: "Konto", KeyPrefix: "001", Fields: []schema.Field{
		{Name: "Id", Label: "Account ID", Type: schema.ID, Length: 18},
		{Name: "Name", Label: "It's a name", Type: schema.Picklist, PicklistValues: []schema.PicklistValue{
			{Value: "a", Label: "A", Active: true, Default: true}, {Value: "b", Label: "B"}}},
		{Name: "Skipped", Label: "not copied", Type: schema.String},
	}}
	for range 2 {
		must(r.t, r.w.Describe(r.t.Context(), r.fence, o, r.table))
	}
	_, past, err := r.w.Adapt(r.t.Context(), r.table)
	must(r.t, err)
	same(r.t, "how Ids began", past.KeyPrefix, "001")
	sameRows(r.t, r.lines(Final, "_catchment_objects", "object", "table_name", "label", "key_prefix"),
		"Account|account|Konto|001")
	sameRows(r.t, r.lines(Final, "_catchment_fields", "field", "column_name", "label", "type", "length"),
		"Id|id|Account ID|id|18", "Name|name|It's a name|picklist|0")
	sameRows(r.t,
		r.lines(Final, "_catchment_picklists", "field", "position", "value", "label", "active", "is_default"),
		"Name|1|a|A|true|true", "Name|2|b|B|false|false")
}
