package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/control"
	"catchment/internal/dotenv"
	"catchment/internal/flow"
	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/replicate"
	"catchment/internal/rights"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
	"catchment/internal/source"
	"catchment/internal/status"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/claim"
	"catchment/internal/warehouse/shape"
)

func (s *session) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look whether a run would work: login, permissions, limits, warehouse",
		Long: `Look at everything that a run needs, without running: the configuration, the login,
what the user may see, the limits of the day, each object, the warehouse, the
control table and the stage. Every finding says what to do about it.`,
		Example: "  catchment check",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.inProject(func(p *work) error {
				c := &checkup{work: p}
				c.all(cmd.Context())
				if p.stop.asked() { // what would have been asked after it is unknown
					return plan.ErrStopped
				}
				return c.end()
			})
		},
	}
	quietFlag(cmd)
	return cmd
}

// A checkup gathers findings.
type checkup struct {
	*work
	warned int
	failed []plan.Class // of the failures
	org    string       // its Id
}

// found prints one finding; err nil means that all is well.
func (c *checkup) found(what, detail string, err error) {
	if errors.Is(err, plan.ErrStopped) { // that says nothing of what was asked
		return
	}
	f := notice.Finding{What: what, State: notice.OK, Detail: detail}
	if err != nil {
		class := plan.ClassOf(err)
		f.State, f.Detail, f.Hint, f.Class = notice.Fail, err.Error(), plan.AdviceOf(err), string(class)
		c.failed = append(c.failed, class)
	}
	c.show(f)
}

// setup prints what an administrator has to do about the finding before.
func (c *checkup) setup(what string, steps []string) {
	if len(steps) > 0 {
		c.show(notice.Setup{What: what, Steps: steps})
	}
}

// warn prints a finding that a run can live with.
func (c *checkup) warn(what, detail, hint string) {
	c.warned++
	c.show(notice.Finding{What: what, State: notice.Warn, Detail: detail, Hint: hint})
}

// show prints a report. A broken stdout is told by the summary.
func (c *checkup) show(r status.Report) { _ = c.Print(r) }

func (c *checkup) end() error {
	if err := c.Print(notice.CheckTotal{Failed: len(c.failed), Warnings: c.warned}); err != nil {
		return err
	}
	if len(c.failed) == 0 {
		return nil
	}
	return exit(codeOf(c.failed...))
}

func (c *checkup) all(ctx context.Context) {
	flows := plural.Of(len(c.File.Flows), "flow")
	if c.File.FromControl {
		flows = "flows by the rows of the control table"
	}
	c.found("config", c.config+", "+flows, nil)
	opened := c.OpenWarehouse()
	if opened == nil {
		opened = c.Warehouse.Migrate(ctx)
	}
	err := c.OpenControl(ctx) // it knows which objects were there before
	if c.checkLogin(ctx) {
		if err == nil {
			err = c.Control.Look(ctx, c.org)
		}
		if opened == nil {
			opened = c.checkOwner(ctx)
		}
		if opened == nil { // it is the roles that a run would stop at
			opened = c.Warehouse.Grant(ctx, true)
		}
		c.checkSight(ctx)
		c.checkLimits(ctx)
		c.checkFlows(ctx, err == nil, opened == nil)
	}
	if c.stop.asked() {
		return
	}
	c.found("control table", c.File.Control.URL, err)
	if c.Stage != nil {
		c.checkStage(ctx)
	}
	c.checkFiles()
	schemas := c.File.Warehouse.Schema + " and " + c.File.Warehouse.StagingSchema
	c.found("warehouse", c.File.Warehouse.URL+", schemas "+schemas, opened)
	if opened == nil {
		c.checkConnection(ctx)
	}
}

// checkConnection tells what the connection to the warehouse has agreed on, and warns
// where somebody on the way could read along, or answer in the server's place.
func (c *checkup) checkConnection(ctx context.Context) {
	agreed := warehouse.RolesOf(c.Warehouse).Agreed
	if agreed == nil {
		return
	}
	a, err := agreed(ctx)
	switch {
	case err != nil:
		c.found("warehouse connection", "", err)
	case a.What == "":
	case a.Near || a.Verified:
		c.found("warehouse connection", a.What, nil)
	case a.Encrypted:
		c.warn("warehouse connection", a.What, "name the root of the server's certificate: "+
			"?sslmode=verify-full&sslrootcert=FILE in warehouse.url; sslrootcert=system takes those of this machine")
	default:
		c.warn("warehouse connection", a.What, "whoever can read along sees passwords and records: "+
			"have the server offer TLS, and take sslmode out of warehouse.url")
	}
}

// checkOwner tells whether the warehouse holds the copy of another org.
func (c *checkup) checkOwner(ctx context.Context) error {
	marks, err := c.Warehouse.Marks(ctx)
	if err != nil {
		return err
	}
	if err := claim.Enter(marks, c.org); err != nil {
		return err
	}
	if strangers := claim.Strangers(marks, c.org); len(strangers) > 0 {
		c.warn("warehouse", "holds flows of another org, too: "+claim.Names(strangers)+
			"; each org goes on with its own, and gets no new one",
			"give one of the two a configuration with schemas of its own")
	}
	return nil
}

// checkFlows finds what is copied of each flow as a run would, and in the warehouse
// too, where that can be had. With the control table it also finds what a run would
// refuse.
func (c *checkup) checkFlows(ctx context.Context, control, warehouse bool) {
	flows, err := c.Flows(ctx, nil)
	if err != nil {
		c.found("flows", "", err)
		return
	}
	left := "objects that patterns leave out"
	if slices.ContainsFunc(c.File.Flows, func(fl flow.Flow) bool { return fl.Object == flow.Star }) {
		left = `objects that "*" leaves out`
	}
	for reason, names := range c.File.StarLeaves(c.Objects) {
		more := ""
		if n := len(names) - 5; n > 0 {
			names, more = names[:5], fmt.Sprintf(" and %d more", n)
		}
		c.found(left, fmt.Sprintf("%s%s: %s", strings.Join(names, ", "), more, reason), nil)
	}
	find := c.Sources()
	if !warehouse {
		find.Columns = nil
	}
	var run *replicate.Admission
	if control && warehouse {
		run = c.Replicator(nil, c.runOptions(false)).Admission()
	}
	for _, fl := range flows {
		if c.stop.asked() {
			return
		}
		c.checkFlow(ctx, fl, find, run)
	}
}

// checkFlow finds it of one flow. run is nil where it can't be asked, and find has no
// Columns without a warehouse.
func (c *checkup) checkFlow(ctx context.Context, fl flow.Flow, find source.Finder, run *replicate.Admission) {
	paused, err := c.paused(ctx, fl)
	if err == nil && paused {
		c.found("object "+fl.Object, "paused: runs leave it out", nil)
		return
	}
	if err == nil {
		err = fl.Wrong
	}
	var src *source.Source
	if err == nil {
		src, err = find.Source(ctx, fl)
	}
	if err != nil {
		c.found("object "+fl.Object, "", err)
		return
	}
	warehouse := find.Columns != nil
	err = c.probe(ctx, fl, src)
	if err == nil && warehouse {
		err = c.lands(fl)
	}
	if err == nil && run != nil {
		err = run.Admit(ctx, src)
	}
	c.found("object "+fl.Object, plural.Of(len(src.Fields), "field")+howRead(fl, src),
		err)
	if err := c.silent(ctx, src); err != nil {
		c.found("object "+fl.Object, "", err)
	}
	if warehouse && (err == nil || run == nil) { // what a run would refuse isn't looked into
		c.checkKey(ctx, src.Table)
	}
	if warehouse {
		c.checkWidth(src.Table)
	}
	for _, skip := range src.Skipped {
		c.warn("field "+fl.Object+"."+skip.Field, "is not copied: "+skip.Reason, "")
	}
}

// paused tells whether runs leave a flow out.
func (c *checkup) paused(ctx context.Context, fl flow.Flow) (bool, error) {
	if fl.Paused || c.Control == nil {
		return fl.Paused, nil
	}
	row, err := c.Control.Flow(ctx, fl.Object)
	return row.Paused, err
}

// lands tells why rows can't be sent into the warehouse, where a flow has them sent.
func (c *checkup) lands(fl flow.Flow) error {
	if _, sent := c.Drivers.Landers[string(fl.Mover)]; !sent || c.File.AppFlow.Files {
		return nil
	}
	_, err := replicate.Lands(c.Warehouse)
	return err
}

// checkKey tells what a run would find of the key of a table.
func (c *checkup) checkKey(ctx context.Context, t shape.Table) {
	key, err := c.Warehouse.Key(ctx, t)
	if err == nil {
		err = key.Err(t)
	}
	switch {
	case err != nil:
		c.found("table "+t.Name, "", err)
	case key.Lost:
		c.warn("table "+t.Name, "has lost its primary key", "the next run makes it again")
	}
}

// checkWidth warns of a table whose records may be too wide for a row.
func (c *checkup) checkWidth(t shape.Table) {
	if overflows := c.Warehouse.Room().Overflows; overflows == nil || !overflows(t) {
		return
	}
	texts := 0
	for _, col := range t.Columns {
		if col.Kind == shape.Text {
			texts++
		}
	}
	c.warn("table "+t.Name, fmt.Sprintf("has %d text columns, more than a row of %s has room for when all are filled: "+
		"with the first record that needs it the table becomes a view of the same name and columns, over a table that "+
		"keeps some of them in a jsonb", texts, c.Warehouse.Name()),
		"nothing needs to be done; to keep a plain table, exclude fields of "+t.Object+" in the flow")
}

// probe asks for one record of a flow: describe doesn't tell which objects
// answer only where a query names their parents. Where a run reads by these, they have to be copied.
func (c *checkup) probe(ctx context.Context, fl flow.Flow, src *source.Source) error {
	if src.Parent != "" {
		return c.copiesParents(ctx)
	}
	o := src.Object
	key := "Id"
	if _, ok := o.Field(key); !ok && len(o.Fields) > 0 { // a big object has only fields of its own
		key = o.Fields[0].Name
	}
	q := soql.Select{Fields: []string{key}, From: fl.Object, Limit: 1}
	if fl.Where != "" {
		q.Where = []soql.Condition{soql.Raw(fl.Where)}
	}
	_, err := c.Org.QueryBatch(ctx, q.String(), true, func(salesforce.Record) error { return nil })
	return err
}

// howRead says what is unusual in the way that an object is read.
func howRead(fl flow.Flow, src *source.Source) string {
	text, o, fields := "", src.Object, src.Fields
	switch cursor := o.Cursor(); {
	case src.Parent != "":
		text += ", read whole by each run, by the documents of the copy: the user lacks Query All Files"
	case src.Refused:
		text += ", read whole by each run: the user lacks Query All Files"
	case cursor.Field == "":
		text += ", read whole by each run: no field tells which records changed"
	case cursor.Birth:
		text += ", read by " + cursor.Field + ": its records don't change once they are there"
	case cursor.Field != "SystemModstamp":
		text += ", read by " + cursor.Field
	}
	for _, f := range fields {
		if !f.Type.InBulk() {
			text += ", " + f.Name + " by REST"
		}
	}
	if fl.Deletes == flow.Ignore {
		text += ", deletes are ignored"
	}
	return text
}

// silent tells what of a flow changes without leaving a stamp, and warns where no run
// looks at that by itself.
func (c *checkup) silent(ctx context.Context, src *source.Source) error {
	var row control.FlowRow
	if c.Control != nil {
		var err error
		if row, err = c.Control.Flow(ctx, src.Flow.Object); err != nil {
			return err
		}
	}
	for _, a := range src.AsOf(row.SweptAt, row.RefreshedAt) {
		if a.Planned {
			c.found("object "+src.Flow.Object, a.String(), nil)
			continue
		}
		c.warn("object "+src.Flow.Object, a.String(), a.Hint)
	}
	return nil
}

// checkFiles warns of files that more people may read than the configuration says. That
// its group isn't there is told by what has files.
func (c *checkup) checkFiles() {
	all, _ := c.Wide()
	all = append(all, rights.Rights{}.Wider(dotenv.Beside(c.config))...)
	for _, wide := range all {
		c.warn("file "+wide.Path, wide.Who, "type: "+wide.Command)
	}
}

// checkStage stores a page's worth of nothing and takes it away again.
func (c *checkup) checkStage(ctx context.Context) {
	key := fmt.Sprintf("check/process-%d", os.Getpid())
	_, err := c.Stage.Put(ctx, key, strings.NewReader("catchment check\n"))
	if err == nil {
		err = c.Stage.Delete(ctx, key)
	}
	c.found("stage", c.File.Stage.URL, err)
}
