package replicate_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/rig"
	"catchment/internal/warehouse"
)

// Of many flows that have nothing new, one has lost its table, another one its fence in the
// middle of the run: each is told, and all others move on. What somebody took from a third,
// its key and what is written down of it, is made again, though nothing of it has changed.
func TestSomeOfManyQuietFlows(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{}, nil)
	var objects []string
	for i := range 8 {
		object := fmt.Sprintf("Thing%d__c", i)
		objects = append(objects, object)
		err := org.AddObject(object, fmt.Sprintf("b%02d", i), fakeorg.Field{Name: "T__c", Type: "string"})
		if err == nil {
			_, err = org.Create(object, map[string]any{"T__c": "a value"})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r := rig.New(t, org, objects...)
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	before := map[string]time.Time{}
	for _, o := range objects {
		before[o] = r.FlowRow(o).Watermark
	}
	r.Exec("DROP TABLE salesforce.thing2__c")
	r.Exec("CREATE TABLE salesforce.copied AS SELECT * FROM salesforce.thing3__c")
	r.Exec("DROP TABLE salesforce.thing3__c")
	r.Exec("ALTER TABLE salesforce.copied RENAME TO thing3__c")
	r.Exec("DELETE FROM salesforce._catchment_fields WHERE object = 'Thing4__c'")

	p := r.Start(nil)
	var once sync.Once
	p.Before = func(step string, task plan.Task) {
		if step == replicate.Consolidate && task.Flow == "Thing5__c" {
			once.Do(func() {
				taken := warehouse.Fence{Flow: task.Flow, Number: task.Fence + 1}
				_, err := p.Warehouse.Claim(t.Context(), taken, "thing5__c", org.ID())
				r.Must(err)
			})
		}
	}
	row := p.Run()
	defer p.Close()
	for _, o := range row.Objects {
		moved := r.FlowRow(o.Object).Watermark.After(before[o.Object])
		switch o.Object {
		case "Thing2__c":
			if o.State != control.FlowFailed || !strings.Contains(o.Error, "dropped") || moved {
				t.Errorf("without a table: %+v", o)
			}
		case "Thing5__c":
			if o.State == control.FlowDone || moved {
				t.Errorf("without its fence: %+v", o)
			}
		default:
			if o.State != control.FlowDone || !moved {
				t.Errorf("one of the others: %+v", o)
			}
		}
	}
	for what, query := range map[string]string{
		"the key": "SELECT CAST(1 AS VARCHAR) FROM duckdb_constraints() WHERE table_name = 'thing3__c' " +
			"AND schema_name = 'salesforce' AND constraint_type = 'PRIMARY KEY'",
		"what is written down": "SELECT CAST(1 AS VARCHAR) FROM salesforce._catchment_fields " +
			"WHERE object = 'Thing4__c' AND field = 'T__c'",
	} {
		if len(p.Query(query)) == 0 {
			t.Errorf("%s wasn't made again", what)
		}
	}
}
