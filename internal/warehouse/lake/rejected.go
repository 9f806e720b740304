package lake

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/removal"
	"catchment/internal/warehouse/lake/rows"
)

// rejections is what an attempt has kept out. A line was written before the page that it is of was staged: so it counts
// where the attempt's ledger has that page. What an attempt without a ledger has kept out counts, too: it was
// consolidated.
type rejections struct{ *site }

// A rejection is a line: a record that was kept out of a page.
type rejection struct {
	key, field, rule, job string
	seq                   int64
}

// Rejected counts the different records of an attempt's job that were kept out.
func (s rejections) Rejected(ctx context.Context, attempt, job string) (n int64, err error) {
	last := ""
	err = s.each(ctx, attempt, job, func(r rejection) bool {
		if n == 0 || r.key != last {
			n, last = n+1, r.key
		}
		return true
	})
	return n, named("rejected records of attempt "+attempt, err)
}

// RejectedKeys calls each with the key of every such record.
func (s rejections) RejectedKeys(ctx context.Context, attempt, job string, each func(key string)) error {
	first, last := true, ""
	err := s.each(ctx, attempt, job, func(r rejection) bool {
		if first || r.key != last {
			each(r.key)
		}
		first, last = false, r.key
		return true
	})
	return named("rejected records of attempt "+attempt, err)
}

// Rejects names so many of the records that an attempt kept out, in order of their keys. Where several fields of one
// were, in readings of their own, it names the last in order of their names.
func (s rejections) Rejects(ctx context.Context, attempt string, most int) ([]evidence.Reject, error) {
	var all []evidence.Reject
	err := s.each(ctx, attempt, "", func(r rejection) bool {
		if n := len(all); n > 0 && all[n-1].ID == r.key {
			if r.field > all[n-1].Field {
				all[n-1].Field, all[n-1].Rule = r.field, r.rule
			}
			return true
		}
		if len(all) == most {
			return false
		}
		all = append(all, evidence.Reject{ID: r.key, Field: r.field, Rule: r.rule})
		return true
	})
	return all, named("rejected records of attempt "+attempt, err)
}

// each calls back with the lines of an attempt that count, in order of the records' keys, until it says no. job
// is "" for those of all its jobs.
func (s rejections) each(ctx context.Context, attempt, job string, each func(rejection) bool) error {
	t, err := s.found(ctx, s.own(own.Rejected))
	if err != nil || t == nil {
		return err
	}
	has, err := s.ledger(ctx, attempt)
	if err != nil {
		return err
	}
	where := removal.Where{In: map[string][]string{columns.Attempt: {attempt}}}
	if job != "" {
		where.In[columns.Job] = []string{job}
	}
	q := rows.Query{Key: []string{"record_key"}, Columns: []string{"field", "rule", columns.Job, columns.Seq},
		Where: where.Expression()}
	return s.site.each(ctx, t, q, func(b rows.Batch) error {
		for i := range b.Keys {
			if r := rejectionAt(b, i); counts(has, r) && !each(r) {
				return rows.ErrEnough
			}
		}
		return nil
	})
}

// counts tells whether a line does, of an attempt with this ledger.
func counts(has ledger.Ledger, r rejection) bool {
	return len(has.Jobs) == 0 || has.Has(r.job, r.seq)
}

// rejectionAt reads a line.
func rejectionAt(b rows.Batch, i int) rejection {
	seq, _ := b.Record.Column(3).(*array.Int64)
	r := rejection{key: b.Keys[i], field: textAt(b.Record, 0, i), rule: textAt(b.Record, 1, i),
		job: textAt(b.Record, 2, i)}
	if seq != nil && seq.IsValid(i) {
		r.seq = seq.Value(i)
	}
	return r
}

// textAt is a text of a record, "" for null.
func textAt(record arrow.RecordBatch, column, i int) string {
	texts, ok := record.Column(column).(*array.String)
	if !ok || texts.IsNull(i) {
		return ""
	}
	return texts.Value(i)
}
