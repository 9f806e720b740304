package memory

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// never is the stamp of a tombstone that no version wins over.
const never = "9999-12-31 00:00:00.000000+00"

// Erase removes records so that nothing is left of them but a line of the log, and
// tombstones against late pages.
func (p eraser) Erase(
	ctx context.Context, f warehouse.Fence, e warehouse.Erasure,
) (out warehouse.Erased, err error) {
	err = p.write(ctx, "erase records of "+e.Table.Name, &f, func(o *operation) error {
		named := func(r row) bool { return slices.Contains(e.Values, r[e.Column]) }
		final, staging := o.change(o.Schema, e.Table.Name), o.change(o.Staging, e.Table.Name)
		keys := byKey(e.Table, append(final.where(named), staging.where(named)...))
		if e.Column == e.Table.Key[0] {
			for _, key := range e.Values { // also those that no table has at the moment
				keys[key] = nil
			}
		}
		for key := range keys {
			o.bury(e.Table.Name, key, never, never, "erased")
		}
		hideArchived(o, e.Table.Object, keys)
		out = warehouse.Erased{Rows: final.remove(named), Staged: staging.remove(named)}
		out.Staged += o.changeOwn(tableRejected).remove(func(r row) bool { return tells(r, e) })
		if m, _ := o.mark(f.Flow); !m.SyncedAt.IsZero() { // what we took away isn't missing, what others did is
			_, m.Newest = final.extent()
			m.Rows -= out.Rows
			o.save(m)
		}
		log := o.changeOwn(tableErased)
		for _, value := range e.Values {
			log.add(values{"erased_at": o.now(), "table_name": e.Table.Name, "by_column": e.Column,
				"record_key": value, "row_count": out.Rows, "staged": out.Staged, "pages": e.Pages})
		}
		return nil
	})
	return out, err
}

// tells is whether a rejected record is to be erased, or tells of one that is.
func tells(r row, e warehouse.Erasure) bool {
	if r["flow"] != e.Table.Object {
		return false
	}
	if e.Column == e.Table.Key[0] {
		return slices.Contains(e.Values, r["record_key"])
	}
	i := slices.IndexFunc(e.Table.Columns, func(c shape.Column) bool { return c.Name == e.Column })
	return i >= 0 && slices.ContainsFunc(e.Values, func(value string) bool {
		return strings.Contains(r["record"], strconv.Quote(e.Table.Columns[i].Field)+":"+strconv.Quote(value))
	})
}
