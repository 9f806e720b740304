package replicate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/flow"
	"catchment/internal/outcome"
	"catchment/internal/replicate"
	"catchment/internal/rig"
	"catchment/internal/stepfunctions"
	"catchment/internal/stepfunctions/asltest"
)

// errStop is what StopExecution does to a machine.
var errStop = errors.New("the execution was stopped")

// machines run a rig's flows by machines: each call of a step is a process of
// its own, as in Lambda at its worst.
type machines struct {
	*rig.Rig
	mu    sync.Mutex
	runs  int
	over  map[string]bool // executions that have ended, by their ARN
	calls []string
	warm  *rig.Process                                 // one for all calls, as in Lambda at its best; may be nil
	log   io.Writer                                    // of the functions; may be nil
	end   func(killed bool)                            // ends the call under way
	begun func(function string, end func(killed bool)) // sees calls begin; may be nil
}

func machinesOf(r *rig.Rig) *machines { return &machines{Rig: r, over: map[string]bool{}} }

// execute runs one execution of the machine. It is stopped before the state
// that enter refuses.
func (c *machines) execute(enter func(state string) error) error {
	c.mu.Lock()
	c.runs++
	arn := fmt.Sprintf("arn:aws:states:x:execution:catchment:%d", c.runs)
	c.mu.Unlock()
	m := stepfunctions.Render(rig.PlanOf(c.Flows), stepfunctions.Options{Function: func(step string) string {
		return step
	}, Flows: len(c.Flows)})
	in := asltest.Interpreter{Invoke: c.invoke, Enter: enter}
	_, err := in.Run(c.T.Context(), m, arn, c.Now())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over[arn] = true
	return err
}

// invoke is one life of a Lambda function. One at a time, since one process has
// the files of the rig open.
func (c *machines) invoke(_ context.Context, function string, payload []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var call stepfunctions.Call
	if err := json.Unmarshal(payload, &call); err != nil {
		return nil, err
	}
	c.calls = append(c.calls, function+" "+call.Task.Flow)
	var f rig.Fate
	p := c.warm
	if p == nil {
		p = c.Start(&f)
		defer p.Close()
	}
	stop, stopped := make(chan struct{}), sync.Once{}
	c.end = func(killed bool) {
		if killed {
			f.Kill()
		}
		stopped.Do(func() { close(stop) })
	}
	if c.begun != nil {
		c.begun(function, c.end)
	}
	h := stepfunctions.Handler{Publish: replicate.Publish, Metrics: c.log, Now: c.Now,
		Open: func(_ context.Context, o stepfunctions.Order) (stepfunctions.Work, error) {
			p.Options.Holder, p.Options.Alone, p.Options.Stop = o.Holder, false, stop
			p.Options.Dead = func(holder string) bool { return c.over[holder] }
			how := func(ctx context.Context, run string) (outcome.Outcome, error) {
				row, err := p.Control.Run(ctx, run)
				return outcome.Of(row), err
			}
			return stepfunctions.Work{Steps: p.ReplicatorOf(call.Step).Steps(), Outcome: how}, nil
		}}
	out, err := h.Call(p.Ctx, call)
	if f.Alive() != nil {
		return nil, &asltest.Error{Name: "Sandbox.Timedout", Cause: "the function was killed"}
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// A rig with a flow for each mover.
func newMachines(t *testing.T) *machines {
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Account": 30, "Contact": 20}, nil), "Account", "Contact")
	r.Keeps("Account", "Name", "Industry", "ParentId")
	r.Keeps("Contact", "LastName", "Email", "AccountId")
	r.Flows[0].Mover, r.Flows[1].Mover = flow.Bulk, flow.REST
	return machinesOf(r)
}

// The machine does what the engine does, also where no two of its calls share a
// process, or have more than their step needs; and each takes up what the other has left.
func TestMachineAndEngineTakeTurns(t *testing.T) {
	t.Parallel()
	c := newMachines(t)
	c.charges(func() { c.Must(c.execute(nil)) })
	c.Agrees()
	c.change()
	c.charges(func() { c.Done(nil) })
	c.Agrees()
	c.change()
	c.charges(func() { c.Must(c.execute(nil)) })
	c.Agrees()
}

// charges holds what a run says of its API calls, however many processes made
// them, to the org's own counters.
func (c *machines) charges(run func()) {
	c.T.Helper()
	want := int64(charged(c.Rig.Calls(run)))
	p := c.Start(nil)
	defer p.Close()
	rows, err := p.Control.Runs(p.Ctx)
	c.Must(err)
	row, flows := rows[0], int64(0)
	for _, o := range row.Objects {
		flows += o.Calls
	}
	if row.Calls != want || flows == 0 || flows > want {
		c.T.Errorf("the run says %d calls, its flows %d, the org %d", row.Calls, flows, want)
	}
}

// change lets some time pass in which records change.
func (c *machines) change() {
	c.T.Helper()
	c.Later(time.Hour)
	if _, err := c.Org.History(10, uint64(c.runs)+1); err != nil {
		c.T.Fatal(err)
	}
	c.Later(time.Hour)
}

// A machine that is stopped before any of its states, and started again, ends
// right; and so does the engine in its place. Neither waits for the leases of
// an execution that is over.
func TestMachineIsStoppedAnywhere(t *testing.T) {
	t.Parallel()
	states := 0
	var count sync.Mutex
	if err := newMachines(t).execute(func(string) error {
		count.Lock()
		defer count.Unlock()
		states++
		return nil
	}); err != nil || states < 36 {
		t.Fatalf("%d states, %v", states, err)
	}
	stride := 7
	if testing.Short() {
		stride = 17
	}
	if *crashEvery > 0 {
		stride = *crashEvery
	}
	for at := 1; at <= states; at += stride {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			c := newMachines(t)
			entered := 0
			err := c.execute(func(string) error {
				count.Lock()
				defer count.Unlock()
				if entered++; entered >= at {
					return errStop
				}
				return nil
			})
			if !errors.Is(err, errStop) {
				t.Fatalf("before state %d: %v", at, err)
			}
			if at%2 == 0 {
				c.Done(nil)
			} else if err := c.execute(nil); err != nil {
				t.Fatalf("started again: %v", err)
			}
			c.Agrees()
		})
	}
}

// A run whose execution goes on keeps its leases: the second one waits for its
// end and takes nothing.
func TestSecondMachineWaits(t *testing.T) {
	t.Parallel()
	c := newMachines(t)
	second := false
	err := c.execute(func(state string) error {
		c.mu.Lock()
		begin := state == "start" && !second
		second = second || begin
		c.mu.Unlock()
		if begin {
			if err := c.execute(nil); err == nil {
				t.Error("a second execution ended well while the first was at it")
			}
		}
		return nil
	})
	if err != nil || !second {
		t.Errorf("the first execution: %v", err)
	}
	c.Agrees()
}

// A function whose life ends in the middle of load: it stops at a page in time,
// or it is killed at any moment. The next call goes on from there.
func TestFunctionEndsInTheMiddleOfLoad(t *testing.T) {
	t.Parallel()
	for name, killed := range map[string]bool{"stops": false, "is killed": true} {
		t.Run(name, func(t *testing.T) {
			r := rig.New(t, rig.NewOrg(t, map[string]int{"Account": 100}, nil), "Account")
			r.Flows[0].Mover = flow.Bulk
			c := machinesOf(r)
			var results, ends int
			var mu sync.Mutex
			r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				next.ServeHTTP(w, req)
				mu.Lock()
				defer mu.Unlock()
				if !strings.HasSuffix(req.URL.Path, "/results") {
					return
				}
				if results++; results%4 == 0 && ends < 3 { // a machine tries again five times
					ends++
					c.end(killed)
				}
			})
			if err := c.execute(nil); err != nil {
				t.Fatal(err)
			}
			loads := 0
			for _, call := range c.calls {
				if call == "load Account" {
					loads++
				}
			}
			if ends != 3 || loads < 4 {
				t.Errorf("load was called %d times, of which %d were ended", loads, ends)
			}
			r.Between(nil)
			c.Agrees()
		})
	}
}

// Two runners whose leases live in different control tables know nothing of
// each other: the warehouse's fencing number decides. The older one writes
// nothing any more and says so; nothing is lost.
func TestTwoControlTables(t *testing.T) {
	t.Parallel()
	c := newMachines(t)
	var once sync.Once
	move := func(from, to string) {
		for _, end := range []string{"", "-wal", "-shm"} {
			if err := os.Rename(c.Path(from+end), c.Path(to+end)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
	}
	err := c.execute(func(state string) error {
		if state != "start" {
			return nil
		}
		once.Do(func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			move("control.db", "control.first")
			c.Done(func(p *rig.Process) { p.Options.Alone = false })
			move("control.db", "control.second")
			move("control.first", "control.db")
		})
		return nil
	})
	if named, ok := errors.AsType[*asltest.Error](err); !ok || named.Name != "Catchment.NotDone" {
		t.Errorf("the older runner ends with %v", err)
	}
	c.Agrees()
	c.change()
	for range 2 { // the first ends what the older runner had open
		if err := c.execute(nil); err != nil {
			t.Errorf("the next execution: %v", err)
		}
	}
	c.Agrees()
}

// One flow among several that can't be read fails alone: the execution is not
// done, the others are, and the next one mends it.
func TestOneBadFlowInAMachine(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Account": 20, "Contact": 20, "Case": 20, "Opportunity": 20}, nil),
		"Account", "Contact", "Case", "Opportunity")
	for i := range r.Flows {
		r.Flows[i].Mover = flow.REST
	}
	c := machinesOf(r)
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.Contains(req.URL.Query().Get("q"), "FROM Case") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`[{"errorCode":"INVALID_FIELD","message":"no such column"}]`))
			return
		}
		next.ServeHTTP(w, req)
	})
	err := c.execute(nil)
	if named, ok := errors.AsType[*asltest.Error](err); !ok || named.Name != "Catchment.Partial" ||
		!strings.Contains(named.Cause, `"object":"Case"`) || !strings.Contains(named.Cause, "INVALID_FIELD") {
		t.Errorf("the execution ends with %v", err)
	}
	p := r.Start(nil)
	runs, err := p.Control.Runs(t.Context())
	p.Close()
	if err != nil || len(runs) != 1 || runs[0].State != "partial" {
		t.Fatalf("%+v, %v", runs, err)
	}
	for _, o := range runs[0].Objects {
		if (o.State == "done") != (o.Object != "Case") || (o.Error != "") != (o.Object == "Case") {
			t.Errorf("%s is %s: %s", o.Object, o.State, o.Error)
		}
	}
	r.Between(nil)
	if err := c.execute(nil); err != nil {
		t.Errorf("the next execution: %v", err)
	}
	c.Agrees()
}
