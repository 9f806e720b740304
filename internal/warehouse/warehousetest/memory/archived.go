package memory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// A ledger is what became of records that were to leave Salesforce.
type ledger struct{ *process }

// Archived is the ledger.
func (p marks) Archived() archived.Ledger { return ledger(p) }

// Write puts lines into the ledger.
func (p ledger) Write(ctx context.Context, f warehouse.Fence, lines []archived.Line) error {
	return p.write(ctx, "write down what becomes of records of "+f.Flow, &f, func(o *operation) error {
		writeArchived(o, lines)
		return nil
	})
}

// writeArchived puts each line in the place of that of its plan and record.
func writeArchived(o *operation, lines []archived.Line) {
	t := o.change(o.Schema, tableArchive)
	for _, l := range lines {
		t.remove(func(r row) bool { return r["plan"] == l.Plan && r["object"] == l.Object && r["record_id"] == l.ID })
		r := values{"plan": l.Plan, "object": l.Object, "record_id": l.ID, "level": l.Level, "state": l.State,
			"batch": l.Batch, "stamp": l.Stamp, "proven_at": l.ProvenAt, "ended_at": l.EndedAt}.row()
		r.put("reason", l.Reason)
		r.put("digest", l.Digest)
		r.put("new_id", l.NewID)
		t.rows = append(t.rows, r)
	}
}

// Settle writes lines, and marks the rows of those that are out of Salesforce.
func (p ledger) Settle(ctx context.Context, f warehouse.Fence, t shape.Table, lines []archived.Line) error {
	return p.write(ctx, "settle an archive of "+t.Name, &f, func(o *operation) error {
		writeArchived(o, lines)
		if !o.has(o.Schema, t.Name) || len(t.Key) != 1 {
			return plan.Failf(plan.Bug, "run it again", "table %s isn't one of records with an Id", t.Name)
		}
		final, now, read := o.change(o.Schema, t.Name), o.now(), time.Time{}
		rows, missing := byKey(t, final.rows), []string(nil)
		for _, l := range lines {
			if l.State != archived.Deleted {
				continue
			}
			r := rows[l.ID]
			if r == nil {
				missing = append(missing, l.ID)
				continue
			}
			ended := text(l.EndedAt)
			if r[colReason] == string(gone.Archived) && r[colDeleted] == ended {
				continue
			}
			if l.EndedAt.After(read) {
				read = l.EndedAt
			}
			r.put(colDeleted, ended)
			r.put(colReason, string(gone.Archived))
			r.put(colSyncedAt, text(now))
			r.put(colReadAt, max(r[colReadAt], ended))
			if name := columnOf(t, fieldDeleted); final.find(name) >= 0 {
				r.put(name, "true")
			}
		}
		if len(missing) > 0 {
			return archived.Missing(t.Name, missing)
		}
		if !read.IsZero() {
			o.touched(f.Flow, now, read)
		}
		return nil
	})
}

// touched has a flow's mark know that rows were written at a moment, and say that they were read at one.
func (o *operation) touched(flow string, written, read time.Time) {
	m, _ := o.mark(flow)
	m.Newest = written
	for _, at := range []time.Time{written, read} {
		if at.After(m.SyncedAt) {
			m.SyncedAt = at
		}
	}
	o.save(m)
}

// line reads one.
func (r row) line() archived.Line {
	return archived.Line{Plan: r["plan"], Object: r["object"], ID: r["record_id"], Level: int(r.int("level")),
		State: archived.State(r["state"]), Reason: r["reason"], Stamp: r.time("stamp"), Digest: r["digest"],
		Batch: r.int("batch"), ProvenAt: r.time("proven_at"), EndedAt: r.time("ended_at"), NewID: r["new_id"]}
}

// compareLines is the order of object, Id and plan.
func compareLines(a, b archived.Line) int {
	return cmp.Or(strings.Compare(a.Object, b.Object), strings.Compare(a.ID, b.ID), strings.Compare(a.Plan, b.Plan))
}

// archivedLines are those of which something holds, in order.
func (o *operation) archivedLines(holds func(archived.Line) bool) []archived.Line {
	var all []archived.Line
	for _, r := range o.look(o.Schema, tableArchive).rows {
		if l := r.line(); holds(l) {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, compareLines)
	return all
}

// Lines lists lines of those that follow one.
func (p ledger) Lines(
	ctx context.Context, q archived.Query, after archived.Line, most int,
) ([]archived.Line, error) {
	return seen(ctx, p.process, "read the ledger of archives", func(o *operation) []archived.Line {
		all := o.archivedLines(func(l archived.Line) bool {
			return compareLines(l, after) > 0 && (q.Plan == "" || q.Plan == l.Plan) &&
				(q.Object == "" || q.Object == l.Object) && (q.State == "" || q.State == l.State) &&
				(q.Batch == 0 || q.Batch == l.Batch)
		})
		return all[:min(len(all), most)]
	})
}

// Lookup finds the lines of some records of a plan.
func (p ledger) Lookup(ctx context.Context, of, object string, ids []string) ([]archived.Line, error) {
	return seen(ctx, p.process, "read the ledger of archives", func(o *operation) []archived.Line {
		return o.archivedLines(func(l archived.Line) bool {
			return l.Plan == of && l.Object == object && slices.Contains(ids, l.ID)
		})
	})
}

// Tally counts the lines of a plan.
func (p ledger) Tally(ctx context.Context, of string) ([]archived.Count, error) {
	return seen(ctx, p.process, "count the records of archive "+of, func(o *operation) []archived.Count {
		counts := map[archived.Count]archived.Count{}
		for _, l := range o.archivedLines(func(l archived.Line) bool { return l.Plan == of }) {
			key := archived.Count{Object: l.Object, Level: l.Level, State: l.State}
			c := counts[key]
			key.Records, key.Back = c.Records+1, c.Back
			if l.State == archived.Deleted && (l.NewID != "" || lives(o, l)) {
				key.Back++
			}
			counts[archived.Count{Object: l.Object, Level: l.Level, State: l.State}] = key
		}
		return slices.SortedFunc(maps.Values(counts), func(a, b archived.Count) int {
			return cmp.Or(strings.Compare(a.Object, b.Object), cmp.Compare(a.Level, b.Level),
				strings.Compare(string(a.State), string(b.State)))
		})
	})
}

// lives tells whether the row of a line's record is live.
func lives(o *operation, l archived.Line) bool {
	for _, described := range o.look(o.Schema, tableObjects).rows {
		name := described["table_name"]
		if described["object"] != l.Object || !o.has(o.Schema, name) {
			continue
		}
		for _, f := range o.look(o.Schema, tableFields).rows {
			if f["object"] == l.Object && strings.EqualFold(f["field"], "Id") {
				return len(o.look(o.Schema, name).where(func(r row) bool {
					return r[f["column_name"]] == l.ID && isLive(r)
				})) > 0
			}
		}
	}
	return false
}

// Plans lists the plans that have lines.
func (p ledger) Plans(ctx context.Context) ([]string, error) {
	return seen(ctx, p.process, "list the archives", func(o *operation) []string {
		var all []string
		for _, r := range o.look(o.Schema, tableArchive).rows {
			all = append(all, r["plan"])
		}
		slices.Sort(all)
		return slices.Compact(all)
	})
}

// Rows reads the rows of some records, in the order of the Ids.
func (p ledger) Rows(ctx context.Context, t shape.Table, ids []string) ([]archived.Row, error) {
	var err error
	rows, failed := seen(ctx, p.process, "read rows of "+t.Name, func(o *operation) []archived.Row {
		var all []archived.Row
		found := byKey(t, o.final(t).rows)
		for _, id := range ids {
			r := found[id]
			if r == nil {
				continue
			}
			one := archived.Row{ID: id, Reason: r[colReason]}
			for _, c := range t.Columns {
				var value *string
				if has, ok := r[c.Name]; ok {
					var plain string
					plain, err = archived.Text(c.Kind, has)
					value = &plain
				}
				one.Values = append(one.Values, value)
			}
			all = append(all, one)
			delete(found, id)
		}
		return all
	})
	return rows, cmp.Or(failed, err)
}

// archivedRows are the rows of a table whose records left Salesforce.
func archivedRows(o *operation, table string) []row {
	if !o.has(o.Schema, table) {
		return nil
	}
	return o.look(o.Schema, table).where(func(r row) bool { return r[colReason] == string(gone.Archived) })
}

// leaving are the records that an archive has sent the delete of, and hasn't settled yet.
func (o *operation) leaving(object string) map[string]bool {
	found := map[string]bool{}
	for _, l := range o.archivedLines(func(l archived.Line) bool {
		return l.Object == object && l.State == archived.Posted
	}) {
		found[l.ID] = true
	}
	return found
}

// hideArchived has the lines of erased records say nothing of who they were.
func hideArchived(o *operation, object string, keys map[string]row) {
	hide := func(id string) string {
		if _, erased := keys[id]; !erased {
			return id
		}
		sum := sha256.Sum256([]byte(id))
		return hex.EncodeToString(sum[:])
	}
	for _, r := range o.change(o.Schema, tableArchive).rows {
		if r["object"] == object {
			r.put("record_id", hide(r["record_id"]))
			r.put("new_id", hide(r["new_id"]))
		}
	}
}
