package lake

import (
	"context"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/versions"
)

// An exclusion is a line of the table of what was kept out, as the rules see it.
type exclusion struct {
	versions.Rejection
	id          string // what makes the line another than all others
	field, rule string // as people read them
}

// kept reads what was kept out of the flow, by key. Lines of pages that never came to be staged don't count.
func (c *consolidation) kept(ctx context.Context, stage *table.Table) (map[string][]exclusion, error) {
	t, err := c.found(ctx, c.own(own.Rejected))
	if err != nil || t == nil || t.CurrentSnapshot() == nil {
		return nil, err
	}
	open := ledgers{stage: stage, read: map[string]*ledger.Ledger{}}
	met, all := map[string]bool{}, map[string][]exclusion{}
	for row, err := range own.Read(ctx, t, own.Is("flow", c.Table.Object)) {
		if err != nil {
			return nil, err
		}
		attempt := row[columns.Attempt]
		if lacks, err := open.lack(attempt, row[columns.Job], seqOf(row)); lacks || err != nil {
			if err != nil {
				return nil, err
			}
			continue
		}
		r, err := c.exclusion(row, attempt == c.Attempt)
		if err != nil {
			return nil, err
		}
		if !met[r.id] {
			met[r.id] = true
			all[row["record_key"]] = append(all[row["record_key"]], r)
		}
	}
	return all, nil
}

// ledgers are those of a stage table, as far as they were read.
type ledgers struct {
	stage *table.Table // nil for none
	read  map[string]*ledger.Ledger
}

// lack tells whether an attempt is under way and lacks a page.
func (l ledgers) lack(attempt, job string, seq int64) (bool, error) {
	if l.stage == nil {
		return false, nil
	}
	if _, open := l.stage.Properties()[ledger.Key(attempt)]; !open {
		return false, nil
	}
	if l.read[attempt] == nil {
		has, err := ledger.Read(l.stage.Properties(), attempt)
		if err != nil {
			return false, err
		}
		l.read[attempt] = &has
	}
	return !l.read[attempt].Has(job, seq), nil
}

func seqOf(row own.Row) int64 {
	n, _ := strconv.ParseInt(row[columns.Seq], 10, 64)
	return n
}

// rejection reads a line.
func (c *consolidation) exclusion(row own.Row, mine bool) (exclusion, error) {
	op := warehouse.Op(row[columns.Op])
	r := exclusion{id: exclusionID(row), field: row["field"], rule: row["rule"]}
	r.Mine, r.Whole, r.Field = mine, op == "" || op == warehouse.Put, strings.ToLower(row["field"])
	readAt, err := columns.ParseMoment(row[columns.ReadAt])
	if err != nil {
		return r, err
	}
	stamp, err := columns.ParseMoment(row["stamp"])
	r.ReadAt, r.Stamp = versions.At(readAt), versions.At(stamp)
	return r, err
}

// exclusionID tells a line from all others.
func exclusionID(row own.Row) string {
	return strings.Join([]string{row[columns.Attempt], row[columns.Job], row[columns.Seq], row["record_key"],
		row["field"], row["rule"], row["stamp"]}, "\x1f")
}

// forget forgets the rejections that are past, and where columns are to be forgotten, the records of those that stay.
func (c *consolidation) forget(ctx context.Context) error {
	if len(c.past) == 0 && len(c.Forget) == 0 {
		return nil
	}
	past := map[string]bool{}
	for _, r := range c.past {
		past[r.id] = true
	}
	where := own.Is("flow", c.Table.Object)
	return own.Edit(ctx, c.Lake, c.own(own.Rejected), where, func(rows []own.Row) []own.Row {
		var stay []own.Row
		for _, row := range rows {
			ours := row["flow"] == c.Table.Object
			if ours && past[exclusionID(row)] {
				continue
			}
			if ours && len(c.Forget) > 0 && row[columns.Attempt] != c.Attempt {
				row = without(row, "record")
			}
			stay = append(stay, row)
		}
		return stay
	})
}

// without is a row that has nothing in a column.
func without(row own.Row, column string) own.Row {
	out := own.Row{}
	for name, value := range row {
		if name != column {
			out[name] = value
		}
	}
	return out
}
