package memory

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// The fields that a merge acts on.
const (
	fieldStamp   = "SystemModstamp"
	fieldDeleted = "IsDeleted"
	fieldMaster  = "MasterRecordId"
)

// A merge is one consolidation on its way.
type merge struct {
	warehouse.Merge
	o      *operation
	final  *table
	ledger []row
	staged []row // of the attempt
	now    time.Time
	fresh  bool // the final table had no row before
	counts warehouse.Counts

	applied int64 // versions that changed something
	sudden  int64 // deletes that count for the stop before a mass delete
	grown   int64 // rows that the final table has gained
	written int64 // rows in it that were stamped
}

// A version is a staged row with its place in the order of versions.
type version struct {
	row
	key, at, readAt string
	seq             int64
	deleted         bool
}

// A part is the versions of some jobs that do the same and carry the same columns:
// a version writes no more than what its page carried.
type part struct {
	op       warehouse.Op
	columns  string
	jobs     []string // nil for rows that no job loaded
	readAt   string   // when the first of them was created
	reason   gone.Reason
	override bool
}

// parts are the parts of an attempt: whole records, then patches, job by job, then
// what is gone.
func (m *merge) parts() []part {
	if m.Attempt == "" {
		all := names(columnsFor(m.Table))
		return []part{{op: warehouse.Put, columns: all}, {op: warehouse.Delete, columns: all, reason: m.AbsentReason}}
	}
	var parts []part
	for _, line := range m.ledger {
		p := part{op: warehouse.Op(line["op"]), columns: line["columns"], readAt: line["read_at"],
			reason: cmp.Or(gone.Reason(line["reason"]), m.AbsentReason)}
		p.override = (line["override"] == "true" || m.Override) && p.op != warehouse.Seen
		job := line["job"]
		i := slices.IndexFunc(parts, func(other part) bool {
			return p.op == other.op && p.columns == other.columns && p.reason == other.reason &&
				p.override == other.override && (p.op != warehouse.Patch || other.jobs[0] == job)
		})
		if i < 0 {
			i, parts = len(parts), append(parts, p)
		}
		parts[i].jobs = append(parts[i].jobs, job)
	}
	order := []warehouse.Op{warehouse.Put, warehouse.Patch, warehouse.Delete, warehouse.Seen}
	slices.SortStableFunc(parts, func(a, b part) int { return slices.Index(order, a.op) - slices.Index(order, b.op) })
	return parts
}

// carries is the column of a field, if the part's pages had it.
func (p part) carries(t shape.Table, field string) string {
	name := columnOf(t, field)
	if !slices.Contains(strings.Split(p.columns, ","), name) {
		return ""
	}
	return name
}

// versions are the staged rows of a part. What carries no stamp is as new as its
// reading, but for a Delete, which says nothing of the record but that it is gone.
func (m *merge) versions(p part) ([]version, error) {
	stamp, deleted := p.carries(m.Table, fieldStamp), p.carries(m.Table, fieldDeleted)
	var all []version
	for _, r := range m.staged {
		op := cmp.Or(warehouse.Op(r[colOp]), warehouse.Put)
		if op != p.op || p.jobs != nil && !slices.Contains(p.jobs, r[colJob]) {
			continue
		}
		v := version{row: r, at: cmp.Or(r[colAt], r[stamp]), readAt: r[colReadAt], seq: r.int(colSeq),
			deleted: r[deleted] == "true"}
		if op != warehouse.Delete {
			v.at = cmp.Or(v.at, v.readAt)
		}
		if v.key = keyOf(m.Table, r); v.key == "" {
			return nil, plan.Failf(plan.Bug, "", "a staged row has no key")
		}
		all = append(all, v)
	}
	return all, nil
}

// wins tells whether the part's version replaces what was stamped at and readAt:
// by the stamp, then by the time of reading (invariant 4). A rebuild or a repair
// goes by the latter alone, since a stamp may be ahead.
func (p part) wins(v version, over row) bool {
	at, readAt := over[colAt], over[colReadAt]
	if p.override {
		return v.readAt == "" || readAt == "" || v.readAt >= readAt
	}
	return v.at > at || v.at == at && v.readAt > readAt
}

// newest picks the last version of each key, in order of the keys.
func newest(vs []version) []version {
	last := map[string]version{}
	for _, v := range vs {
		old, ok := last[v.key]
		if !ok || cmp.Or(strings.Compare(v.at, old.at), strings.Compare(v.readAt, old.readAt),
			cmp.Compare(v.seq, old.seq)) > 0 {
			last[v.key] = v
		}
	}
	return slices.SortedFunc(maps.Values(last), func(a, b version) int { return strings.Compare(a.key, b.key) })
}

// unit stands between the values of a key.
const unit = "\x1f"

// keyOf is a row's key as one text, "" where a part of it is null.
func keyOf(t shape.Table, r row) string {
	var parts []string
	for _, k := range t.Key {
		if r[k] == "" {
			return ""
		}
		parts = append(parts, r[k])
	}
	return strings.Join(parts, unit)
}

// byKey finds the rows of a table of records.
func byKey(t shape.Table, rows []row) map[string]row {
	found := map[string]row{}
	for _, r := range rows {
		found[keyOf(t, r)] = r
	}
	return found
}

// do does the parts, then what a complete attempt lacks.
func (m *merge) do() error {
	m.forget()
	for _, p := range m.parts() {
		vs, err := m.versions(p)
		if err != nil {
			return err
		}
		if p.op != warehouse.Seen { // which are no versions of a record
			m.counts.Staged += int64(len(vs))
		}
		switch p.op {
		case warehouse.Put:
			m.put(p, vs)
		case warehouse.Patch:
			m.patch(p, vs)
		case warehouse.Delete:
			m.delete(p, vs)
		case warehouse.Seen:
			m.absent(p, vs)
		}
	}
	if m.Complete && m.Attempt != "" {
		all := part{op: warehouse.Put, readAt: m.readAt(), reason: m.AbsentReason, override: m.Override}
		vs, err := m.versions(all)
		if err != nil {
			return err
		}
		m.absent(all, vs)
	}
	m.counts.Unchanged = m.counts.Staged - m.applied
	m.keepOut()
	return m.mayDelete()
}

// put writes whole records: not the torn version of one that was kept out when it was
// read again as a whole.
func (m *merge) put(p part, vs []version) {
	if rejected := m.rejected(); len(rejected) > 0 && len(p.jobs) > 0 {
		vs = slices.DeleteFunc(vs, func(v version) bool { return rejected[v.key] })
	}
	if m.Policy == gone.Ignore {
		vs = slices.DeleteFunc(vs, func(v version) bool { return v.deleted })
	}
	rows, tombs := byKey(m.Table, m.final.rows), m.o.tombstones(m.Table.Name)
	removed, leaving := map[string]bool{}, m.o.leaving(m.Table.Object)
	for _, v := range newest(vs) {
		old := rows[v.key]
		if v.deleted && leaving[v.key] {
			continue
		}
		if !p.replaces(v, old, tombs[v.key]) {
			continue
		}
		goes := m.Policy == gone.Remove && v.deleted
		m.count(v, old, goes)
		if goes {
			removed[v.key] = true
			m.o.bury(m.Table.Name, v.key, v.at, v.readAt, m.went(p, v))
			continue
		}
		m.o.unbury(m.Table.Name, v.key)
		if old == nil {
			old = row{}
			m.final.rows = append(m.final.rows, old)
			m.grown++
		}
		m.write(p, v, old)
	}
	m.grown -= m.final.remove(func(r row) bool { return removed[keyOf(m.Table, r)] })
}

// replaces tells whether a version wins over the row and the tombstone of its key,
// where there are any.
func (p part) replaces(v version, old, tomb row) bool {
	kept := v.deleted && traitsOf(old[colReason]).Kept
	return (old == nil || p.wins(v, old) && !kept) && (tomb == nil || p.wins(v, tomb))
}

// count counts what a version does, where old is the row that it replaces.
func (m *merge) count(v version, old row, goes bool) {
	switch {
	case old != nil && isLive(old) && v.deleted:
		m.counts.Deleted++
		m.sudden++
	case goes:
		return // nobody saw the record before
	case old == nil:
		m.counts.Inserted++
	default:
		m.counts.Updated++
	}
	m.applied++
}

// write makes a version of what a row was. What it doesn't carry stays, but for what
// fields left behind.
func (m *merge) write(p part, v version, r row) {
	for _, name := range m.Table.Retired {
		r.put(name, "")
	}
	for name := range strings.SplitSeq(p.columns, ",") {
		r.put(name, v.row[name])
	}
	if p.carries(m.Table, fieldDeleted) == "" && !isLive(r) { // it comes back
		m.tell(r, false)
	}
	since := cmp.Or(r[colDeleted], v.at, text(m.now))
	r.put(colSyncedAt, text(m.now))
	r.put(colAt, v.at)
	r.put(colReadAt, v.readAt)
	r.put(colDeleted, "")
	r.put(colReason, "")
	r.put(colRejected, "")
	if v.deleted {
		r.put(colDeleted, since)
		r.put(colReason, string(m.went(p, v)))
	}
	m.written++
}

// went says how a deleted record went: the loser of a merge names its winner.
func (m *merge) went(p part, v version) gone.Reason {
	if v.row[p.carries(m.Table, fieldMaster)] != "" {
		return gone.Merged
	}
	return gone.Soft
}

// patch changes columns of rows that are there, where they differ. It moves no
// stamp, and is dropped where the row is newer.
func (m *merge) patch(p part, vs []version) {
	rejected, rows, leaving := m.rejected(), byKey(m.Table, m.final.rows), m.o.leaving(m.Table.Object)
	whole := []string{p.carries(m.Table, fieldStamp), p.carries(m.Table, fieldDeleted), p.carries(m.Table, fieldMaster)}
	for _, v := range newest(vs) {
		r := rows[v.key]
		late := r != nil && (v.at < r[colAt] || v.at == r[colAt] && v.readAt < r[colReadAt])
		if r == nil || rejected[v.key] || late && !p.override || leaving[v.key] || traitsOf(r[colReason]).Kept {
			continue
		}
		differs := false
		for name := range strings.SplitSeq(p.columns, ",") {
			if !slices.Contains(whole, name) && !same(r, v.row, name) {
				r.put(name, v.row[name])
				differs = true
			}
		}
		if differs {
			r.put(colSyncedAt, text(m.now))
			m.counts.Updated++
			m.counts.Patched++
			m.applied++
			m.written++
		}
	}
}
