package rig

import (
	"context"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/page"
	"catchment/internal/verify"
)

// IDs lists the records of an object that the org has, in order.
func (r *Rig) IDs(object string) []string {
	return slices.Sorted(maps.Keys(r.Truth(object, "")))
}

// Table reads one table in a process of its own.
func (r *Rig) Table(object string) map[string]Row {
	p := r.Start(nil)
	defer p.Close()
	return p.Rows(object)
}

// NothingLeft proves that drop was thorough, in the org too.
func (r *Rig) NothingLeft() {
	r.T.Helper()
	if n := r.Jobs(); n != 0 {
		r.T.Errorf("%d jobs are left in the org", n)
	}
	r.NothingKept()
}

// NothingKept proves that no pages, page rows, leases or staged rows are left.
// Jobs may be: a process that dies just after it posted one can't be found out.
func (r *Rig) NothingKept() {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	for info, err := range p.Stage.List(p.Ctx, "") {
		r.T.Errorf("%s is left in the stage, %v", info.Key, err)
	}
	attempts, err := p.Control.Attempts(p.Ctx, "")
	if err != nil {
		r.T.Fatal(err)
	}
	for _, a := range attempts {
		pages, err := p.Control.Pages(p.Ctx, a.ID)
		if a.State != control.Dropped || len(pages) > 0 || err != nil {
			r.T.Errorf("attempt %s is %s, with %d pages, %v", a.ID, a.State, len(pages), err)
		}
	}
	leases, err := p.Control.Leases(p.Ctx)
	for _, l := range leases {
		if l.Run != "" || err != nil {
			r.T.Errorf("the lease of %s is held by %s, %v", l.Flow, l.Run, err)
		}
	}
	for _, fl := range r.Flows {
		rows, pages, err := p.Eyes.Staged(strings.ToLower(fl.Object))
		if rows > 0 || pages > 0 || err != nil {
			r.T.Errorf("%s has %d rows in staging, and ledgers have %d pages, %v", fl.Object, rows, pages, err)
		}
	}
}

// Jobs counts the query jobs that the org has.
func (r *Rig) Jobs() int {
	r.T.Helper()
	var list struct {
		Records []struct{ ID string } `json:"records"`
	}
	r.Ask(r.Session(), "/services/data/v66.0/jobs/query", &list)
	return len(list.Records)
}

// Agrees verifies every flow.
func (r *Rig) Agrees() {
	r.T.Helper()
	for _, fl := range r.Flows {
		got, err := r.Compare(fl)
		if err != nil || got.Missing+got.Extra+got.Stale+got.Duplicates > 0 || got.Source == 0 ||
			got.Warehouse != got.Source {
			r.T.Errorf("%s: %+v, %v", fl.Object, got, err)
		}
	}
}

// Verified compares a flow in a process of its own, as change says.
func (r *Rig) Verified(fl flow.Flow, change func(*verify.Options)) verify.Result {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	v := p.Verifier()
	if change != nil {
		change(&v.Options)
	}
	res, err := v.Flow(p.Ctx, fl)
	r.Must(err)
	return res
}

// Values compares every value.
func Values(o *verify.Options) { o.Method = verify.Values }

// Repair mends what differs.
func Repair(o *verify.Options) { o.Method, o.Repair = verify.Values, true }

// Sample compares counts.
func Sample(o *verify.Options) { o.Method, o.Sample = verify.Counts, 3 }

// Compare verifies a flow in a process of its own.
func (r *Rig) Compare(fl flow.Flow) (verify.Result, error) {
	p := r.Start(nil)
	defer p.Close()
	return p.Compare(fl)
}

// Columns lists the columns of a final table.
func (r *Rig) Columns(table string) []string {
	p := r.Start(nil)
	defer p.Close()
	return p.columns(table)
}

// columns lists the columns of a final table; none where it isn't there.
func (p *Process) columns(table string) []string {
	p.T.Helper()
	names, err := p.Eyes.Columns(table)
	p.Must(err)
	return names
}

// Texts reads columns of a final table by Id; NULL is "".
func (r *Rig) Texts(table string, columns ...string) map[string][]string {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	casts := make([]string, len(columns))
	for i, c := range columns {
		casts[i] = "CAST(" + c + " AS VARCHAR)"
	}
	all := map[string][]string{}
	for _, row := range p.Query("SELECT " + strings.Join(casts, ", ") + " FROM " + "salesforce." + table) {
		texts := make([]string, len(row))
		for i, v := range row {
			if v != nil {
				texts[i] = *v
			}
		}
		all[texts[0]] = texts
	}
	return all
}

// Stored reads a page of the blob store as text.
func (r *Rig) Stored(p *Process, key string) string {
	r.T.Helper()
	f, err := p.Stage.Open(context.WithoutCancel(p.Ctx), key)
	r.Must(err)
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(key, ".gz") {
		in = page.Unpack(f)
	}
	data, err := io.ReadAll(in)
	r.Must(err)
	return string(data)
}

// Same holds the warehouse against the org, row by row and value by value.
func (r *Rig) Same() {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	for _, fl := range r.Flows {
		p.SameAs(fl, false)
	}
}

// SameAs compares one flow. Without --full a purge isn't noticed: then a row of a
// record that was seen alive and is gone may still be there.
func (p *Process) SameAs(fl flow.Flow, purgesUnseen bool) {
	p.T.Helper()
	truth, rows, bad := p.Truth(fl.Object, fl.Where), p.Rows(fl.Object), 0
	differs := func(format string, args ...any) {
		p.T.Helper()
		if bad++; bad <= 5 {
			p.T.Errorf(fl.Object+": "+format, args...)
		}
	}
	for id, want := range truth {
		got, ok := rows[id]
		deleted := want["isdeleted"] == "true"
		want, out := p.copied(fl.Object, want)
		switch {
		case out && ok && got.Values["systemmodstamp"] == want["systemmodstamp"]:
			differs("%s is here, and fits no column", id)
		case out: // what was there of it stays
		case deleted && fl.Deletes == flow.Remove && ok:
			differs("%s is deleted in the org, and still there", id)
		case deleted && fl.Deletes != flow.Flag:
		case !ok:
			differs("%s is missing", id)
		case deleted != (got.Reason != ""):
			differs("%s: deleted %v in the org, deleted for %q in the warehouse", id, deleted, got.Reason)
		default:
			for name, value := range want {
				if has, ok := got.Values[name]; !ok || has != value {
					differs("%s.%s is %q, want %q (%v)", id, name, has, value, ok)
				}
			}
			for name := range got.Values {
				if _, ok := want[name]; !ok {
					differs("%s.%s is %q, want NULL", id, name, got.Values[name])
				}
			}
		}
	}
	for id, got := range rows {
		if _, ok := truth[id]; !ok && got.Reason == "" && fl.Deletes != flow.Ignore && !purgesUnseen {
			differs("%s is gone from the org, and live in the warehouse", id)
		}
		if is, ok := got.Values["isdeleted"]; ok && is != strconv.FormatBool(got.Reason != "") {
			differs("%s: isdeleted is %s, deleted for %q in the warehouse", id, is, got.Reason)
		}
	}
	if bad > 5 {
		p.T.Errorf("%s: %d differences in all", fl.Object, bad)
	}
}

// copied is what the warehouse is to have of a record: a deleted one without the
// values that fit no column. One that lives is kept out.
func (p *Process) copied(object string, rec Record) (want Record, out bool) {
	if p.Unfit == nil {
		return rec, false
	}
	unfit := p.Unfit(object, rec)
	if len(unfit) == 0 || rec["isdeleted"] != "true" {
		return rec, len(unfit) > 0
	}
	want = maps.Clone(rec)
	for _, name := range unfit {
		delete(want, name)
	}
	return want, false
}

// FlowRow is what the control table says of a flow.
func (r *Rig) FlowRow(object string) control.FlowRow {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	row, err := p.Control.Flow(p.Ctx, object)
	r.Must(err)
	return row
}
