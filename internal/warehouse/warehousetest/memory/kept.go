package memory

import (
	"context"
	"maps"
	"slices"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/shape"
)

// past tells which rejections are past: something newer is known of their records.
func (m *merge) past() func(r row) bool {
	whole, seen := map[string]string{}, map[string]bool{} // when each record was last read by the attempt
	patched := map[string]string{}                        // the same of its fields
	isDeleted, swept := columnOf(m.Table, fieldDeleted), false
	if m.Attempt == "" {
		m.staged = nil
	}
	for _, v := range m.staged {
		key := keyOf(m.Table, v)
		seen[key] = true
		switch op := warehouse.Op(v[colOp]); {
		case op == warehouse.Patch:
			for _, field := range m.carried(v[colJob]) {
				patched[key+unit+field] = max(patched[key+unit+field], v[colReadAt])
			}
		case op != warehouse.Seen || v[isDeleted] == "true":
			whole[key] = max(whole[key], v[colReadAt])
		}
	}
	for _, line := range m.ledger {
		swept = swept || line["op"] == string(warehouse.Seen)
	}
	for _, r := range m.o.own(tableRejected).rows {
		switch {
		case m.Attempt == "" || r["flow"] != m.Table.Object || r[colAttempt] != m.Attempt:
		case isWhole(r):
			whole[r["record_key"]] = max(whole[r["record_key"]], r[colReadAt])
		default:
			key := r["record_key"] + unit + strings.ToLower(r["field"])
			patched[key] = max(patched[key], r[colReadAt])
		}
	}
	rows, tombs := byKey(m.Table, m.o.final(m.Table).rows), m.o.tombstones(m.Table.Name)
	return func(r row) bool {
		key, readAt := r["record_key"], r[colReadAt]
		others := m.Attempt != "" && r[colAttempt] != m.Attempt
		newer := func(at string, known bool) bool { return known && (others || readAt < at) }
		at, known := whole[key]
		if rows[key][colReadAt] > readAt || tombs[key][colReadAt] > readAt || newer(at, known) {
			return true
		}
		at, known = patched[key+unit+strings.ToLower(r["field"])]
		return !isWhole(r) && newer(at, known) || others && (m.Complete || swept && !seen[key])
	}
}

// carried are the fields that a job of the attempt has brought, in lower case.
func (m *merge) carried(job string) []string {
	var fields []string
	for _, line := range m.ledger {
		for _, c := range m.Table.Columns {
			if line["job"] == job && slices.Contains(strings.Split(line["columns"], ","), c.Name) {
				fields = append(fields, strings.ToLower(c.Field))
			}
		}
	}
	return fields
}

// keepOut forgets what is past, and marks the rows of what is kept out.
func (m *merge) keepOut() {
	past, rows := m.past(), byKey(m.Table, m.o.change(m.o.Schema, m.Table.Name).rows)
	marks := map[string]string{}
	m.o.changeOwn(tableRejected).remove(func(r row) bool {
		key := r["record_key"]
		switch {
		case r["flow"] != m.Table.Object:
			return false
		case past(r):
			if _, marked := marks[key]; !marked {
				marks[key] = ""
			}
			return true
		case r["stamp"] != "":
			marks[key] = max(marks[key], r["stamp"])
		default:
			marks[key] = max(marks[key], r[colReadAt])
		}
		return false
	})
	for key, at := range marks {
		if rows[key] != nil {
			rows[key].put(colRejected, at)
		}
	}
}

// out are the rejections of a table that aren't past, of each record one.
func (o *operation) out(t shape.Table, m warehouse.Merge) map[string]row {
	m.Table = t
	past, all := o.merging(m).past(), map[string]row{}
	for _, r := range o.own(tableRejected).rows {
		if r["flow"] == t.Object && !past(r) {
			all[r["record_key"]] = r
		}
	}
	return all
}

// Rejects names so many of the records that an attempt kept out.
func (p asker) Rejects(ctx context.Context, attempt string, most int) ([]evidence.Reject, error) {
	return seen(ctx, p.process, "rejected records of attempt "+attempt, func(o *operation) []evidence.Reject {
		found := map[string]row{}
		for _, r := range o.own(tableRejected).rows {
			if r[colAttempt] == attempt {
				found[r["record_key"]] = r
			}
		}
		return rejects(slices.Sorted(maps.Keys(found)), found, most)
	})
}

func rejects(keys []string, of map[string]row, most int) []evidence.Reject {
	var all []evidence.Reject
	for _, key := range keys[:min(len(keys), most)] {
		all = append(all, evidence.Reject{ID: key, Field: of[key]["field"], Rule: of[key]["rule"]})
	}
	return all
}

// Out counts the records that are kept out of a table, and names some.
func (p asker) Out(ctx context.Context, t shape.Table, m warehouse.Merge, most int) (evidence.Out, error) {
	return seen(ctx, p.process, "rejected records of "+t.Object, func(o *operation) (out evidence.Out) {
		found, live := o.out(t, m), byKey(t, o.live(t))
		var with, without []string
		for _, key := range slices.Sorted(maps.Keys(found)) {
			if live[key] != nil {
				with = append(with, key)
				continue
			}
			without = append(without, key)
		}
		out.Records, out.Rows = int64(len(found)), int64(len(with))
		out.First = rejects(append(with, without...), found, most)
		return out
	})
}

// OutKeys lists so many keys of records that are kept out, of those that follow a key.
func (p asker) OutKeys(ctx context.Context, t shape.Table, after string, most int) ([]string, error) {
	return seen(ctx, p.process, "rejected records of "+t.Object, func(o *operation) []string {
		keys := slices.Sorted(maps.Keys(o.out(t, warehouse.Merge{})))
		keys = slices.DeleteFunc(keys, func(key string) bool { return key <= after })
		return keys[:min(len(keys), most)]
	})
}
