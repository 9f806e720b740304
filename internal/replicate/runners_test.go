package replicate_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	fake "catchment/internal/fakeaws/appflow"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/rig"
)

// intoRedshift copies an org into a Redshift of its own, by one mover.
func intoRedshift(t *testing.T, org *fakeorg.Org, by flow.Mover) (*machines, *cloud) {
	t.Helper()
	r := rig.New(t, org, "Account", "Contact")
	r.Keeps("Account", "Name", "Industry", "AnnualRevenue")
	r.Keeps("Contact", "LastName", "Email", "Birthdate")
	r.Shelf = shelfOf(t, "redshift")
	for i := range r.Flows {
		r.Flows[i].Mover = by
	}
	var c *cloud
	if by == flow.ByAppFlow {
		c = newCloud(t, r, nil)
		itself, err := r.Shelf.Open(r) // AppFlow's own way to Redshift, whatever process dies
		r.Must(err)
		t.Cleanup(func() { r.Must(itself.Close()) })
		r.Begun = func(p *rig.Process) {
			c.with(p)
			c.driver = itself
		}
	}
	return machinesOf(r), c
}

// leaves is all that a run leaves in the warehouse, as texts: the final tables,
// the log and the marks, without the moments at which somebody read or
// consolidated and the names of attempts; and how much is staged still.
func leaves(r *rig.Rig) []string {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	var all []string
	for _, table := range []string{"salesforce.account", "salesforce.contact", "salesforce_incremental._catchment_log",
		"salesforce_incremental._catchment_flow"} {
		schema, name, _ := strings.Cut(table, ".")
		var columns []string
		for _, c := range p.Query("SELECT CAST(column_name AS VARCHAR) FROM information_schema.columns WHERE " +
			"table_schema = '" + schema + "' AND table_name = '" + name + "'") {
			if !slices.Contains([]string{"_catchment_read_at", "_catchment_synced_at", "synced_at", "newest",
				"attempt"}, *c[0]) {
				columns = append(columns, *c[0])
			}
		}
		slices.Sort(columns)
		var rows []string
		for _, row := range p.Query("SELECT CAST(" + strings.Join(columns, " AS VARCHAR), CAST(") +
			" AS VARCHAR) FROM " + table) {
			text := table
			for i, v := range row {
				if v != nil {
					text += " " + columns[i] + "=" + lasting(r.T, columns[i], *v)
				}
			}
			rows = append(rows, text)
		}
		slices.Sort(rows)
		all = append(all, rows...)
	}
	for _, table := range []string{"account", "contact", "_catchment_page", "_catchment_attempt"} {
		n := p.Query("SELECT CAST(count(*) AS VARCHAR) FROM salesforce_incremental." + table)
		all = append(all, fmt.Sprintf("%s rows in %s", *n[0][0], table))
	}
	return all
}

// lasting is a value without who wrote it, and when.
func lasting(t testing.TB, column, value string) string {
	t.Helper()
	if column != "memory" {
		return value
	}
	m, err := recall.Parse(value)
	if err != nil {
		t.Fatal(err)
	}
	m.Writer, m.SweptAt, m.RefreshedAt, m.Looked = recall.Writer{}, time.Time{}, time.Time{}, time.Time{}
	text, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The same three runs, by the engine into one Redshift and by the machine into
// another: tables, marks and the counts in the log are identical.
func TestBothRunnersLeaveTheSameInRedshift(t *testing.T) {
	t.Parallel()
	for _, by := range []flow.Mover{flow.Bulk, flow.ByAppFlow} {
		t.Run(string(by), func(t *testing.T) {
			org := rig.NewOrg(t, map[string]int{"Account": 20, "Contact": 20}, nil)
			local, onLocal := intoRedshift(t, org, by)
			cloud, onCloud := intoRedshift(t, org, by)
			for round := range 3 {
				if by == flow.ByAppFlow { // every second put is done twice
					onLocal.flows.Script(fake.Script{Object: "Account", Again: 2})
					onCloud.flows.Script(fake.Script{Object: "Account", Again: 2})
				}
				local.Done(nil)
				if err := cloud.execute(nil); err != nil {
					t.Fatal(err)
				}
				got, want := leaves(cloud.Rig), leaves(local.Rig)
				if !slices.Equal(got, want) {
					t.Fatalf("round %d: the machine leaves\n%s\nthe engine\n%s", round, differing(got, want),
						differing(want, got))
				}
				if len(want) < 40 {
					t.Fatalf("only %d lines: %s", len(want), want)
				}
				if round == 2 {
					cloud.Agrees()
					break
				}
				local.Later(time.Hour)
				if _, err := org.History(15, uint64(round)+1); err != nil {
					t.Fatal(err)
				}
				local.Later(time.Hour)
			}
			if by == flow.ByAppFlow {
				onLocal.nothingLeft()
				onCloud.nothingLeft()
			}
		})
	}
}

// differing is the lines of one that aren't in another.
func differing(lines, others []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(lines), func(l string) bool {
		return slices.Contains(others, l)
	}), "\n")
}

// A run that one runner began, and that ended before any of its steps, is ended
// by the other: in Redshift, by Bulk and by AppFlow. What was open is taken up,
// not begun anew.
func TestRunnersTakeOverInRedshift(t *testing.T) {
	t.Parallel()
	steps := []string{replicate.Create, replicate.Ready, replicate.Start, replicate.Done, replicate.Load,
		replicate.Consolidate, replicate.Drop, replicate.Publish}
	for m, by := range []flow.Mover{flow.Bulk, flow.ByAppFlow} {
		for i, step := range steps {
			if *crashEvery == 0 && (i+m)%2 > 0 { // all of them in the long form
				continue
			}
			first, second := "engine", "machine"
			if (i/2+m)%2 == 0 {
				first, second = second, first
			}
			t.Run(fmt.Sprintf("%s, %s before %s, then %s", by, first, step, second), func(t *testing.T) {
				c, on := intoRedshift(t, rig.NewOrg(t, map[string]int{"Account": 9, "Contact": 9}, nil), by)
				if first == "machine" {
					c.stopsBefore(step)
				} else {
					c.diesBefore(step)
				}
				if second == "engine" {
					c.Done(nil)
				} else {
					c.Later(40 * time.Minute) // nobody can ask about a process of another machine: its leases lapse
					if err := c.execute(nil); err != nil {
						t.Fatal(err)
					}
				}
				c.Agrees()
				c.Same()
				c.tookUp(i < len(steps)-2)
				if on != nil {
					on.nothingLeft()
				}
			})
		}
	}
}

// stopsBefore runs a machine that is stopped before it does a step.
func (c *machines) stopsBefore(step string) {
	c.T.Helper()
	if err := c.execute(func(state string) error {
		if state == step {
			return errStop
		}
		return nil
	}); !errors.Is(err, errStop) {
		c.T.Fatalf("not stopped before %s: %v", step, err)
	}
}

// stopped does a run that is asked to stop as it begins a step.
func stopped(r *rig.Rig, step string) {
	r.T.Helper()
	p, stop := r.Start(nil), make(chan struct{})
	defer p.Close()
	p.Options.Stop = stop
	p.Before = func(begun string, _ plan.Task) {
		if begun == step {
			close(stop)
		}
	}
	if row := p.Run(); row.State == control.Done {
		r.T.Fatalf("it wasn't stopped: %+v", row)
	}
}

// diesBefore does a run whose process dies as it begins a step.
func (c *machines) diesBefore(step string) {
	c.T.Helper()
	f := &rig.Fate{}
	p := c.Start(f)
	defer p.Close()
	p.Before = func(begun string, _ plan.Task) {
		if begun == step {
			f.Kill()
		}
	}
	p.Run()
	if f.Alive() == nil {
		c.T.Fatalf("the run didn't come to %s", step)
	}
}

// tookUp proves that no attempt was given up, and that the open ones of the
// first run are the only ones.
func (c *machines) tookUp(only bool) {
	c.T.Helper()
	p := c.Start(nil)
	defer p.Close()
	for _, fl := range c.Flows {
		attempts, err := p.Control.Attempts(c.T.Context(), fl.Object)
		if err != nil || len(attempts) == 0 || only && len(attempts) != 1 {
			c.T.Errorf("%s: %d attempts, %v", fl.Object, len(attempts), err)
		}
		for _, a := range attempts {
			if a.State == control.Abandoned || strings.Contains(strings.Join(a.Notes, " "), "given up") {
				c.T.Errorf("attempt %s was given up: %q", a.ID, a.Notes)
			}
		}
	}
}

// One bad table among twenty, in Redshift: the other nineteen are consolidated,
// the run says that it is partial, nothing of the bad one is lost, and the next
// run, which finds the table mended, goes on with what is loaded.
func TestOneBadTableAmongTwenty(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"User": 1}, nil)
	r := rig.New(t, org)
	for i := range 20 {
		name := fmt.Sprintf("Thing%02d__c", i)
		r.Must(org.AddObject(name, fmt.Sprintf("b%02d", i), fakeorg.Field{Name: "Note__c", Type: "string", Length: 80}))
		for range 3 {
			_, err := org.Create(name, map[string]any{"Note__c": "three"})
			r.Must(err)
		}
		r.Flows = append(r.Flows, flow.Flow{Object: name, Deletes: flow.Flag, Mover: flow.REST, Naming: flow.Lower,
			NUL: flow.Replace})
		r.Keeps(name, "Note__c")
	}
	r.Later(time.Hour)
	r.Shelf = shelfOf(t, "redshift")
	bad := "Thing07__c"
	row := r.Run(func(p *rig.Process) {
		p.Before = func(step string, task plan.Task) {
			if step == replicate.Consolidate && task.Flow == bad {
				// "three" has five bytes
				typed(t, r.Shelf, "ALTER TABLE salesforce.thing07__c ALTER COLUMN note__c TYPE VARCHAR(3)")
			}
		}
	})
	if row.State != control.Partial {
		t.Fatalf("the run is %s", row.State)
	}
	for _, o := range row.Objects {
		if (o.State == control.FlowDone) != (o.Object != bad) || (o.Error != "") != (o.Object == bad) {
			t.Errorf("%s is %s: %s", o.Object, o.State, o.Error)
		}
	}
	p := r.Start(nil)
	for i := range 20 {
		table := fmt.Sprintf("thing%02d__c", i)
		final, staged := len(p.Query("SELECT CAST(id AS VARCHAR) FROM salesforce."+table)),
			len(p.Query("SELECT CAST(id AS VARCHAR) FROM salesforce_incremental."+table))
		if want := strings.EqualFold(table, bad); (final == 0) != want || (staged == 3) != want || final+staged != 3 {
			t.Errorf("%s has %d rows, %d staged", table, final, staged)
		}
	}
	p.Close()
	typed(t, r.Shelf, "ALTER TABLE salesforce.thing07__c ALTER COLUMN note__c TYPE VARCHAR(320)")
	r.Done(nil)
	r.Same()
	attempts, err := func() ([]control.Attempt, error) {
		p := r.Start(nil)
		defer p.Close()
		return p.Control.Attempts(t.Context(), bad)
	}()
	if err != nil || len(attempts) != 1 {
		t.Errorf("%d attempts of the bad table, %v", len(attempts), err)
	}
}
