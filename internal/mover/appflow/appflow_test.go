package appflow_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	fake "catchment/internal/fakeaws/appflow"
	"catchment/internal/fakeaws/stacks"
	"catchment/internal/mover"
	"catchment/internal/mover/appflow"
	"catchment/internal/plan"
	"catchment/internal/schema"
)

func lasting(c *appflow.Config) { c.Lasting = true }

// everyWay runs a test with a stack for each attempt, and with lasting flows.
func everyWay(t *testing.T, test func(t *testing.T, change func(*appflow.Config))) {
	t.Run("stack", func(t *testing.T) { test(t, nil) })
	t.Run("lasting", func(t *testing.T) { test(t, lasting) })
}

func TestLands(t *testing.T) {
	everyWay(t, func(t *testing.T, change func(*appflow.Config)) {
		r := newRig(t, nil)
		l, q := r.lander(change), r.request("Account-1")
		at, err := r.made(l, q, l.Plan(q))
		if err != nil {
			t.Fatal(err)
		}
		if at, err = r.landed(l, at); err != nil || !at.Done {
			t.Fatalf("%+v, %v", at, err)
		}
		rows, keys := r.keys()
		if rows != 100 || keys != 100 || at.Records != 100 || r.into != q.Table ||
			fmt.Sprint(r.head) != fmt.Sprint(q.Columns) {
			t.Errorf("%d rows of %d records into %s %v, %d counted", rows, keys, r.into, r.head, at.Records)
		}
		if err := l.Drop(t.Context(), at); err != nil {
			t.Error(err)
		}
		if err := l.Drop(t.Context(), at); err != nil {
			t.Errorf("a second drop: %v", err)
		}
		wantFlows := 0
		if change != nil {
			wantFlows = 1
		}
		if got := r.flows.Flows(); len(got) != wantFlows {
			t.Errorf("flows left: %v", got)
		}
	})
}

// The window has room below and none above is needed: nothing is lost,
// whichever way AppFlow takes the bounds.
func TestWindowLosesNothing(t *testing.T) {
	for _, inclusive := range []bool{false, true} {
		t.Run(fmt.Sprint(inclusive), func(t *testing.T) {
			r := newRig(t, func(o *fake.Options, _ *stacks.Options) { o.Inclusive = inclusive })
			l, all := r.lander(nil), r.request("Account-2")
			at, err := r.made(l, all, l.Plan(all))
			if err == nil {
				_, err = r.landed(l, at)
			}
			if err != nil {
				t.Fatal(err)
			}
			var stamps []string
			for _, row := range r.rows {
				stamps = append(stamps, row[2])
			}
			slices.Sort(stamps)
			for _, place := range []int{0, 50, 99} {
				q := r.request(fmt.Sprint("Account-2-", place))
				if q.From, err = time.Parse("2006-01-02T15:04:05.000Z", stamps[place]); err != nil {
					t.Fatal(err)
				}
				r.rows = nil
				at, err := r.made(l, q, l.Plan(q))
				if err == nil {
					at, err = r.landed(l, at)
				}
				if rows, _ := r.keys(); err != nil || rows < 100-place || rows > 100-place+1 ||
					at.Records != int64(rows) {
					t.Errorf("from %d on: %d rows, %d counted, %v", place, rows, at.Records, err)
				}
			}
		})
	}
}

// A crash may come between any two calls: the next process begins from what
// was saved last, and one flow and one execution count.
func TestCrashes(t *testing.T) {
	everyWay(t, func(t *testing.T, change func(*appflow.Config)) {
		r := newRig(t, nil)
		l, q := r.lander(change), r.request("Account-3")
		saved := l.Plan(q)
		for range 3 { // made, and the answer is never saved
			if _, err := r.made(l, q, saved); err != nil {
				t.Fatal(err)
			}
		}
		at, err := r.made(l, q, saved)
		if err != nil || len(r.flows.Flows()) != 1 {
			t.Fatalf("%v, flows %v", err, r.flows.Flows())
		}
		for range 3 { // started, and the answer is never saved
			if _, err := l.Start(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		}
		r.now = r.now.Add(9 * time.Hour) // the token has lapsed
		if at, err = r.landed(l, at); err != nil {
			t.Fatal(err)
		}
		if rows, _ := r.keys(); rows != 100 || at.Records != 100 {
			t.Errorf("%d rows, %d counted", rows, at.Records)
		}
	})
}

// An answer that was lost, throttling and broken services are tried again:
// whoever repeats ends with one flow.
func TestFaultsPass(t *testing.T) {
	for _, f := range []struct {
		operation string
		done      bool
	}{{"CreateStack", false}, {"CreateStack", true}, {"DescribeStacks", false}, {"start-flow", false},
		{"start-flow", true},
		{"describe-flow-execution-records", false}, {"delete-flow", true}, {"DeleteStack", true}} {
		t.Run(fmt.Sprint(f.operation, f.done), func(t *testing.T) {
			r := newRig(t, nil)
			r.flows.Fault(fake.Fault{Operation: f.operation, Code: "ThrottlingException", Message: "Rate exceeded",
				Done: f.done, Times: 2})
			r.stacks.Fault(stacks.Fault{Action: f.operation, Code: "Throttling", Message: "Rate exceeded",
				Done: f.done, Times: 2})
			l, q := r.lander(nil), r.request("Account-4")
			at, failures := l.Plan(q), 0
			again := func(do func() error) {
				for range 10 {
					err := do()
					if err == nil {
						return
					}
					failures++
					if plan.ClassOf(err) != plan.Retry {
						t.Fatal(err)
					}
				}
				t.Fatal("no end")
			}
			again(func() (err error) { at, err = r.made(l, q, at); return err })
			again(func() (err error) { at, err = r.landed(l, at); return err })
			again(func() error { return l.Drop(t.Context(), at) })
			if rows, _ := r.keys(); rows != 100 || at.Records != 100 || failures == 0 {
				t.Errorf("%d rows, %d counted, %d failures", rows, at.Records, failures)
			}
		})
	}
}

// A flow that failed halfway is started again, and all that landed counts.
func TestFailsHalfway(t *testing.T) {
	r := newRig(t, nil)
	r.flows.Script(fake.Script{Fail: "The request failed because the service timed out", After: 40})
	l, q := r.lander(nil), r.request("Account-5")
	at, err := r.made(l, q, l.Plan(q))
	if err != nil {
		t.Fatal(err)
	}
	failed, err := r.landed(l, at)
	if !errors.Is(err, mover.ErrFailed) || plan.ClassOf(err) != plan.Retry ||
		!strings.Contains(err.Error(), "timed out") {
		t.Fatal(err)
	}
	at, err = r.landed(l, failed.Again())
	if rows, keys := r.keys(); err != nil || rows != 140 || keys != 100 || at.Records != 140 {
		t.Errorf("%d rows, %d records, %d counted, %v", rows, keys, at.Records, err)
	}
}

// A flow that hangs is cancelled, and can be started again.
func TestHangs(t *testing.T) {
	r := newRig(t, nil)
	r.flows.Script(fake.Script{Hang: true})
	l, q := r.lander(nil), r.request("Account-6")
	at, err := r.made(l, q, l.Plan(q))
	if err != nil {
		t.Fatal(err)
	}
	if at, err = r.landed(l, at); err != nil || at.Done {
		t.Fatalf("%+v, %v", at, err)
	}
	r.now = r.now.Add(7 * time.Hour)
	if at, err = r.landed(l, at); !errors.Is(err, mover.ErrFailed) {
		t.Fatalf("%+v, %v", at, err)
	}
	if at, err = r.landed(l, at.Again()); err != nil || at.Records != 100 {
		t.Errorf("%+v, %v", at, err)
	}
}

// Rows that were put twice count twice: what landed is what is there.
func TestPutTwice(t *testing.T) {
	r := newRig(t, nil)
	r.flows.Script(fake.Script{Again: 2})
	l, q := r.lander(nil), r.request("Account-7")
	at, err := r.made(l, q, l.Plan(q))
	if err == nil {
		at, err = r.landed(l, at)
	}
	if rows, keys := r.keys(); err != nil || rows <= keys || at.Records != int64(rows) {
		t.Errorf("%d rows of %d records, %d counted, %v", rows, keys, at.Records, err)
	}
}

// A stack that rolls back is made anew, whatever the roll-back left behind.
func TestRollsBack(t *testing.T) {
	for _, orphan := range []bool{false, true} {
		r := newRig(t, nil)
		r.stacks.Script(stacks.Script{Looks: 2, Fail: "Rate exceeded", Orphan: orphan})
		l, q := r.lander(nil), r.request("Account-8")
		at, err := r.made(l, q, l.Plan(q))
		if err == nil {
			at, err = r.landed(l, at)
		}
		if err != nil || at.Records != 100 || at.Makes != 1 {
			t.Errorf("orphan %t: %+v, %v", orphan, at, err)
		}
	}
}

// What can't go well is said with its reason, and not tried without end.
func TestHopeless(t *testing.T) {
	r := newRig(t, nil)
	q := r.request("Account-9")
	tests := []struct {
		name   string
		change func(*appflow.Config)
		before func()
		class  plan.Class
		text   string
	}{
		{"no profile", func(c *appflow.Config) { c.Salesforce = "other" }, nil, plan.Fix,
			"Connector profile other does not exist"},
		{"always", nil, func() {
			for range 3 {
				r.stacks.Script(stacks.Script{Fail: "Internal failure"})
			}
		}, plan.Retry, "Internal failure"},
		{"denied", nil, func() {
			r.stacks.Fault(stacks.Fault{Action: "CreateStack", Code: "AccessDenied",
				Message: "User is not authorized to perform it"})
		}, plan.Fix, "AccessDenied"},
		{"lasting, denied", lasting, func() {
			r.flows.Fault(fake.Fault{Operation: "create-flow", Code: "AccessDeniedException", Message: "no"})
		}, plan.Fix, "AccessDeniedException"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.before != nil {
				tt.before()
			}
			l := r.lander(tt.change)
			q.Attempt = fmt.Sprint("Account-9", i)
			_, err := r.made(l, q, l.Plan(q))
			if plan.ClassOf(err) != tt.class || !strings.Contains(fmt.Sprint(err), tt.text) {
				t.Errorf("%s: %v", plan.ClassOf(err), err)
			}
			if tt.class == plan.Fix && plan.HintOf(err) == "" {
				t.Error("no hint")
			}
			if strings.Contains(tt.name, "denied") && !strings.Contains(plan.HintOf(err), "Create") {
				t.Errorf("the hint names no permission: %s", plan.HintOf(err))
			}
		})
	}
}

func TestQuota(t *testing.T) {
	for _, change := range []func(*appflow.Config){nil, lasting} {
		r := newRig(t, func(o *fake.Options, so *stacks.Options) { o.MaxFlows, so.MaxStacks = 1, 1 })
		l, one, two := r.lander(change), r.request("Account-10"), r.request("Contact-1")
		two.Object = "Contact"
		at, err := r.made(l, one, l.Plan(one))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.made(l, two, l.Plan(two)); plan.ClassOf(err) != plan.Wait || plan.HintOf(err) == "" {
			t.Fatalf("%s: %v", plan.ClassOf(err), err)
		}
		if change == nil { // room is made, and the second goes on
			if err := l.Drop(t.Context(), at); err != nil {
				t.Fatal(err)
			}
			if _, err := r.config.Stacks.DescribeStacks(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Somebody else's stack is neither used nor deleted.
func TestForeignStack(t *testing.T) {
	r := newRig(t, nil)
	l, q := r.lander(nil), r.request("Account-11")
	at, err := r.made(l, q, l.Plan(q))
	if err != nil {
		t.Fatal(err)
	}
	q.Run = "another"
	if _, err := l.Make(t.Context(), q, l.Plan(q)); plan.ClassOf(err) != plan.Fix {
		t.Error(err)
	}
	if r.stacks.Stacks()[at.ID] != "CREATE_COMPLETE" {
		t.Error(r.stacks.Stacks())
	}
}

// Lasting flows: each run has a window of its own, executions of before don't
// count, and one that is still running is waited for.
func TestLastingRuns(t *testing.T) {
	r := newRig(t, nil)
	l, first := r.lander(lasting), r.request("Account-12")
	at, err := r.made(l, first, l.Plan(first))
	if err != nil {
		t.Fatal(err)
	}
	r.flows.Script(fake.Script{Looks: 3}) // started, and forgotten
	if _, err = l.Start(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(time.Minute)
	second := r.request("Account-13")
	second.From = r.org.Clock().Now().Add(time.Hour) // nothing has changed since
	next, err := r.made(l, second, l.Plan(second))
	if err != nil {
		t.Fatal(err)
	}
	if rows, _ := r.keys(); rows != 100 {
		t.Fatalf("the forgotten execution landed %d rows before the next may start", rows)
	}
	r.now = r.now.Add(time.Minute)
	if next, err = r.landed(l, next); err != nil || next.Records != 0 {
		t.Errorf("%+v, %v", next, err)
	}
	if rows, _ := r.keys(); rows != 100 {
		t.Errorf("%d rows", rows)
	}
	if n := r.flows.Calls("create-flow"); n != 1 {
		t.Errorf("%d flows were made", n)
	}
}

// The names that AWS takes: letters, digits and hyphens.
func TestNames(t *testing.T) {
	r := newRig(t, nil)
	l, form, seen := r.lander(nil), regexp.MustCompile(`^catchment-[a-z0-9][a-z0-9-]*-[0-9a-f]{12}$`), map[string]bool{}
	for _, object := range []string{"Account", "npe01__OppPayment__c", "A__c", strings.Repeat("Long_", 30) + "__c"} {
		for _, attempt := range []string{"a-1", "a-2"} {
			q := r.request(attempt)
			q.Object = object
			name := l.Plan(q).ID
			if !form.MatchString(name) || len(name) > 128 || seen[name] {
				t.Errorf("%s: %s", object, name)
			}
			seen[name] = true
		}
	}
}

// A template that is too long for a request goes through S3.
func TestLongTemplate(t *testing.T) {
	store := memory{}
	r := newRig(t, func(_ *fake.Options, o *stacks.Options) {
		o.Fetch = func(_ context.Context, url string) ([]byte, error) {
			b, ok := store[strings.TrimPrefix(url, "https://bucket.s3.amazonaws.com/stage/")]
			if !ok {
				return nil, errors.New("NoSuchKey")
			}
			return b, nil
		}
	})
	r.config.Store = store
	l, q := r.lander(nil), r.request("Account-14")
	for i := range 300 {
		q.Fields = append(q.Fields, schema.Field{Name: fmt.Sprintf("Field%d__c", i), Type: schema.String})
		q.Columns = append(q.Columns, fmt.Sprintf("field%d__c", i))
	}
	if _, err := r.made(l, q, l.Plan(q)); err != nil {
		t.Fatal(err)
	}
	if len(store) != 1 {
		t.Errorf("%d templates", len(store))
	}
}

func TestSettingsMissing(t *testing.T) {
	if _, err := appflow.New(appflow.Config{Salesforce: "sf", Redshift: "rs"}); plan.ClassOf(err) != plan.Fix ||
		!strings.Contains(err.Error(), "appflow.bucket") {
		t.Error(err)
	}
}

func TestWhere(t *testing.T) {
	r := newRig(t, nil)
	tests := []struct {
		where string
		rows  int // -1: refused
	}{
		{"Name != 'nobody'", 100},
		{"IsDeleted = false AND Name LIKE '%a%'", -2},
		{"SystemModstamp < 2020-01-01T00:00:00Z", 0},
		{"AnnualRevenue >= 0", -2},
		{"Name = 'x' OR Name = 'y'", -1},
		{"Name LIKE 'a%'", -1},
		{"NOT Name = 'x'", -1},
		{"Owner.Name = 'x'", -1},
		{"Phone = 'x'", -1},
		{"Name = null", -1},
		{"SystemModstamp > LAST_WEEK", -1},
		{"Name = 'x' AND", -1},
	}
	for i, tt := range tests {
		r.rows = nil
		l, q := r.lander(nil), r.request(fmt.Sprint("Account-w", i))
		q.Where = tt.where
		at, err := r.made(l, q, l.Plan(q))
		if tt.rows == -1 {
			if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
				t.Errorf("%s: %v", tt.where, err)
			}
			continue
		}
		if err == nil {
			at, err = r.landed(l, at)
		}
		if rows, _ := r.keys(); err != nil || tt.rows >= 0 && rows != tt.rows ||
			tt.rows == -2 && (rows == 0 || rows == 100) || at.Records != int64(rows) {
			t.Errorf("%s: %d rows, %v", tt.where, rows, err)
		}
	}
}
