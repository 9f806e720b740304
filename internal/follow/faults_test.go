package follow_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/fakeorg/pubsub"
	"catchment/internal/flow"
	"catchment/internal/follow"
	"catchment/internal/rig"
	"catchment/internal/value"
	"catchment/internal/warehouse/gone"
)

// streamed drains without a window: what is in the rows then, events brought.
func (b *bed) streamed() follow.Result {
	b.T.Helper()
	return b.drain(func(f *follow.Follower) { f.Options.Every = 1000 * time.Hour })
}

// is asserts what a row has.
func (b *bed) is(id, columns, want string) {
	b.T.Helper()
	if got := b.row(id, strings.Split(columns, ",")...); got != want {
		b.T.Errorf("%s is %q, want %q", columns, got, want)
	}
}

// Nobody has to do anything about a position that Salesforce has forgotten: a window reads what changed, and the stream
// begins anew.
func TestExpiredPositionHealsByItself(t *testing.T) {
	t.Parallel()
	b := newBed(t, 10, nil)
	b.live()
	ids := b.IDs("Account")
	b.Must(b.Org.Update(ids[0], map[string]any{"Name": "before"}))
	b.Later(80 * time.Hour)
	b.Must(b.Org.Update(ids[1], map[string]any{"Name": "after"}))
	r := b.drain(nil)
	if r.Lost != 1 || r.Err != nil || r.Live() {
		t.Errorf("%+v", r)
	}
	b.is(ids[0], "name", "before")
	b.is(ids[1], "name", "after")
	b.live()
	b.Must(b.Org.Update(ids[2], map[string]any{"Name": "now"}))
	if r := b.streamed(); r.Lost != 0 || r.Counts.Updated == 0 {
		t.Errorf("%+v", r)
	}
	b.is(ids[2], "name", "now")
}

// Events that can't be read, and those that say too little, have their records read; where nobody knows which these
// are, a window finds them.
func TestWhatEventsDontSayIsRead(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a line of a long text\n", 60)
	for do, changes := range map[string]map[string]any{
		"bitmap": {"Name": "read"}, "cut": {"Name": "read"}, "no-schema-id": {"Name": "read"},
		"diff": {"Name": "read", "Description": long + "b\n"},
	} {
		t.Run(do, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, 5, nil)
			id := b.IDs("Account")[0]
			b.Must(b.Org.Update(id, map[string]any{"Description": long + "a\n"}))
			b.live()
			if do != "diff" {
				b.Must(b.Org.PubSub().Fault(pubsub.Rule{Do: do}))
			}
			b.Must(b.Org.Update(id, changes))
			b.Later(5 * time.Minute) // describe is asked anew
			r := b.streamed()
			b.Org.PubSub().ClearFaults()
			if r.Err != nil || r.Events == 0 {
				t.Errorf("%+v", r)
			}
			b.is(id, "name", "read")
			b.settled()
		})
	}
}

// A transaction that changes more than events tell of is a window's.
func TestOverflow(t *testing.T) {
	t.Parallel()
	b := newBed(t, 60, func(o *fakeorg.Options) { o.Events.TransactionChanges = 20 })
	b.live()
	ids := b.IDs("Account")
	tx := b.Org.Begin()
	for _, id := range ids {
		b.Must(tx.Update(id, map[string]any{"Name": "all of them"}))
	}
	b.Must(tx.Commit())
	if r := b.drain(nil); r.Err != nil {
		t.Errorf("%+v", r)
	}
	for _, id := range ids {
		b.is(id, "name", "all of them")
	}
	b.settled()
}

// Masks, names of columns and rules are those of the flow, whichever way a value comes.
func TestEventsGoThroughTheFlow(t *testing.T) {
	t.Parallel()
	b := newBed(t, 5, nil)
	fl := &b.Flows[0]
	fl.Changes = []value.Change{{Field: "Phone", Mask: value.SHA256}}
	fl.Checks = []value.Check{{Field: "NumberOfEmployees", Rule: value.NotNegative}}
	fl.Rename = map[string]string{"BillingCity": "town"}
	fl.Salt = "env:SALT"
	b.live()
	ids := b.IDs("Account")
	b.Must(b.Org.Update(ids[0], map[string]any{"Phone": "+49 1", "BillingCity": "Bonn"}))
	b.Must(b.Org.Update(ids[1], map[string]any{"NumberOfEmployees": -1, "Phone": "+49 2"}))
	before := b.row(ids[1], "numberofemployees", "phone")
	if r := b.streamed(); r.Err != nil || r.Counts.Updated < 1 || r.Read < 1 {
		t.Errorf("%+v", r)
	}
	after := b.row(ids[0], "phone", "town")
	if strings.Contains(after, "+49") || !strings.HasSuffix(after, "|Bonn") || len(after) != 64+5 {
		t.Error(after)
	}
	b.is(ids[1], "numberofemployees,phone", before)
	b.Later(time.Hour)
	b.drain(nil)
	b.is(ids[0], "phone,town", after)
}

// Only a query tells who meets a filter.
func TestFilter(t *testing.T) {
	t.Parallel()
	b := newBed(t, 12, nil)
	ids := b.IDs("Account")
	for i, id := range ids {
		b.Must(b.Org.Update(id, map[string]any{"NumberOfEmployees": i}))
	}
	b.Flows[0].Where = "NumberOfEmployees > 5"
	b.live()
	b.Must(b.Org.Update(ids[0], map[string]any{"NumberOfEmployees": 50})) // comes in
	b.Must(b.Org.Update(ids[7], map[string]any{"NumberOfEmployees": 1}))  // leaves
	b.Must(b.Org.Update(ids[1], map[string]any{"Name": "out of it"}))
	if r := b.streamed(); r.Err != nil || r.Read != 3 {
		t.Errorf("%+v", r)
	}
	b.is(ids[0], "numberofemployees", "50")
	b.is(ids[7], "_catchment_delete_reason", "out_of_filter")
	b.is(ids[1], "name", "none")
}

func TestDeletesGoAsThePolicySays(t *testing.T) {
	t.Parallel()
	for policy, want := range map[flow.Deletes]string{flow.Flag: "true", flow.Remove: "none", flow.Ignore: "false"} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			b := newBed(t, 5, nil)
			b.Flows[0].Deletes = policy
			b.live()
			id := b.IDs("Account")[0]
			b.Delete(id)
			b.streamed()
			b.is(id, "isdeleted", want)
			b.Must(b.Org.Undelete(id))
			b.streamed()
			b.is(id, "isdeleted", "false")
			b.settled()
		})
	}
}

// A mass of deletes stops the stream of the flow, as it stops a run; the position waits.
func TestMassDelete(t *testing.T) {
	t.Parallel()
	b := newBed(t, 150, nil)
	b.live()
	b.Delete(b.IDs("Account")[:120]...)
	r := b.streamed()
	if mass, is := errors.AsType[*gone.MassDelete](r.Err); !is || mass.Deletes != 120 {
		t.Errorf("%+v", r)
	}
	b.is(b.IDs("Account")[0], "isdeleted", "false")
	r = b.drain(func(f *follow.Follower) {
		f.Options.Every, f.Verifier.Options.AllowDeletes = 1000*time.Hour, true
	})
	if r.Err != nil || r.Counts.Deleted != 120 {
		t.Errorf("%+v", r)
	}
}

// A flow that somebody else holds is left alone, and he is named.
func TestHeldByAnother(t *testing.T) {
	t.Parallel()
	b := newBed(t, 5, nil)
	b.live()
	p := b.Start(nil)
	defer p.Close()
	other, err := p.Control.NewRunID()
	b.Must(err)
	lease, err := p.Control.Acquire(p.Ctx, "Account", other, "somebody else", nil)
	b.Must(err)
	r := b.drain(func(f *follow.Follower) { f.Holder.Alone, f.Options.Every = false, 1000*time.Hour })
	if held, is := errors.AsType[*control.Held](r.Err); !is || !strings.Contains(held.Error(), "somebody else") {
		t.Errorf("%+v", r)
	}
	b.Must(p.Control.Release(p.Ctx, lease))
}

// While the warehouse fails, the position waits; once it is back, nothing is missing.
func TestWarehouseIsAway(t *testing.T) {
	t.Parallel()
	b := newBed(t, 5, nil)
	b.live()
	id := b.IDs("Account")[0]
	b.Must(b.Org.Update(id, map[string]any{"Name": "waited"}))
	fate := &rig.Fate{Hiccups: map[int]bool{}, Hiccuped: func(string) {}}
	for at := 20; at < 400; at += 7 {
		fate.Hiccups[at] = true
	}
	r, err := b.drainUnder(fate, func(f *follow.Follower) { f.Options.Every = 1000 * time.Hour })
	t.Logf("%+v, %v", r, err)
	b.streamed()
	b.is(id, "name", "waited")
}

// Records are made all the time while the first run reads, and while the stream begins: none is missing, without a
// later window.
func TestNothingIsMissingAtTheSeam(t *testing.T) {
	t.Parallel()
	b := newBed(t, 300, nil)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
			if _, err := b.Org.Create("Account", map[string]any{"Name": fmt.Sprint("made ", n)}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	b.live()
	close(stop)
	writing.Wait()
	b.streamed()
	rows := b.Texts("account", "id", "name")
	for id, want := range b.Truth("Account", "") {
		if got := rows[id]; len(got) == 0 || got[1] != want["name"] {
			t.Errorf("%s is %v in the warehouse, %q in the org", id, got, want["name"])
		}
	}
}
