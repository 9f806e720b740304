package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

// Room says that a text may hold anything, and a number any digits.
func (p loader) Room() room.Limits {
	years := room.Years{First: 1, Last: 9999}
	return room.Limits{NUL: true, Whole: 1 << 20, Fraction: 1 << 20, Dates: years, Stamps: years}
}

// PagesPerLoad says that one page is as good as many.
func (p loader) PagesPerLoad() int { return 1 }

// Load puts the pages of a batch into staging, but those that the ledger has.
func (p loader) Load(ctx context.Context, f warehouse.Fence, b warehouse.Batch) (int64, error) {
	b.Op = cmp.Or(b.Op, warehouse.Put)
	var rows int64
	for _, page := range b.Pages {
		rows += page.Rows
	}
	err := p.write(ctx, "load "+b.Table.Name, &f, func(o *operation) error {
		pages, err := lacking(b, o.ledger(b.Attempt))
		if err != nil {
			return err
		}
		fresh := b
		fresh.Pages = pages
		return o.load(ctx, f, fresh)
	})
	return rows, err
}

// ledger is what was loaded for an attempt, in read order.
func (o *operation) ledger(attempt string) []row {
	lines := o.own(tablePage).where(func(r row) bool { return r["attempt"] == attempt })
	slices.SortStableFunc(lines, func(a, b row) int {
		return cmp.Or(strings.Compare(a["read_at"], b["read_at"]), cmp.Compare(a.int("seq"), b.int("seq")),
			strings.Compare(a["page"], b["page"]))
	})
	return lines
}

// lacking is the pages of a batch that the ledger lacks. A batch that contradicts
// the ledger is a bug: a stored page never changes (invariant 3), and one job has
// one header.
func lacking(b warehouse.Batch, ledger []row) ([]warehouse.Page, error) {
	var fresh []warehouse.Page
	for _, p := range b.Pages {
		if !slices.EqualFunc(p.Header, b.Pages[0].Header, strings.EqualFold) {
			return nil, plan.Failf(plan.Bug, "", "pages %s and %s of one batch differ in their headers", b.Pages[0].Key,
				p.Key)
		}
		loaded := false
		for _, line := range ledger {
			same := line["page"] == p.Key
			switch {
			case same && (line["digest"] != p.Digest || line.int("row_count") != p.Rows):
				return nil, plan.Failf(plan.Bug, "", "page %s has changed since it was loaded", p.Key)
			case same:
				loaded = true
			case line.int("seq") == p.Seq:
				return nil, plan.Failf(plan.Bug, "", "pages %s and %s have the same place in attempt %s", line["page"],
					p.Key, b.Attempt)
			case line["job"] == b.Job && !fits(b, p, line):
				return nil, plan.Failf(plan.Bug, "", "pages %s and %s of one job differ in their columns, or in what "+
					"they do", line["page"], p.Key)
			}
		}
		if !loaded {
			fresh = append(fresh, p)
		}
	}
	return fresh, nil
}

// fits tells whether a page may be of the same job as one in the ledger.
func fits(b warehouse.Batch, p warehouse.Page, line row) bool {
	return line["op"] == string(b.Op) && len(strings.Split(line["columns"], ",")) == len(p.Header) &&
		line["reason"] == string(b.Reason) && (line["override"] == "true") == b.Override
}

// load loads pages that are not in the ledger, and writes them there.
func (o *operation) load(ctx context.Context, f warehouse.Fence, b warehouse.Batch) error {
	staging, rejected := o.changeOwn(b.Table.Name), o.changeOwn(tableRejected)
	for _, p := range b.Pages {
		columns, err := columnsIn(p, b.Table, staging)
		if err != nil {
			return err
		}
		own := stagedBy(b, p.Seq)
		if err := staging.take(ctx, p, columns, own); err != nil {
			return err
		}
		if err := rejected.takeRejected(ctx, p.Rejected, own); err != nil {
			return err
		}
		o.enter(f, b, p, columns)
		o.loaded = true
	}
	return nil
}

// stagedBy is our own columns of a row that a batch stages.
func stagedBy(b warehouse.Batch, seq int64) row {
	return values{colOp: b.Op, colAttempt: b.Attempt, colJob: b.Job, colReadAt: b.ReadAt, colSeq: seq}.row()
}

// enter writes a page into the ledger.
func (o *operation) enter(f warehouse.Fence, b warehouse.Batch, p warehouse.Page, columns []column) {
	o.changeOwn(tablePage).add(values{"attempt": b.Attempt, "page": p.Key, "flow": f.Flow, "job": b.Job, "op": b.Op,
		"seq": p.Seq, "row_count": p.Rows, "digest": p.Digest, "columns": names(columns), "read_at": b.ReadAt,
		"reason": b.Reason, "override": b.Override})
}

// takeRejected takes what the flow's rules kept out of a page, if anything.
func (t *table) takeRejected(ctx context.Context, p *warehouse.Page, own row) error {
	if p == nil {
		return nil
	}
	var columns []column
	for _, name := range warehouse.RejectedHeader() {
		c, err := t.column(name)
		if err != nil {
			return err
		}
		columns = append(columns, c)
	}
	return t.take(ctx, *p, columns, own)
}

// columnsIn finds the column of each field in a page's header.
func columnsIn(p warehouse.Page, t shape.Table, has *table) ([]column, error) {
	var columns []column
	for _, field := range p.Header {
		i := has.find(columnOf(t, field))
		if i < 0 {
			return nil, plan.Failf(plan.Bug, "", "page %s has the field %s, for which table %s has no column", p.Key,
				field, t.Name)
		}
		c := has.columns[i]
		measured := slices.ContainsFunc(p.Digits, func(d room.Digits) bool {
			return strings.EqualFold(d.Field, field)
		})
		if c.kind == shape.Decimal && p.Rows > 0 && !measured {
			return nil, plan.Failf(plan.Bug, "", "nobody measured the decimals of %s in page %s", field, p.Key)
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// columnOf is the name of a field's column, "" for none.
func columnOf(t shape.Table, field string) string {
	for _, c := range t.Columns {
		if strings.EqualFold(c.Field, field) {
			return c.Name
		}
	}
	return ""
}

// names is the names of columns in one text, the same whatever their order.
func names(columns []column) string {
	var all []string
	for _, c := range columns {
		all = append(all, c.name)
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

// Staged tells how many pages and rows the ledger holds.
func (p loader) Staged(ctx context.Context, attempt, job string) (pages, rows int64, err error) {
	err = p.view(ctx, "ledger of attempt "+attempt, func(o *operation) {
		for _, line := range o.ledger(attempt) {
			if job == "" || line["job"] == job {
				pages++
				rows += line.int("row_count")
			}
		}
	})
	return pages, rows, err
}

// Keys counts the different keys that a job has in staging.
func (p loader) Keys(ctx context.Context, t shape.Table, attempt, job string) (int64, error) {
	keys := map[string]bool{}
	err := asker(p).StagedKeys(ctx, t, attempt, job, func(key string) { keys[key] = true })
	return int64(len(keys)), err
}

// Repeated tells of the keys that a job has in staging more than once.
func (p loader) Repeated(ctx context.Context, t shape.Table, attempt, job string) (evidence.Repeats, error) {
	var found evidence.Repeats
	err := p.view(ctx, "repeated keys of attempt "+attempt, func(o *operation) {
		found = repeats(t, o.read(t, attempt, []string{job}))
	})
	return found, err
}

// repeats tells of the keys that some rows have more than once.
func repeats(t shape.Table, rows []row) (found evidence.Repeats) {
	versions := map[string][]row{}
	for _, r := range rows {
		versions[keyOf(t, r)] = append(versions[keyOf(t, r)], r)
	}
	for _, differ := range []bool{true, false} { // those that differ are named first
		for _, key := range slices.Sorted(maps.Keys(versions)) {
			all := versions[key]
			if len(all) == 1 || differing(t, all) != differ {
				continue
			}
			pages := map[string]bool{}
			for _, r := range all {
				pages[r[colSeq]] = true
			}
			found.Add(key, int64(len(all)), int64(len(pages)), differ)
		}
	}
	return found
}

// differing tells whether versions of one record aren't equal in all columns.
func differing(t shape.Table, versions []row) bool {
	return slices.ContainsFunc(t.Columns, func(c shape.Column) bool {
		return slices.ContainsFunc(versions, func(r row) bool {
			value, known := r[c.Name]
			first, knew := versions[0][c.Name]
			return value != first || known != knew
		})
	})
}

// Discard removes the staged rows and the ledger of an attempt's jobs.
func (p loader) Discard(ctx context.Context, f warehouse.Fence, attempt string, keep ...string) error {
	return p.write(ctx, "discard attempt "+attempt, &f, func(o *operation) error {
		m, _ := o.mark(f.Flow)
		o.changeOwn(tableAttempt).remove(func(r row) bool { return r["attempt"] == attempt })
		if len(o.ledger(attempt)) == 0 { // it was consolidated, or nothing of it came
			return nil
		}
		o.changeOwn(tablePage).remove(func(r row) bool {
			return r["attempt"] == attempt && !slices.Contains(keep, r["job"])
		})
		tables := []string{tableRejected}
		if o.has(o.Staging, m.Table) {
			tables = append(tables, m.Table)
		}
		for _, name := range tables {
			o.change(o.Staging, name).remove(func(r row) bool {
				return r[colAttempt] == attempt && !slices.Contains(keep, r[colJob])
			})
		}
		return nil
	})
}
