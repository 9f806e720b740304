package replicate

import (
	"bytes"
	"context"
	"encoding/json"
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
	"catchment/internal/schema"
	"catchment/internal/value"
	"catchment/internal/warehouse"
)

// treatmentOf is what a flow asks of the values that it copies. What "*" names
// and this object doesn't have is left out.
func treatmentOf(fl flow.Flow, fields []schema.Field) value.Treatment {
	copied := func(name string) bool {
		return slices.ContainsFunc(fields, func(f schema.Field) bool { return strings.EqualFold(f.Name, name) })
	}
	var t value.Treatment
	for _, c := range fl.Changes {
		if copied(c.Field) {
			t.Changes = append(t.Changes, c)
		}
	}
	for _, c := range fl.Checks {
		if copied(c.Field) {
			t.Checks = append(t.Checks, c)
		}
	}
	return t
}

// treated tells whether the pages of a source are decoded on their way.
func (s *source) treated() bool { return len(s.treatment.Changes)+len(s.treatment.Checks) > 0 }

// guards tells whether a flow keeps values out of the warehouse that another
// configuration of it may have let in.
func (s *source) guards() bool { return len(s.treatment.Changes)+len(s.flow.Drop) > 0 }

// rename gives columns the names that the flow wants for them. In what the table
// was before they are the same columns, and those of dropped fields don't count.
func (s *source) rename() error {
	adapted := s.table
	var err error
	if s.table, err = adapted.Renamed(s.flow.Rename); err != nil {
		return err
	}
	s.past.Columns = slices.Clone(s.past.Columns)
	for i, c := range adapted.Columns {
		if at := slices.Index(s.past.Columns, c.Name); at >= 0 {
			s.past.Columns[at] = s.table.Columns[i].Name
		}
	}
	s.past.Columns = slices.DeleteFunc(s.past.Columns, func(name string) bool {
		return !hasColumn(s.table, name) && slices.Contains(s.columnsOf(s.flow.Drop), name)
	})
	return nil
}

// columnsOf is the columns that fields have, had, or would have.
func (s *source) columnsOf(fields []string) []string {
	var names []string
	for _, field := range fields {
		names = append(names, warehouse.ColumnName(field, s.flow.Naming == flow.Snake))
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
	}
	return names
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
		treatment.Checks = nil // it is of records that a whole reading has judged
	}
	t.came = page.Check(text, false, body.Records, nil)
	edited := page.Rewrite(t.came, func(header []string) (page.Edit, error) {
		one, err := treatment.For(header)
		if err != nil {
			return nil, plan.Fixf("let the flow copy fewer fields, so that one reading holds all of a record", "%w", err)
		}
		t.rejects.header = header
		return func(r *page.Record) (bool, error) {
			check, broken := one.Broken(r)
			if broken && l.v.source.flow.Invalid == flow.Refuse {
				return false, plan.Fixf("mend the record in Salesforce, or set invalid: reject for this flow",
					"%w: field %s of record %s breaks the rule %s", errUnfit, check.Field, t.rejects.id(r), check)
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

func (s *rejects) id(r *page.Record) string {
	at := slices.IndexFunc(s.header, func(name string) bool { return strings.EqualFold(name, "Id") })
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
	record, err := s.json(r)
	if err != nil {
		return err
	}
	s.n++
	return s.w.Write([]string{s.flow, s.id(r), broken.Field, broken.String(), record})
}

// json writes a record as an object, its fields in the order of the page.
func (s *rejects) json(r *page.Record) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for i, name := range s.header {
		b.WriteByte("{,"[min(i, 1)])
		if err := e.Encode(name); err != nil {
			return "", err
		}
		b.Truncate(b.Len() - 1) // the line break
		b.WriteByte(':')
		v := r.Value(i)
		if len(v) == 0 {
			b.WriteString("null")
			continue
		}
		if err := e.Encode(string(v)); err != nil {
			return "", err
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('}')
	return b.String(), nil
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
