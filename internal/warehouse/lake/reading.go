package lake

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/apache/iceberg-go"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/lake/compare"
	"catchment/internal/warehouse/lake/lost"
	"catchment/internal/warehouse/lake/pages"
	"catchment/internal/warehouse/lake/rows"
)

// A reading is a fresh look at an object. It is in scratch files of who reads, and in no table: after a crash it needs
// no clearing away.
type reading struct {
	s *site
	f warehouse.Fence
	c evidence.Comparison

	source   *rows.Pile
	answers  *rows.Pile // as compare.Layers has them
	answered int64      // so often
	suspects *compare.Suspects
	tally    compare.Tally
	final    *iceberg.Schema // of the final table
	counted  bool            // tally is that of what was judged last
	asked    []string        // in order
	lost     lost.Files      // of the final table, which is read without them
}

// Reading makes room for a fresh look at an object.
func (s asker) Reading(ctx context.Context, f warehouse.Fence, c evidence.Comparison) (warehouse.Reading, error) {
	r := &reading{s: s.site, f: f, c: c}
	err := r.do(ctx, "read", func() error {
		final, err := s.Find(ctx, s.final(c.Table))
		if err != nil {
			return err
		}
		for _, column := range compare.Columns(c) {
			if _, has := final.Schema().FindFieldByName(column); !has {
				return plan.Failf(plan.Bug, "", "table %s has no column %s to compare with", c.Table.Name, column)
			}
		}
		r.final = final.Schema()
		if r.source, err = r.pile(); err == nil {
			r.answers, err = r.pile()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// do does something for the reading, whose flow must not have been lost.
func (r *reading) do(ctx context.Context, what string, do func() error) error {
	err := r.s.holds(ctx, r.f)
	if err == nil {
		err = do()
	}
	return named(what+" "+r.c.Table.Name, err)
}

// pile makes room for records.
func (r *reading) pile() (*rows.Pile, error) {
	schema, err := compare.Schema(r.c.Table, r.final)
	if err != nil {
		return nil, err
	}
	return rows.NewPile(r.s.scratch, schema, r.c.Table.Key)
}

// Add takes pages of the reading, all of them or none.
func (r *reading) Add(ctx context.Context, some []warehouse.Page) error {
	return r.do(ctx, "read", func() error {
		fresh, err := r.read(ctx, some, func(p warehouse.Page) int64 { return p.Seq })
		if err != nil {
			return err
		}
		return r.source.Join(ctx, fresh)
	})
}

// read is the records of pages, each with the note of its page.
func (r *reading) read(
	ctx context.Context, some []warehouse.Page, note func(warehouse.Page) int64,
) (*rows.Pile, error) {
	fresh, err := r.pile()
	if err != nil {
		return nil, err
	}
	for _, p := range some {
		if err := r.take(ctx, fresh, p, note(p)); err != nil {
			return nil, errors.Join(err, fresh.Close())
		}
	}
	return fresh, nil
}

// take adds the records of a page.
func (r *reading) take(ctx context.Context, to *rows.Pile, p warehouse.Page, note int64) (err error) {
	from, err := pages.Open(ctx, p, r.c.Table, to.Schema(), pages.Own{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	for {
		run, err := from.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		for batch, err := range run.Batches() {
			if err == nil {
				err = to.Add(ctx, batch, note)
			}
			if err != nil {
				return err
			}
		}
	}
	if from.Rows() != p.Rows {
		return plan.Failf(plan.Bug, "run it again; if it happens twice, keep the page and report it",
			"page %s holds %d rows, the warehouse took %d of them", p.Key, p.Rows, from.Rows())
	}
	return nil
}

// Close forgets the reading.
func (r *reading) Close(context.Context) error {
	err := errors.Join(r.source.Close(), r.answers.Close())
	if r.suspects != nil {
		err = errors.Join(err, r.suspects.Close())
	}
	return err
}

// Judge finds where reading and final table differ.
func (r *reading) Judge(ctx context.Context, expected int64) error {
	return r.do(ctx, "compare", func() error {
		if n := r.source.Rows(); n != expected {
			return plan.Failf(plan.Retry, "try again", "%d records were read, Salesforce counts %d", n, expected)
		}
		keys, err := r.once(ctx)
		if err != nil {
			return err
		}
		return r.despite(ctx, func() error { return r.judgeAll(ctx, keys) })
	})
}

// judgeAll judges what the reading and the final table have of some keys, or of all.
func (r *reading) judgeAll(ctx context.Context, keys []string) error {
	fresh, err := compare.NewSuspects(r.s.scratch)
	if err != nil {
		return err
	}
	tally, err := r.compare(ctx, []*rows.Pile{r.source, r.answers}, keys, fresh.Add)
	if err != nil {
		return errors.Join(err, fresh.Close())
	}
	return r.replace(fresh, tally, true)
}

// replace has other suspects in the place of those that were found before.
func (r *reading) replace(by *compare.Suspects, tally compare.Tally, counted bool) error {
	old := r.suspects
	r.suspects, r.tally, r.counted = by, tally, counted
	if old == nil {
		return nil
	}
	return old.Close()
}

// mostKeys is how many keys of a reading of some records are looked up; beyond, the table is read whole.
const mostKeys = 100_000

// once proves that the reading has each record once: where a page came twice, another one didn't come at all. What one
// page holds more than once, alike, is one record. Of a reading of some records it tells the keys, nil where they are
// too many.
func (r *reading) once(ctx context.Context) (keys []string, err error) {
	c, err := r.source.Cursor(ctx)
	if err != nil {
		return nil, err
	}
	stream := compare.NewStream(c)
	found, keys, err := compare.Repeated(stream, r.c.Table, mostKeys)
	if err = errors.Join(err, stream.Close()); err != nil {
		return nil, err
	}
	if found.Rows > 0 && !found.Alike(found.Rows) {
		return nil, plan.Failf(plan.Retry, "try again",
			"%d records were read twice: a page came in the place of another", found.Rows)
	}
	if !r.c.Part {
		return nil, nil
	}
	return keys, nil
}

// compare goes through a reading, its answers and the final table: through all that they have, or what they have of
// some keys.
func (r *reading) compare(
	ctx context.Context, of []*rows.Pile, keys []string, found func(compare.Suspect) error,
) (tally compare.Tally, err error) {
	sides, err := r.sides(ctx, of, keys)
	if err != nil {
		return tally, err
	}
	defer func() { err = errors.Join(err, sides.Close()) }()
	if found != nil {
		if err := r.s.keptOut(ctx, r.c.Table, &sides); err != nil {
			return tally, err
		}
	}
	return compare.New(r.c).Run(ctx, sides, found)
}

// sides opens what is compared: a reading, which may be nil, its answers, and the final table.
func (r *reading) sides(ctx context.Context, of []*rows.Pile, keys []string) (sides compare.Sides, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, sides.Close())
		}
	}()
	for i, to := range []**compare.Stream{&sides.Source.Reading, &sides.Source.Answers} {
		if of[i] == nil {
			continue
		}
		c, err := of[i].Cursor(ctx)
		if err != nil {
			return sides, err
		}
		*to = compare.NewStream(c)
	}
	q := rows.Query{Key: r.c.Table.Key, Columns: compare.Columns(r.c), Keys: keys, Without: r.lost.Paths()}
	sides.Final, err = r.s.stream(ctx, r.s.final(r.c.Table), q)
	return sides, err
}

// Ask picks what was judged to differ.
func (r *reading) Ask(ctx context.Context, most int) (named []evidence.Suspect, err error) {
	err = r.do(ctx, "differences of", func() error {
		var asked []string // the suspects have the order of their keys
		for s, err := range r.suspects.All() {
			if err != nil {
				return err
			}
			again := len(asked) > 0 && asked[len(asked)-1] == s.Record
			if s.Open() || !again && len(asked) >= most {
				if len(asked) >= most && !again {
					break
				}
				continue
			}
			if !again {
				asked = append(asked, s.Record)
			}
			named = append(named, evidence.Suspect{ID: s.Record, How: s.How})
		}
		r.asked = asked
		return nil
	})
	if err != nil {
		return nil, err
	}
	return named, nil
}

// Answer replaces what the reading says of the records that Ask named.
func (r *reading) Answer(ctx context.Context, clock time.Time, some []warehouse.Page) error {
	r.c.Clock = clock
	return r.do(ctx, "judge again what differs in", func() error {
		n := r.answered + 1
		fresh, err := r.read(ctx, some, func(warehouse.Page) int64 { return n })
		if err == nil {
			err = r.complete(ctx, fresh, -n)
		}
		if err == nil {
			err = r.judgeAgain(ctx, fresh)
		}
		if err != nil {
			return errors.Join(err, fresh.Close())
		}
		r.answered = n
		return r.answers.Join(ctx, fresh)
	})
}

// complete adds those that were asked for and that no page holds to the answers, with a note. An answer to no question
// is refused.
func (r *reading) complete(ctx context.Context, answers *rows.Pile, note int64) (err error) {
	c, err := answers.Cursor(ctx)
	if err != nil {
		return err
	}
	_, keys, err := compare.Repeated(compare.NewStream(c), r.c.Table, len(r.asked))
	if err = errors.Join(err, c.Close()); err != nil {
		return err
	}
	asked := map[string]bool{}
	for _, key := range r.asked {
		asked[key] = true
	}
	for _, key := range keys {
		if !asked[key] {
			keys = nil
			break
		}
		delete(asked, key)
	}
	if keys == nil {
		return plan.Failf(plan.Bug, "", "a record was answered that nobody asked for")
	}
	return answers.AddKeys(ctx, slices.Sorted(maps.Keys(asked)), note)
}

// judgeAgain judges anew what was asked for, by the answers alone.
func (r *reading) judgeAgain(ctx context.Context, answers *rows.Pile) error {
	var anew []compare.Suspect
	_, err := r.compare(ctx, []*rows.Pile{nil, answers}, r.asked, func(s compare.Suspect) error {
		anew = append(anew, s)
		return nil
	})
	if err != nil {
		return err
	}
	fresh, err := r.suspects.Replaced(r.s.scratch, r.asked, anew)
	if err != nil {
		return err
	}
	return r.replace(fresh, compare.Tally{}, false)
}

// Difference counts what was judged, and names so many Ids of each kind.
func (r *reading) Difference(ctx context.Context, sample int) (d evidence.Difference, err error) {
	err = r.do(ctx, "differences of", func() error {
		if err := r.count(ctx); err != nil {
			return err
		}
		d, err = r.suspects.Difference(r.tally, sample)
		d.Lost = r.lost.Told()
		return err
	})
	return d, err
}

// count counts both sides, where something was judged anew since.
func (r *reading) count(ctx context.Context) (err error) {
	if r.counted {
		return nil
	}
	var keys []string
	if r.c.Part {
		if keys, err = r.once(ctx); err != nil {
			return err
		}
	}
	r.tally, err = r.compare(ctx, []*rows.Pile{r.source, r.answers}, keys, nil)
	r.counted = err == nil
	return err
}

// Sets gives both sides' sets.
func (r *reading) Sets(ctx context.Context) (source, final evidence.Set, err error) {
	err = r.do(ctx, "digest of", func() (err error) {
		sides, err := r.sides(ctx, []*rows.Pile{r.source, r.answers}, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, sides.Close()) }()
		source, final, err = compare.New(r.c).Sets(ctx, sides, r.suspects)
		return err
	})
	return source, final, err
}
