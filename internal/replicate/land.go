package replicate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/replicate/reading"
	"catchment/internal/schema"
	"catchment/internal/stage"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// What a lander brings comes into the warehouse without us. The steps make its
// flow, start it when all flows of the run are there, wait for its executions,
// and claim the rows that are there by then: as many as AppFlow says that it
// sent, or none. Where its executions leave files, those that are there by then are loaded
// as any job's pages are, and counted alike.

// lander finds the lander of a part, nil where it is read page by page.
func (r *Replicator) lander(p *control.Part) mover.Lander { return r.Movers.Lander(p.Mover) }

// A landing brings a part by a flow of AppFlow.
type landing struct {
	*attemptStep
	lander mover.Lander
	lands  warehouse.Lands // nil where filer is there
	filer  mover.Filer     // nil where rows land
	part   *control.Part
	now    mover.Landing
}

var _ partJob = (*landing)(nil)

func (s *attemptStep) landing(p *control.Part) (*landing, error) {
	now, err := landingOf(p)
	l := &landing{attemptStep: s, lander: s.lander(p), filer: s.Movers.Filer(p.Mover), part: p, now: now}
	if err == nil && l.filer == nil {
		l.lands, err = Lands(s.Warehouse)
	}
	return l, err
}

// landingOf reads how far a part's landing is.
func landingOf(p *control.Part) (now mover.Landing, err error) {
	if len(p.Job) == 0 {
		return now, nil
	}
	if err := json.Unmarshal(p.Job, &now); err != nil {
		return now, fmt.Errorf("read the landing of part %s: %w", p.Name, err)
	}
	return now, nil
}

// Lands is a warehouse as one into which others send rows, or why it is none.
func Lands(w warehouse.Warehouse) (warehouse.Lands, error) {
	if lands := warehouse.RolesOf(w).Lands; lands != nil {
		return lands, nil
	}
	return nil, plan.Fixf("give the flow another `mover`, or the copy another warehouse",
		"%s takes no rows that others send", w.Name())
}

// keep writes the landing into its part. The step saves the attempt.
func (l *landing) keep(now mover.Landing) error {
	l.now = now
	b, err := json.Marshal(now)
	l.part.Job = b
	return err
}

// request says what is to be landed: the fields that the attempt was begun
// with.
func (l *landing) request(ctx context.Context) (mover.LandRequest, error) {
	a, src := &l.attempt, l.source
	org, err := l.Org.Org(ctx)
	q := mover.LandRequest{
		Org: org, Attempt: a.ID, Run: a.Run, Object: src.Object.Name,
		Where: src.Flow.Where, Cursor: src.Cursor, From: a.From,
	}
	column := func(c shape.Column) string { return c.Field } // as in any page
	if l.filer == nil {
		q.Table = l.lands.LandsIn(src.Table, l.Options.LandApart)
		column = func(c shape.Column) string { return c.Name }
	}
	for i, c := range l.table().Columns {
		q.Fields, q.Columns = append(q.Fields, schema.Field{Name: c.Field}), append(q.Columns, column(c))
		if f, ok := src.Object.Field(c.Field); ok {
			q.Fields[i] = f
		}
	}
	return q, err
}

// table is the flow's table with the columns that land.
func (l *landing) table() shape.Table {
	t := l.source.Table
	var landed []shape.Column
	for _, c := range t.Columns {
		for _, name := range l.part.Fields {
			if strings.EqualFold(c.Field, name) {
				landed = append(landed, c)
			}
		}
	}
	t.Columns = landed
	return t
}

// create makes the flow, or begins to. Its name is recorded before, so that no
// flow is left behind by a crash.
func (l *landing) create(ctx context.Context) error {
	if l.filer == nil && l.Options.LandApart {
		if err := l.lands.PrepareLanding(ctx, l.fence(), l.source.Table); err != nil {
			return err
		}
	}
	_, err := l.made(ctx)
	return err
}

// plan names the flow where it has no name yet, or none any more.
func (l *landing) plan(ctx context.Context, q mover.LandRequest) error {
	if len(l.part.Job) > 0 {
		return nil
	}
	if err := l.keep(l.lander.Plan(q)); err != nil {
		return err
	}
	l.part.Jobs = 1
	return l.save(ctx)
}

// made gets on with making the flow. Once it is there, and before it may be
// started, rows that nobody claims go out of its way: an execution that ran
// twice may have landed them, or a user.
func (l *landing) made(ctx context.Context) (bool, error) {
	if l.now.Made {
		return true, nil
	}
	q, err := l.request(ctx)
	if err == nil {
		err = l.plan(ctx, q)
	}
	if err != nil {
		return false, err
	}
	now, err := l.lander.Make(ctx, q, l.now)
	if err := errors.Join(err, l.keep(now)); err != nil {
		return false, err
	}
	if !now.Made {
		return false, nil
	}
	return true, l.clear(ctx)
}

// clear consolidates the rows that nobody claims: each is a version of its
// record, and none may be lost. Files are in nobody's way.
func (l *landing) clear(ctx context.Context) error {
	if l.filer != nil {
		return nil
	}
	n, err := l.lands.Unclaimed(ctx, l.source.Table, l.Options.LandApart)
	if err != nil || n == 0 {
		return err
	}
	m, _, err := l.merge(ctx)
	if err != nil {
		return err
	}
	m.AllowDeletes, m.Memory = l.Options.AllowDeletes, "" // the attempt isn't consolidated by that
	if _, err := l.lands.MergeUnclaimed(ctx, l.fence(), m, l.Options.LandApart); err != nil {
		return err
	}
	l.note("%s that nobody had claimed %s in staging, and %s been consolidated", plural.Of(n, "row"),
		plural.Word(n, "was", "were"), plural.Word(n, "has", "have"))
	return nil
}

// start sets the flow off. One that is gone, or that drop took away from a run that
// failed, is made anew by the next step.
func (l *landing) start(ctx context.Context) error {
	if len(l.part.Job) == 0 {
		return nil
	}
	now, err := l.lander.Start(ctx, l.now)
	if errors.Is(err, mover.ErrGone) {
		return l.replace(ctx)
	}
	return errors.Join(err, l.keep(now))
}

// finished does whatever is next until the executions have ended.
func (l *landing) finished(ctx context.Context) (bool, error) {
	l.wait = landWait(l.Options.Now().Sub(l.now.Started))
	switch {
	case l.now.Done:
		return true, nil
	case len(l.part.Job) == 0:
		return false, l.create(ctx)
	case !l.now.Made:
		_, err := l.made(ctx)
		return false, err
	case l.now.Started.IsZero():
		return false, l.start(ctx)
	}
	now, err := l.lander.Poll(ctx, l.now)
	switch {
	case errors.Is(err, mover.ErrGone):
		return false, l.replace(ctx)
	case errors.Is(err, mover.ErrFailed):
		l.note("flow %s was given up: %v", now.ID, err)
		if kerr := l.keep(now.Again()); kerr != nil {
			return false, kerr
		}
		return false, l.onceMore(err)
	case err != nil:
		return false, err
	}
	if err := l.keep(now); err != nil {
		return false, err
	}
	l.progress(announced(l.attempt, l.part.Mover))
	return now.Done, nil
}

// onceMore counts the starts that came to nothing.
func (l *landing) onceMore(err error) error {
	if l.part.Jobs++; l.part.Jobs <= jobsAtMost {
		return err
	}
	l.part.Jobs = 1 // the next run tries it anew
	return plan.Fixf("look at the flow's run history in Amazon AppFlow, then run again",
		"%d runs of flow %s came to nothing: %w", jobsAtMost, l.now.ID, err)
}

// replace makes the flow anew in the place of one that is gone.
func (l *landing) replace(ctx context.Context) error {
	q, err := l.request(ctx)
	if err != nil {
		return err
	}
	l.note("flow %s was gone, another reads the same", l.now.ID)
	if err := l.keep(l.lander.Plan(q)); err != nil {
		return err
	}
	return l.onceMore(nil)
}

// load claims the rows that landed, or loads the files.
func (l *landing) load(ctx context.Context, place int64) error {
	if l.filer != nil {
		return l.loadFiles(ctx, place)
	}
	landed := warehouse.Landed{
		Batch: warehouse.Batch{Table: l.table(), Attempt: l.attempt.ID, Job: l.now.ID, ReadAt: l.now.ReadAt},
		Key:   fmt.Sprintf("landed/%s/%d-%d", l.now.ID, l.now.After.UnixMilli(), l.now.Starts),
		Seq:   place*pagesAtMost + 1, Rows: l.now.Records, Apart: l.Options.LandApart,
	}
	err := l.lands.ClaimLanded(ctx, l.fence(), landed)
	if errors.Is(err, warehouse.ErrUncounted) {
		return l.miscounted(ctx, err)
	}
	if err != nil {
		return err
	}
	keys, err := l.Warehouse.Keys(ctx, l.source.Table, l.attempt.ID, l.now.ID)
	if err != nil {
		return err
	}
	if keys < l.now.Records {
		l.note("%s", newest(l.now.Records, keys))
	}
	if err := reading.Finish(l.part, reading.Result{Pages: 1, Records: l.now.Records}); err != nil {
		return err
	}
	_, records, _ := l.attempt.Sums()
	of, known := reading.Expected(l.attempt.Parts)
	l.progress(Progress{Flow: l.attempt.Flow, Step: Load, Records: records, Of: of, Known: known,
		Mover: l.part.Mover})
	return nil
}

// newest tells of rows that are more than one of a record.
func newest(rows, keys int64) string {
	return fmt.Sprintf("%s landed for %s: the newest of each counts", plural.Of(rows, "row"), plural.Of(keys, "record"))
}

// loadFiles loads the files of the executions that count, as pages. What is wrong with them
// isn't mended by reading them once more: another execution reads the same records.
func (l *landing) loadFiles(ctx context.Context, place int64) error {
	q, err := l.request(ctx)
	if err != nil {
		return err
	}
	if err := l.onlyParts(ctx); err != nil {
		return err
	}
	job, err := reading.JobOf(*l.part)
	if err != nil {
		return err
	}
	list := func(ctx context.Context, _ mover.Job) iter.Seq2[mover.Page, error] {
		return l.filer.Pages(ctx, q, l.now)
	}
	load, err := l.paging(l.part).newLoading(ctx, place, job, list)
	if err != nil {
		return err
	}
	load.again = true
	if err = load.run(ctx); err == nil {
		err = load.account(ctx)
	}
	switch {
	case errors.Is(err, errStopping):
		return nil
	case isAny(err, mover.ErrGone, mover.ErrFailed, mover.ErrUnexplained, reading.ErrUnsound, stage.ErrUnfit):
		l.note("what flow %s brought was given up: %v", l.now.Flow(), err)
		if kerr := l.keep(l.now.Renew()); kerr != nil {
			return kerr
		}
		return l.onceMore(err)
	}
	return err
}

func isAny(err error, of ...error) bool {
	return slices.ContainsFunc(of, func(one error) bool { return errors.Is(err, one) })
}

// miscounted gives up rows that are not those that were sent, and has the flow
// started anew.
func (l *landing) miscounted(ctx context.Context, why error) error {
	l.note("flow %s was given up: %v", l.now.ID, why)
	if err := l.clear(ctx); err != nil {
		return errors.Join(why, err)
	}
	if err := l.keep(l.now.Settle()); err != nil {
		return err
	}
	return l.onceMore(why)
}

// restart implements partJob. What has landed can't be asked for again, but by another
// execution where it is files.
func (l *landing) restart(_ context.Context, why error) error {
	if l.filer != nil {
		l.part.Loaded = false
		return l.keep(l.now.Renew())
	}
	return plan.Fixf("load it anew with: catchment run --full "+l.attempt.Flow, "%w", why)
}

// drop removes the flow.
func (l *landing) drop(ctx context.Context) error { return l.lander.Drop(ctx, l.now) }

// eachLanding does f for every part that lands.
func (s *attemptStep) eachLanding(f func(*landing) error) error {
	for _, p := range s.attempt.Parts {
		if s.lander(p) == nil {
			continue
		}
		l, err := s.landing(p)
		if err == nil {
			err = f(l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// What lands is asked after less and less often: each look costs calls of AWS,
// and steps of a state machine.
const landWaitLeast, landWaitMost = 10 * time.Second, 5 * time.Minute

// landWait is how long to wait for executions of this age.
func landWait(age time.Duration) time.Duration {
	return min(max(age/4, landWaitLeast), landWaitMost)
}
