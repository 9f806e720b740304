package lake

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/intake"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/shaping"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

// loader is the role of that name. Files come first, of all pages; then one snapshot of the stage table names them,
// and has their lines in the ledger.
type loader struct{ *site }

// Room is what Iceberg has room for, as far as every engine reads it: years have four digits in Spark and Python.
func (s loader) Room() room.Limits {
	years := room.Years{First: 1, Last: 9999}
	return room.Limits{NUL: true, Digits: shaping.Digits, Whole: shaping.Digits, Fraction: shaping.Digits, Dates: years,
		Stamps: years}
}

// PagesPerLoad is as many as are worth a snapshot.
func (s loader) PagesPerLoad() int { return 8 }

// Load puts the pages of a batch into staging, but those that the ledger has.
func (s loader) Load(ctx context.Context, f warehouse.Fence, b warehouse.Batch) (int64, error) {
	if err := s.load(ctx, f, b); err != nil {
		return 0, named("load "+b.Table.Name, err)
	}
	var rows int64
	for _, p := range b.Pages {
		rows += p.Rows
	}
	return rows, nil
}

// errStale says that a table's columns are others than those that files were written for.
var errStale = errors.New("the columns were changed meanwhile")

// looks is how often a load begins anew that finds the table otherwise than it saw it.
const looks = 8

// load loads the pages of a batch that the ledger lacks.
func (s loader) load(ctx context.Context, f warehouse.Fence, b warehouse.Batch) error {
	b.Op = cmp.Or(b.Op, warehouse.Put)
	for range looks {
		err := s.loadOnce(ctx, f, b)
		if !errors.Is(err, errStale) {
			return err
		}
	}
	return plan.Failf(plan.Retry, "run it again", "%w", errStale)
}

func (s loader) loadOnce(ctx context.Context, f warehouse.Fence, b warehouse.Batch) error {
	if err := s.fenced(ctx, f); err != nil {
		return err
	}
	if merged, err := s.merged(ctx, b.Table.Name, b.Attempt); merged || err != nil {
		return err
	}
	t, err := s.Find(ctx, s.stage(b.Table))
	if err != nil {
		return err
	}
	has, err := ledger.Read(t.Properties(), b.Attempt)
	if err != nil {
		return err
	}
	fresh, err := has.Lacking(b)
	if err != nil || len(fresh) == 0 {
		return err
	}
	columns, err := filled(b.Table, fresh, t.Schema())
	if err != nil {
		return err
	}
	widened, err := s.makeRoom(ctx, f, b.Table, fresh)
	if err != nil {
		return err
	}
	if widened {
		if t, err = s.Find(ctx, s.stage(b.Table)); err != nil {
			return err
		}
	}
	written, err := intake.Write(ctx, t, b, fresh)
	if err != nil {
		return err
	}
	if err := s.keepOut(ctx, b, fresh); err != nil {
		return err
	}
	_, err = s.Commit(ctx, s.stage(b.Table), s.entering(f, b, columns, t.Schema().ID, written))
	return err
}

// merged tells whether an attempt was consolidated before. What a repeat brings is in the stage already, as history, or
// was not to stay there.
func (s loader) merged(ctx context.Context, name, attempt string) (bool, error) {
	stands, _, err := s.stands(ctx, name)
	_, done := stands.counts(attempt)
	return done, err
}

// entering is the snapshot that adds pages to a stage table and to the ledger: those of a batch that it lacks then.
// Files of others are left where they are. Nobody removes them: a commit of which it was said that it failed may have
// been done, and its files would be these.
func (s loader) entering(
	f warehouse.Fence, b warehouse.Batch, columns []string, schema int, written map[string][]iceberg.DataFile,
) tables.Builder {
	return func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		if err := s.fenced(ctx, f); err != nil {
			return nil, err
		}
		if merged, err := s.merged(ctx, b.Table.Name, b.Attempt); merged || err != nil {
			return nil, err
		}
		has, err := ledger.Read(t.Properties(), b.Attempt)
		if err != nil {
			return nil, err
		}
		fresh, err := has.Lacking(b)
		if err != nil || len(fresh) == 0 {
			return nil, err
		}
		if t.Schema().ID != schema {
			return nil, errStale
		}
		c := &tables.Change{}
		for _, p := range fresh {
			files, is := written[p.Key]
			if !is { // somebody has discarded it meanwhile
				return nil, errStale
			}
			c.Rows = append(c.Rows, files...)
		}
		return c, note(c, b.Attempt, has.With(b, columns, fresh))
	}
}

// note has a change write the ledger of an attempt.
func note(c *tables.Change, attempt string, l ledger.Ledger) error {
	if len(l.Jobs) == 0 {
		c.Forget = append(c.Forget, ledger.Key(attempt))
		return nil
	}
	text, err := l.Text()
	if c.Properties == nil {
		c.Properties = iceberg.Properties{}
	}
	c.Properties[ledger.Key(attempt)] = text
	return err
}

// filled are the columns that pages have values for. A decimal that nobody has measured could be rounded, and is
// refused.
func filled(t shape.Table, of []warehouse.Page, has *iceberg.Schema) ([]string, error) {
	var all []string
	for _, p := range of {
		all = all[:0]
		for _, field := range p.Header {
			c, known := t.Column(field)
			stored, made := has.FindFieldByName(c.Name)
			if !known || !made {
				return nil, plan.Failf(plan.Bug, "", "page %s has the field %s, for which table %s has no column",
					p.Key, field, t.Name)
			}
			_, decimal := stored.Type.(iceberg.DecimalType)
			measured := slices.ContainsFunc(p.Digits, func(d room.Digits) bool {
				return strings.EqualFold(d.Field, field)
			})
			if decimal && p.Rows > 0 && !measured {
				return nil, plan.Failf(plan.Bug, "", "nobody measured the decimals of %s in page %s", field, p.Key)
			}
			all = append(all, c.Name)
		}
	}
	return all, nil
}

// keepOut writes down which records of pages were kept out. That counts once the pages are in the ledger; what was
// written for them by a load that failed says the same.
func (s loader) keepOut(ctx context.Context, b warehouse.Batch, of []warehouse.Page) error {
	var kept []warehouse.Page
	for _, p := range of {
		if p.Rejected == nil || p.Rejected.Rows == 0 {
			continue
		}
		rejected := *p.Rejected
		rejected.Key, rejected.Seq = p.Key, p.Seq
		kept = append(kept, rejected)
	}
	if len(kept) == 0 {
		return nil
	}
	t, err := s.Find(ctx, s.own(own.Rejected))
	if err != nil {
		return err
	}
	of = kept
	b.Table = rejects
	written, err := intake.Write(ctx, t, b, of)
	if err != nil {
		return err
	}
	c := &tables.Change{}
	for _, p := range kept {
		c.Rows = append(c.Rows, written[p.Key]...)
	}
	_, err = s.Commit(ctx, s.own(own.Rejected), func(context.Context, *table.Table) (*tables.Change, error) {
		return c, nil
	})
	return err
}

// rejects is what pages of rejected records hold.
var rejects = func() shape.Table {
	t := shape.Table{Name: own.Rejected, Key: []string{"record_key"}}
	for _, name := range warehouse.RejectedHeader() {
		c := shape.Column{Name: name, Field: name, Kind: shape.Text}
		if name == "stamp" {
			c.Kind = shape.Timestamp
		}
		t.Columns = append(t.Columns, c)
	}
	return t
}()
