package lake

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/apache/iceberg-go/table"

	who "catchment/internal/merger"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/merging"
	"catchment/internal/warehouse/lake/spark"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/versions"
	"catchment/internal/warehouse/shape"
)

// An engine is a Spark that merges for us.
type engine struct {
	spark.Jobs
	catalog spark.Catalog
}

// handing is a lake whose merges are handed to a Spark, as far as that can do them. It is a warehouse.Detacher: a merge
// there is begun, asked about, and then taken by Consolidate. What isn't there, or isn't what was asked, Consolidate
// does itself.
type handing struct{ *everything }

// Begin has Spark merge an attempt into a branch of its final table. A merge that is for us alone begins nothing.
func (h handing) Begin(ctx context.Context, f warehouse.Fence, p warehouse.Procedure, token string) (string, error) {
	id, err := h.merger.begin(ctx, f, p.Merge, token)
	return id, named("have Spark merge "+p.Table.Name, err)
}

// idMark stands between the two parts of an id: the final table, and the branch.
const idMark = "@"

func (s merger) begin(ctx context.Context, f warehouse.Fence, m warehouse.Merge, token string) (string, error) {
	l, stands, err := s.holding(ctx, f, m.Table)
	if err != nil || m.Attempt == "" {
		return "", err
	}
	if _, done := stands.counts(m.Attempt); done {
		return "", nil
	}
	c := &consolidation{merger: s, fence: f, Merge: m, line: l}
	final, branch := c.final(m.Table), spark.Branch(token)
	task, why, err := c.asked(ctx, stands)
	if err != nil || why != "" {
		return "", err
	}
	if err := s.clear(ctx, final, branch); err != nil {
		return "", err
	}
	if task.Final.CurrentSnapshot() == nil { // there has to be one to begin at
		err := s.held(ctx, f, func(context.Context, *table.Table, *standing) error { return nil })
		if err != nil {
			return "", err
		}
	}
	if task.Final, err = s.Branch(ctx, final, branch); err != nil {
		return "", err
	}
	at := tables.Branches(task.Final)[branch]
	id := m.Table.Name + idMark + branch
	if _, made := spark.MadeOn(task.Final, branch); made { // who had begun it died before that was written down
		return id, nil
	}
	return id, s.engine.Begin(spark.Ask(s.engine.catalog, task, branch, at))
}

// asked is what Spark is asked, or why it is asked nothing.
func (c *consolidation) asked(ctx context.Context, stands standing) (t spark.Task, why string, err error) {
	final, err := c.Find(ctx, c.final(c.Table))
	if err != nil {
		return t, "", err
	}
	if err := c.untouched(final, &stands); err != nil {
		return t, "", err
	}
	stage, jobs, err := c.staged(ctx)
	if err != nil || c.repeat {
		return t, "it was merged before", err
	}
	c.now = c.Now().UTC().Truncate(time.Microsecond)
	t = spark.Task{Table: c.Table, Final: final, Stage: stage, Attempt: c.Attempt, Rules: c.rules(jobs)}
	if why := spark.Lacks(t, c.Merge); why != "" {
		return t, why, nil
	}
	if why, err := c.keeps(ctx, stage, stands); why != "" || err != nil {
		return t, why, err
	}
	size, err := sizeOf(ctx, final, c.Rows)
	if err != nil {
		return t, "", err
	}
	if by, why := spark.Choose(c.engine.Settings, size); by != who.Spark {
		return t, why, nil
	}
	return t, "", nil
}

// WhoMerges says who would merge so many records, and why. It implements handed.Foreteller.
func (h handing) WhoMerges(ctx context.Context, t shape.Table, p gone.Policy, records int64) (string, error) {
	final, err := h.merger.found(ctx, h.merger.final(t))
	if err != nil {
		return "", err
	}
	size := spark.Size{Staged: records}
	if final != nil {
		if size, err = sizeOf(ctx, final, records); err != nil {
			return "", err
		}
		why := spark.LacksFor(final, p)
		if why != "" {
			return "by Catchment: " + why, nil
		}
	}
	by, why := spark.Choose(h.merger.engine.Settings, size)
	if by == who.Spark {
		return "by Spark: " + why, nil
	}
	return "by Catchment: " + why, nil
}

// keeps says what is written down beside a table's rows that a merge has to go by, "" for nothing: Spark knows of none
// of it.
func (c *consolidation) keeps(ctx context.Context, stage *table.Table, stands standing) (string, error) {
	kept, err := c.kept(ctx, stage)
	if err != nil || len(kept) > 0 {
		return "records are kept out of the table", err
	}
	leaving, err := c.archives().Leaving(ctx, c.Table.Object)
	if err != nil || len(leaving) > 0 {
		return "records are on their way out of Salesforce", err
	}
	open, err := c.yard(c.Table).Open(ctx, stands.Buried, nil)
	if err != nil {
		return "", err
	}
	return buried(open)
}

// buried says whether there is a tombstone.
func buried(tombs merging.Tombs) (why string, err error) {
	_, _, err = tombs.Next()
	switch {
	case err == nil:
		why = "rows of the table were removed"
	case errors.Is(err, io.EOF):
		err = nil
	}
	return why, errors.Join(err, tombs.Close())
}

// sizeOf is what a merge has to do.
func sizeOf(ctx context.Context, final *table.Table, staged int64) (spark.Size, error) {
	size := spark.Size{Staged: staged}
	data, deletes, err := tables.Files(ctx, final)
	for _, file := range data {
		size.Rows += file.Count()
		size.Bytes += file.FileSizeBytes()
	}
	for _, file := range deletes {
		size.Rows -= file.Count()
	}
	return size, err
}

// clear ends what was begun of a table before, but for one branch, and forgets it.
func (s merger) clear(ctx context.Context, final table.Identifier, but string) error {
	t, err := s.Find(ctx, final)
	if err != nil {
		return err
	}
	for branch := range tables.Branches(t) {
		if branch == but || s.engine == nil {
			continue
		}
		if err := s.engine.Stop(branch); err != nil {
			return err
		}
		if err := s.engine.Forget(branch); err != nil {
			return err
		}
	}
	return s.Prune(ctx, final, but)
}

// Ended tells whether a merge that Begin has begun is over: whether it is on its branch.
func (h handing) Ended(ctx context.Context, id string, patience time.Duration) (bool, error) {
	ended, err := h.merger.ended(ctx, id, patience)
	return ended, named("merge by Spark", err)
}

// withoutSpark is what helps against a Spark that doesn't do it.
const withoutSpark = "set warehouse.merge.by to go"

// A look at a job comes after so long, and then ever later.
const (
	firstLook = 50 * time.Millisecond
	laterLook = 2 * time.Second
)

func (s merger) ended(ctx context.Context, id string, patience time.Duration) (bool, error) {
	name, branch, is := strings.Cut(id, idMark)
	if !is {
		return true, nil // another warehouse has begun it
	}
	for began, pause := time.Now(), firstLook; ; pause = min(2*pause, laterLook) {
		state, answer, err := s.engine.State(branch)
		if err != nil {
			return false, err
		}
		if state != spark.Running {
			return true, s.outcome(ctx, tables.Name(s.Schema, name), branch, answer)
		}
		if s.engine.Late(branch, s.Now()) {
			if err := s.engine.Stop(branch); err != nil {
				return false, err
			}
			return true, plan.Failf(plan.Retry, "give it more in warehouse.merge.patience, or "+withoutSpark,
				"it took longer than %s, and was ended", s.engine.Settings.Patience)
		}
		if time.Since(began) >= patience {
			return false, nil
		}
		if err := s.Lake.Pause(ctx, pause); err != nil {
			return false, err
		}
	}
}

// outcome is what became of a job that runs no more: nil where its merge is on the branch, or where it is left to us.
func (s merger) outcome(ctx context.Context, final table.Identifier, branch string, a spark.Answer) error {
	t, err := s.Find(ctx, final)
	if err != nil {
		return ignoreNone(err)
	}
	if _, made := spark.MadeOn(t, branch); made {
		return nil
	}
	retry := func(format string, of ...any) error {
		hint := "run it again; what Spark said is in " + s.engine.Log(branch) + "; or " + withoutSpark
		return plan.Failf(plan.Retry, hint, format, of...)
	}
	_, has := tables.Branches(t)[branch]
	switch {
	case a.Older():
		return plan.Fixf("have warehouse.merge.start run the script that stands behind it, no copy of another version",
			"the script that merges is of another version than Catchment")
	case a.State == spark.Refused || a.State == spark.Done && a.Counts.Written == 0:
		return nil // there is something about it that we can tell better, or nothing to write
	case a.State == spark.Done && has:
		return retry("Spark says that it has merged, and on branch %s there is nothing of it", branch)
	case a.State == "" && has:
		return retry("Spark has ended without an answer")
	case !has:
		return retry("branch %s is gone", branch)
	}
	return retry("Spark has failed: %s", a.Why)
}

// onBranch finds what Spark has merged of the attempt: nil where there is nothing, or where it isn't what is asked.
func (c *consolidation) onBranch(
	ctx context.Context, final, stage *table.Table, jobs []versions.Job, stands standing,
) (*tables.Change, error) {
	if c.engine == nil || len(c.apart.ledger.Jobs) > 0 {
		return nil, nil
	}
	l, err := ledger.Read(stage.Properties(), c.Attempt)
	if err != nil {
		return nil, err
	}
	for branch := range tables.Branches(final) {
		made, is := spark.MadeOn(final, branch)
		if !is {
			continue
		}
		c.now = made.Now.Time()
		task := spark.Task{Table: c.Table, Final: final, Stage: stage, Attempt: c.Attempt, Rules: c.rules(jobs)}
		if made.Of(task, l.Versions()) != nil || spark.Lacks(task, c.Merge) != "" {
			continue
		}
		if why, err := c.keeps(ctx, stage, stands); err != nil || why != "" {
			return nil, err
		}
		change, err := c.take(ctx, final, made, task.Rules, stands)
		if change != nil || err != nil {
			return change, err
		}
	}
	return nil, nil
}

// take is the snapshot that makes what is on a branch the table's, with the mark.
func (c *consolidation) take(
	ctx context.Context, final *table.Table, made spark.Made, rules *versions.Rules, stands standing,
) (*tables.Change, error) {
	change := &tables.Change{Onto: made.Branch}
	after, err := c.At(final, made.Branch)
	if err != nil {
		return nil, err
	}
	live, err := liveIn(ctx, final)
	if err != nil {
		return nil, err
	}
	then, err := liveIn(ctx, after)
	if err != nil {
		return nil, err
	}
	if made.Living(live, then) != nil {
		return nil, nil
	}
	made.Counts.Fill(rules)
	if !c.AllowDeletes {
		if err := rules.MayDelete(c.Merge, live); err != nil {
			return nil, err
		}
	}
	c.counts = rules.Counts
	c.counts.Unchanged = c.counts.Staged - rules.Applied
	if err := c.left(ctx, leaving{final, change, rules}, &stands); err != nil {
		return nil, err
	}
	c.past, c.settles = nil, false
	c.advance(&stands)
	return change, stands.carry(change)
}
