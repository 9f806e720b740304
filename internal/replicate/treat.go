package replicate

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/value"
	"catchment/internal/warehouse"
)

// treated tells whether the pages of a source are decoded on their way.
func (s *source) treated() bool { return len(s.treatment.Changes)+len(s.treatment.Checks) > 0 }

// guards tells whether a flow keeps values out of the warehouse that another
// configuration of it may have let in.
func (s *source) guards() bool { return len(s.treatment.Changes)+len(s.flow.Drop) > 0 }

// settle sees to it that what the table was before counts as it is going to be:
// a column that gets another name is the same column, and those of dropped fields
// don't count.
func (s *source) settle() {
	s.past.Columns = slices.Clone(s.past.Columns)
	for _, c := range s.table.Columns {
		for _, k := range s.past.Fields {
			if at := slices.Index(s.past.Columns, k.Column); strings.EqualFold(k.Field, c.Field) && at >= 0 && s.renames(c) && !slices.Contains(s.past.Columns, c.Name) {
				s.past.Columns[at] = c.Name
			}
		}
	}
	dropped := s.columnsOf(s.flow.Drop)
	s.past.Columns = slices.DeleteFunc(s.past.Columns, func(name string) bool {
		return !hasColumn(s.table, name) && slices.Contains(dropped, name)
	})
}

// renames tells whether the flow itself names a column.
func (s *source) renames(c warehouse.Column) bool {
	for field, column := range s.flow.Rename {
		if strings.EqualFold(field, c.Field) && column == c.Name {
			return true
		}
	}
	return false
}

// columnsOf is the columns that fields have, had, or would have: also those that
// they left behind when they became fields of another type.
func (s *source) columnsOf(fields []string) []string {
	var names []string
	for _, field := range fields {
		plain := warehouse.ColumnName(field, s.flow.Naming == flow.Snake)
		names = append(names, plain)
		for _, k := range s.past.Fields {
			if strings.EqualFold(k.Field, field) {
				names = append(names, k.Column)
			}
		}
		for _, c := range s.table.Columns {
			if strings.EqualFold(c.Field, field) {
				names = append(names, c.Name)
			}
		}
		for _, name := range s.past.Columns {
			if kind, ok := strings.CutPrefix(name, plain+"_"); ok && warehouse.Kind(kind).Known() && !s.another(name, field) {
				names = append(names, name)
			}
		}
	}
	return names
}

// another tells whether a column is another field's.
func (s *source) another(column, field string) bool {
	return slices.ContainsFunc(s.past.Fields, func(k warehouse.Known) bool { return k.Column == column && !strings.EqualFold(k.Field, field) }) ||
		slices.ContainsFunc(s.table.Columns, func(c warehouse.Column) bool { return c.Name == column && !strings.EqualFold(c.Field, field) })
}

// guarded is the columns of what is masked, cut or dropped.
func (s *source) guarded() []string {
	fields := slices.Clone(s.flow.Drop)
	for _, c := range s.treatment.Changes {
		fields = append(fields, c.Field)
	}
	return s.columnsOf(fields)
}

// clearFrom is the generation from which on nothing of a flow may be in clear
// that it masks or drops: the one that the change of its settings began.
func clearFrom(src *source, row control.FlowRow, way course) int64 {
	if way.rebuild && src.guards() && row.Fingerprint != flow.Fingerprint(src.flow) {
		return way.generation
	}
	return row.ClearFrom
}

// openTreated opens a page as the flow wants it, before it is stored: no clear
// text gets into the blob store. It is checked as it came, and again as it is
// stored.
func (l *loading) openTreated(ctx context.Context, body *mover.Body, row control.PageRow) *treating {
	t := &treating{rejects: rejects{stage: l.Stage, flow: l.v.attempt.Flow, key: rejectedKey(row.Key)}}
	var text io.Reader = body
	if body.Gzip {
		text = page.Unpack(body)
	}
	treatment := l.v.source.treatment
	if op := warehouse.Op(l.part.Op); op != "" && op != warehouse.Put {
		treatment = treatment.Of(l.part.Columns) // a patch is judged by what it brings
	}
	t.came = page.Check(text, false, body.Records, nil)
	edited := page.Rewrite(t.came, func(header []string) (page.Edit, error) {
		one, err := treatment.For(header)
		if err != nil {
			return nil, plan.Fixf("let the flow copy fewer fields, so that one reading holds all that it checks", "%w", err)
		}
		t.rejects.header = header
		return func(r *page.Record) (bool, error) {
			check, broken := one.Broken(r)
			if broken && l.v.source.flow.Invalid == flow.Refuse {
				return false, plan.Fixf("mend the record in Salesforce, or set invalid: reject for this flow",
					"%w: field %s of record %s breaks the rule %s", errUnfit, check.Field, t.rejects.text(r, "Id"), check)
			}
			one.Change(r)
			if broken {
				return false, t.rejects.add(ctx, r, check)
			}
			return true, nil
		}, nil
	})
	t.stays = page.Check(edited, false, -1, l.measured)
	t.Reader = t.stays
	if body.Gzip {
		t.Reader = page.Pack(t.stays)
	}
	return t
}

// A treating is one page on its way through a flow's treatment.
type treating struct {
	io.Reader
	came, stays *page.Checked
	rejects     rejects
}

// Read ends with io.EOF only when the rejected records are stored, so a page
// that is in the blob store has them beside it.
func (t *treating) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if err == io.EOF {
		if rerr := t.rejects.end(); rerr != nil {
			return n, rerr
		}
	}
	return n, err
}

// Shape is what the stored page holds, once Read has returned io.EOF.
func (t *treating) Shape() page.Shape { return t.stays.Shape() }

// Close ends what was left in the middle.
func (t *treating) Close() error {
	return errors.Join(t.rejects.abort(), t.came.Close(), t.stays.Close())
}

// errLeft ends the page of rejected records of a page that came to nothing.
var errLeft = errors.New("the page was left in the middle")

// rejects stores the records that a flow's rules keep out of one page. Nothing
// is stored where there are none.
type rejects struct {
	stage  blob.Store
	flow   string
	key    string
	header []string // of the page that they come from
	w      *page.Writer
	pipe   *io.PipeWriter
	stored chan error
	n      int64
}

func rejectedKey(pageKey string) string {
	return strings.TrimSuffix(strings.TrimSuffix(pageKey, ".gz"), ".csv") + ".rejected.csv"
}

// text is a record's value of a field, or "" where the page lacks that.
func (s *rejects) text(r *page.Record, field string) string {
	at := slices.IndexFunc(s.header, func(name string) bool { return strings.EqualFold(name, field) })
	if at < 0 {
		return ""
	}
	return string(r.Value(at))
}

// add writes one record, after its values were changed.
func (s *rejects) add(ctx context.Context, r *page.Record, broken value.Check) error {
	if s.w == nil {
		var text *io.PipeReader
		text, s.pipe = io.Pipe()
		s.stored = make(chan error, 1)
		go func() {
			_, err := s.stage.Put(ctx, s.key, text)
			if errors.Is(err, blob.ErrExists) { // by a process that died before it noted the page
				_, err = io.Copy(io.Discard, text)
			}
			text.CloseWithError(err)
			s.stored <- err
		}()
		s.w = page.NewWriter(s.pipe, warehouse.RejectedHeader())
	}
	record, err := value.JSON(s.header, r)
	if err != nil {
		return err
	}
	s.n++
	return s.w.Write([]string{s.flow, s.text(r, "Id"), s.text(r, "SystemModstamp"), broken.Field, broken.String(), record})
}

// end waits until all is stored.
func (s *rejects) end() error {
	if s.w == nil {
		return nil
	}
	err := errors.Join(s.w.Flush(), s.pipe.Close(), <-s.stored)
	s.w = nil
	return err
}

// abort gives up what isn't stored yet.
func (s *rejects) abort() error {
	if s.w == nil {
		return nil
	}
	s.w = nil
	err := s.pipe.CloseWithError(errLeft)
	<-s.stored
	return err
}

// storedRejects counts the rejected records beside a page that is stored.
func (l *loading) storedRejects(ctx context.Context, row control.PageRow) (int64, error) {
	f, err := l.Stage.Open(ctx, rejectedKey(row.Key))
	if errors.Is(err, blob.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	in := page.Check(f, false, -1, nil)
	defer in.Close()
	if _, err := io.Copy(io.Discard, in); err != nil {
		return 0, err
	}
	return in.Shape().Records, nil
}

// rejectedPage shows the rejected records of a stored page to the warehouse.
func rejectedPage(stage blob.Store, row control.PageRow) *warehouse.Page {
	if row.Rejected == 0 {
		return nil
	}
	p := &warehouse.Page{Key: rejectedKey(row.Key), Seq: row.Seq, Header: warehouse.RejectedHeader(), Rows: row.Rejected}
	p.Path, p.URL = stage.Where(p.Key)
	p.Open = func(ctx context.Context) (io.ReadCloser, error) { return stage.Open(ctx, p.Key) }
	return p
}

// accountRejected counts what was rejected against what the warehouse keeps of
// it, each record once (invariant 6).
func (l *loading) accountRejected(ctx context.Context) error {
	if !l.v.source.treated() {
		return nil
	}
	kept, err := l.Warehouse.Rejected(ctx, l.v.attempt.ID, l.job.ID)
	if err != nil {
		return err
	}
	if kept != l.total.rejected {
		return plan.Failf(plan.Retry, "", "%w: %d records of job %s were rejected, the warehouse keeps %d different ones",
			errUnsound, l.total.rejected, l.job.ID, kept)
	}
	if kept > 0 {
		l.v.note("%d records break the flow's rules and were not copied; they are in the staging schema, in _catchment_rejected", kept)
	}
	return nil
}

// unsalted tells whether a flow makes digests that anybody can make.
func (s *source) unsalted() bool {
	return s.flow.Salt == "" && slices.ContainsFunc(s.treatment.Changes, func(c value.Change) bool { return c.Mask == value.SHA256 })
}
