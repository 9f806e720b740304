package replicate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/many"
)

type movesEach func(context.Context, []many.Move) (map[string]warehouse.Counts, error)

// An intercepted warehouse lets a test stand where the marks of many flows are moved together.
type intercepted struct {
	warehouse.Warehouse
	many.Flows
	by func(context.Context, []many.Move, movesEach) (map[string]warehouse.Counts, error)
}

func (i intercepted) Many() many.Flows { return i }

func (i intercepted) MoveEach(ctx context.Context, moves []many.Move) (map[string]warehouse.Counts, error) {
	return i.by(ctx, moves, i.Flows.MoveEach)
}

func intercept(
	p *rig.Process, by func(context.Context, []many.Move, movesEach) (map[string]warehouse.Counts, error),
) {
	p.Warehouse = intercepted{p.Warehouse, many.Of(p.Warehouse), by}
}

// Where the marks of quiet flows can't be moved together, or nobody hears that they were, the steps do what is left:
// each flow ends as any other does, and its attempt is merged once.
func TestQuietFlowsLeftToTheSteps(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]func(context.Context, []many.Move, movesEach) (map[string]warehouse.Counts, error){
		"nothing is done": func(context.Context, []many.Move, movesEach) (map[string]warehouse.Counts, error) {
			return nil, errors.New("the warehouse is gone for a moment")
		},
		"the answer is lost": func(
			ctx context.Context, moves []many.Move, move movesEach,
		) (map[string]warehouse.Counts, error) {
			_, err := move(ctx, moves)
			return nil, errors.Join(err, errors.New("the connection broke"))
		},
		"it is done for one of them": func(
			ctx context.Context, moves []many.Move, move movesEach,
		) (map[string]warehouse.Counts, error) {
			return move(ctx, moves[:1])
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			org := rig.NewOrg(t, map[string]int{"Account": 3, "Contact": 3, "Case": 3}, nil)
			r := rig.New(t, org, "Account", "Contact", "Case")
			r.Later(time.Hour)
			r.Done(nil)
			r.Later(time.Hour)
			r.Done(nil)
			r.Later(time.Hour)
			before := r.FlowRow("Case").Watermark
			p := r.Start(nil)
			defer p.Close()
			asked := 0
			intercept(p, func(
				ctx context.Context, moves []many.Move, move movesEach,
			) (map[string]warehouse.Counts, error) {
				asked += len(moves)
				return by(ctx, moves, move)
			})
			row := p.Run()
			if asked != 3 {
				t.Errorf("%d marks were to be moved together, want 3", asked)
			}
			for _, o := range row.Objects {
				if o.State != control.FlowDone || !r.FlowRow(o.Object).Watermark.After(before) {
					t.Errorf("%+v", o)
				}
				lines := p.Query("SELECT CAST(attempt AS VARCHAR) FROM salesforce_incremental._catchment_log " +
					"WHERE attempt = '" + o.Attempt + "'")
				if len(lines) != 1 {
					t.Errorf("%s: the log has %d lines", o.Object, len(lines))
				}
			}
		})
	}
}

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
	intercept(p, func(ctx context.Context, moves []many.Move, move movesEach) (map[string]warehouse.Counts, error) {
		for _, m := range moves {
			if m.Fence.Flow == "Thing5__c" {
				m.Fence.Number++
				_, err := p.Warehouse.Claim(ctx, m.Fence, "thing5__c", org.ID())
				r.Must(err)
			}
		}
		return move(ctx, moves)
	})
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
