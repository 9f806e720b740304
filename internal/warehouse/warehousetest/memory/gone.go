package memory

import (
	"strconv"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// delete takes away the live rows that Delete versions are newer than. A record
// that comes back need not have a later stamp: the row's stays as it is.
func (m *merge) delete(p part, vs []version) {
	if m.Policy == gone.Ignore {
		return
	}
	last := map[string]version{}
	for _, v := range vs {
		old := last[v.key]
		last[v.key] = version{at: max(v.at, old.at), readAt: max(v.readAt, old.readAt)}
	}
	m.applied += m.lost(p.reason, func(r row) (readAt string, lost bool) {
		v, ok := last[keyOf(m.Table, r)]
		if p.override {
			return v.readAt, ok && p.wins(v, r)
		}
		return v.readAt, ok && (v.at == "" || v.at >= r[colAt]) && v.readAt > r[colReadAt]
	})
}

// absent takes away what a reading of every record lacks, and what was read before
// it began. What a rebuild lacks is gone whenever it was read.
func (m *merge) absent(p part, vs []version) {
	if m.Policy == gone.Ignore {
		return
	}
	there := m.rejected() // what was rejected is in the org, only not in the page
	for _, v := range vs {
		there[v.key] = true
	}
	m.lost(p.reason, func(r row) (string, bool) {
		earlier := r[colReadAt] < p.readAt || p.override && p.wins(version{readAt: p.readAt}, r)
		return p.readAt, !there[keyOf(m.Table, r)] && earlier
	})
}

// gone flags or removes live rows, and tells how many.
func (m *merge) lost(reason gone.Reason, which func(row) (readAt string, lost bool)) int64 {
	traits := traitsOf(string(reason))
	remove := m.Policy == gone.Remove && !traits.Kept
	leaving := m.o.leaving(m.Table.Object)
	var n int64
	m.grown -= m.final.remove(func(r row) bool {
		readAt, lost := which(r)
		if !lost || r[colDeleted] != "" || leaving[keyOf(m.Table, r)] {
			return false
		}
		n++
		if remove {
			m.o.bury(m.Table.Name, keyOf(m.Table, r), r[colAt], readAt, reason)
			return true
		}
		r.put(colDeleted, text(m.now))
		r.put(colReason, string(reason))
		m.tell(r, true)
		r.put(colSyncedAt, text(m.now))
		r.put(colReadAt, readAt)
		m.written++
		return false
	})
	m.counts.Deleted += n
	if !traits.Approved {
		m.sudden += n
	}
	return n
}

// tell says in a row's IsDeleted, where the object has that field, whether its record
// is gone.
func (m *merge) tell(r row, gone bool) {
	if name := columnOf(m.Table, fieldDeleted); m.final.find(name) >= 0 {
		r.put(name, strconv.FormatBool(gone))
	}
}

// traitsOf is the line of a reason. One that has none has no traits.
func traitsOf(reason string) gone.Traits {
	for _, t := range gone.Reasons() {
		if string(t.Reason) == reason {
			return t
		}
	}
	return gone.Traits{}
}

// mayDelete stops a merge that took away more than 100 rows and more than 5 %.
func (m *merge) mayDelete() error {
	live := int64(len(m.final.where(isLive))) + m.counts.Deleted
	if m.AllowDeletes || m.sudden <= 100 || m.sudden*20 <= live {
		return nil
	}
	return plan.Fixf("look at what was deleted in Salesforce; if it is right, run again with --allow-deletes", "%w",
		&gone.MassDelete{Table: m.Table.Name, Deletes: m.sudden, Rows: live})
}

func isLive(r row) bool { return r[colDeleted] == "" }

// readAt is when the attempt began to read whole records. One that read nothing is
// as of now.
func (m *merge) readAt() string {
	for _, line := range m.ledger { // in read order
		if line["op"] == string(warehouse.Put) {
			return line["read_at"]
		}
	}
	return text(m.now)
}

// bury leaves a tombstone in the place of a record's older one. Late versions have
// to win over it.
func (o *operation) bury(table, key, at, readAt string, reason gone.Reason) {
	o.unbury(table, key)
	r := values{"table_name": table, "record_key": key, "reason": reason, "removed_at": o.now()}.row()
	r.put(colAt, at)
	r.put(colReadAt, readAt)
	tombs := o.changeOwn(tableTombstone)
	tombs.rows = append(tombs.rows, r)
}

func (o *operation) unbury(table, key string) {
	o.changeOwn(tableTombstone).remove(func(r row) bool { return r["table_name"] == table && r["record_key"] == key })
}

// rejected are the records of which the attempt rejected a whole version.
func (m *merge) rejected() map[string]bool {
	found := map[string]bool{}
	for _, r := range m.o.own(tableRejected).rows {
		if r[colAttempt] == m.Attempt && isWhole(r) {
			found[r["record_key"]] = true
		}
	}
	return found
}

// isWhole tells whether a staged or rejected row is of a whole record.
func isWhole(r row) bool { return r[colOp] == "" || r[colOp] == string(warehouse.Put) }

// forget takes out of all rows what a flow doesn't want copied any more.
func (m *merge) forget() {
	if len(m.Forget) == 0 {
		return
	}
	for _, name := range m.Forget {
		if i := m.final.find(name); i >= 0 {
			for _, r := range m.final.rows {
				delete(r, m.final.columns[i].name)
			}
		}
	}
	for _, r := range m.o.changeOwn(tableRejected).rows {
		if r["flow"] == m.Table.Object && r[colAttempt] != m.Attempt {
			delete(r, "record")
		}
	}
}
