package removal

import (
	"context"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/evidence"
	"catchment/internal/archive/manifest"
	"catchment/internal/warehouse/archived"
)

// A Status is how far a plan is carried out.
type Status struct {
	Name     string
	Head     manifest.Head
	Digest   string
	Objects  []Progress // deepest level first
	Cooling  int64      // records that are proven, and may not go yet
	Until    time.Time  // the first of those may go then
	Open     int64      // records that were posted, and that nobody has settled
	Finished bool       // every record has its end, and the evidence its last line
}

// A Progress is that of one object at one level.
type Progress struct {
	Planned manifest.Object
	States  map[archived.State]int64
	Back    int64 // deleted ones that live again
	Bytes   int64 // of data storage that the deleted ones took, about
	Files   int64 // of file storage, about
}

// Status tells how far a plan is, by the ledger and the evidence. It asks the org nothing but
// the time.
func (r *Remover) Status(ctx context.Context, name string) (Status, error) {
	ledger, ok := archived.Of(r.Warehouse)
	if !ok {
		return Status{}, noLedger(r.Warehouse)
	}
	p, err := readPaper(ctx, r.Store, name)
	if err != nil {
		return Status{}, err
	}
	defer p.close()
	if err := r.Warehouse.Migrate(ctx); err != nil {
		return Status{}, err
	}
	book, err := evidence.Open(ctx, r.Store, name)
	if err != nil {
		return Status{}, err
	}
	return (&run{Remover: r, paper: p, ledger: ledger, book: book}).status(ctx)
}

func (r *run) status(ctx context.Context) (Status, error) {
	s := Status{Name: r.paper.name, Head: r.paper.head, Digest: r.paper.digest, Finished: r.finished()}
	counts, err := r.ledger.Tally(ctx, r.paper.name)
	if err != nil {
		return s, err
	}
	for _, o := range r.paper.objects {
		p := Progress{Planned: o, States: map[archived.State]int64{}}
		for _, c := range counts {
			if c.Level == o.Level && sameObject(c.Object, o.Object) {
				p.States[c.State] += c.Records
				p.Back += c.Back
			}
		}
		if o.In > 0 {
			p.Bytes = o.Bytes * p.States[archived.Deleted] / o.In
			p.Files = o.Files * p.States[archived.Deleted] / o.In
		}
		s.Open += p.States[archived.Posted]
		s.Objects = append(s.Objects, p)
	}
	if s.Finished {
		return s, nil
	}
	s.Cooling, s.Until, err = r.cooling(ctx)
	return s, err
}

// cooling counts the records that may not go yet, and tells when the first of them may.
func (r *run) cooling(ctx context.Context) (n int64, until time.Time, err error) {
	now, err := r.Org.ServerTime(ctx)
	if err != nil {
		return 0, time.Time{}, err
	}
	var after archived.Line
	for {
		lines, err := r.ledger.Lines(ctx, archived.Query{Plan: r.paper.name, State: archived.Proven}, after,
			archive.BatchAtMost)
		if err != nil {
			return 0, time.Time{}, err
		}
		for _, l := range lines {
			if cool := l.ProvenAt.Add(r.paper.cool); now.Before(cool) {
				if n++; until.IsZero() || cool.Before(until) {
					until = cool
				}
			}
		}
		if len(lines) < archive.BatchAtMost {
			return n, until, nil
		}
		after = lines[len(lines)-1]
	}
}
