package lake_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/maintained"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// contacts is the table of another flow than that of stamped.
func contacts() shape.Table {
	t := stamped()
	t.Object, t.Name = "Contact", "contact"
	return t
}

// holdingTwo is a lake with two flows. Each of our own tables that holds rows of a flow has some of both.
func holdingTwo(t *testing.T) *holder {
	t.Helper()
	h := holding(t)
	second := warehouse.Fence{Flow: "Contact", Number: 1}
	_, err := h.w.Claim(t.Context(), second, "contact", org)
	must(t, err)
	_, err = h.w.Prepare(t.Context(), second, contacts())
	must(t, err)
	for _, of := range []shape.Table{stamped(), contacts()} {
		f := warehouse.Fence{Flow: of.Object, Number: 1}
		must(t, h.w.Describe(t.Context(), f, describedAs(of), of))
		must(t, h.bring(of, of.Object+"1", versions(1, 3, 0)...))
		must(t, h.bring(of, of.Object+"2", "001,"+noon.Add(time.Hour).Format("2006-01-02T15:04:05.000Z")+",true"))
		must(t, h.reject(of, of.Object+"3"))
	}
	return h
}

// describedAs is what Salesforce says of the object of a table.
func describedAs(of shape.Table) schema.Object {
	return schema.Object{Name: of.Object, Fields: []schema.Field{{Name: "Id"}, {Name: "SystemModstamp"},
		{Name: "IsDeleted"}}}
}

// bring loads and merges records of a flow that removes what is deleted.
func (h *holder) bring(of shape.Table, attempt string, lines ...string) error {
	return h.bringPage(of, attempt, page(attempt, lines))
}

// reject has a record of a flow kept out.
func (h *holder) reject(of shape.Table, attempt string) error {
	p := page(attempt, versions(3, 3, 5))
	out := paged(attempt, strings.Join(warehouse.RejectedHeader(), ",")+"\n"+of.Object+
		",009,2026-03-01T12:00:00.000Z,Id,unfit: no number,\n", 1)
	p.Rejected = &out
	return h.bringPage(of, attempt, p)
}

func (h *holder) bringPage(of shape.Table, attempt string, p warehouse.Page) error {
	h.t.Helper()
	f := warehouse.Fence{Flow: of.Object, Number: 1}
	if _, err := h.w.Load(h.t.Context(), f, warehouse.Batch{Table: of, Attempt: attempt, Job: attempt,
		ReadAt: time.Now(), Pages: []warehouse.Page{p}}); err != nil {
		return err
	}
	_, err := h.w.Consolidate(h.t.Context(), f, warehouse.Merge{Table: of, Attempt: attempt, Policy: gone.Remove,
		Pages: 1, Rows: p.Rows})
	return err
}

// run does with a flow what a run does.
func (h *holder) run(of shape.Table, attempt string) error {
	ctx := h.t.Context()
	must(h.t, h.w.Migrate(ctx))
	if _, _, err := h.w.Adapt(ctx, of); err != nil {
		return err
	}
	if err := h.w.Describe(ctx, warehouse.Fence{Flow: of.Object, Number: 1}, describedAs(of), of); err != nil {
		return err
	}
	if _, err := h.w.Consolidated(ctx, attempt); err != nil {
		return err
	}
	return h.bring(of, attempt, versions(1, 3, 90)...)
}

// sideOf is where one of our own tables is.
func sideOf(of own.Table) warehousetest.Side {
	if of.Beside {
		return warehousetest.Final
	}
	return warehousetest.Staging
}

// filesOf are the data files of one of our own tables that have rows of a flow; all where it isn't partitioned.
func (h *holder) filesOf(of own.Table, flow shape.Table) (paths []string) {
	data, _, err := tables.Files(h.t.Context(), h.find(h.t, sideOf(of), of.Name))
	must(h.t, err)
	for _, file := range data {
		for _, value := range file.Partition() {
			if value != flow.Object && value != flow.Name {
				continue
			}
			paths = append(paths, where(file.FilePath()))
		}
		if of.By == "" {
			paths = append(paths, where(file.FilePath()))
		}
	}
	return paths
}

// The ways to lose what is in a file.
var harms = map[string]func(string) error{
	"missing": os.Remove,
	"half of it": func(path string) error {
		is, err := os.Stat(path)
		if err != nil {
			return err
		}
		return os.Truncate(path, is.Size()/2)
	},
}

// TestOwnLost has one of our own tables lose what it knows of a flow. Whoever needs it hears which file it is and what
// to do next, other flows go on, and after that the flow does, too.
func TestOwnLost(t *testing.T) {
	t.Parallel()
	for i, of := range own.All() {
		if slices.Contains([]string{own.Flow, own.Erased, own.Picklists, own.Archive, own.Files}, of.Name) {
			continue // without rows here
		}
		for how, harm := range harms {
			if of.Name != own.Fields && (how == "missing") != (i%2 == 0) { // each in turn, to spare time
				continue
			}
			t.Run(of.Name+" "+how, func(t *testing.T) {
				t.Parallel()
				h := holdingTwo(t)
				keeper, _ := maintained.Of(h.w)
				if of.Name == own.Log { // its files become one, which may have any attempt
					_, err := keeper.MaintainOwn(t.Context(), maintained.All)
					must(t, err)
				}
				paths := h.filesOf(of, stamped())
				if len(paths) == 0 {
					t.Fatal("there is nothing to lose")
				}
				for _, path := range paths {
					must(t, harm(path))
				}

				err := h.run(stamped(), "Both") // between the names of other attempts
				lost, is := errors.AsType[*rows.LostFile](err)
				if !is || !slices.Contains(paths, where(lost.Path)) || !strings.HasSuffix(lost.Table, "."+of.Name) ||
					plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "maintain --let-go") {
					t.Errorf("%v, of class %s, hint %q", err, plan.ClassOf(err), plan.HintOf(err))
				}
				if of.Name != own.Log { // in which all flows have their lines
					must(t, h.run(contacts(), "beside"))
				}
				if is, err := h.w.Consolidated(t.Context(), "Contact1"); err != nil || !is { // so says its table, too
					t.Errorf("consolidated: %v, %v", is, err)
				}
				h.letsGo(sideOf(of), of.Name, len(paths))
				must(t, h.run(stamped(), "after"))
			})
		}
	}
}

// letsGo has our own tables let go of what one of them has lost, which is told before and with it.
func (h *holder) letsGo(side warehousetest.Side, name string, files int) {
	h.t.Helper()
	keeper, _ := maintained.Of(h.w)
	for _, how := range []maintained.How{maintained.Look, maintained.LetGo} {
		w, err := keeper.MaintainOwn(h.t.Context(), how)
		must(h.t, err)
		told := 0
		for _, r := range w.Tables {
			if r.Table == string(side)+"."+name {
				told += len(r.Lost)
			} else if len(r.Lost) > 0 {
				h.t.Errorf("%s has lost %d files", r.Table, len(r.Lost))
			}
		}
		if told != files {
			h.t.Errorf("%s: %d files of %d are told", how, told, files)
		}
	}
}

// TestOwnListsLost has one of our own tables lose what describes it, or what lists its files. It is named with what to
// do; who drops it has the next run make a new one, the registry included.
func TestOwnListsLost(t *testing.T) {
	t.Parallel()
	for _, of := range own.All() {
		for what, path := range map[string]func(*holder) string{
			"metadata": func(h *holder) string { return h.find(h.t, sideOf(of), of.Name).MetadataLocation() },
			"list": func(h *holder) string {
				s := h.find(h.t, sideOf(of), of.Name).CurrentSnapshot()
				if s == nil {
					return ""
				}
				return s.ManifestList
			},
		} {
			how, harm := "missing", harms["missing"]
			if what == "list" {
				how, harm = "half of it", harms["half of it"]
			}
			t.Run(of.Name+" "+what+" "+how, func(t *testing.T) {
				t.Parallel()
				h := holdingTwo(t)
				at := path(h)
				if at == "" {
					return // it has no rows here
				}
				must(t, harm(where(at)))

				keeper, _ := maintained.Of(h.w)
				_, err := keeper.MaintainOwn(t.Context(), maintained.Look)
				name := string(sideOf(of)) + "." + of.Name
				if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "table "+name+" ") ||
					!strings.Contains(plan.HintOf(err), "drop table "+name+" in the lake's catalog: the next run") {
					t.Errorf("%v, of class %s, hint %q", err, plan.ClassOf(err), plan.HintOf(err))
				}
				must(t, h.DropTable(t.Context(), tables.Name(string(sideOf(of)), of.Name)))
				must(t, h.w.Migrate(t.Context()))
				for _, flow := range []shape.Table{stamped(), contacts()} {
					_, err := h.w.Claim(t.Context(), warehouse.Fence{Flow: flow.Object, Number: 1}, flow.Name, org)
					must(t, err)
					must(t, h.run(flow, "after"+flow.Object))
				}
			})
		}
	}
}
