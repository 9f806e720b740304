// Package streaming has the command that keeps a copy fresh by change events.
package streaming

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/cli/listening"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/follow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/project"
	"catchment/internal/status"
	"catchment/internal/verify"
)

// ErrBehind says that a flow is behind its stream. Which, and why, was told.
var ErrBehind = errors.New("a flow is behind its stream")

// A Desk is the project that one call of the command works on, and what every command of the program does.
type Desk struct {
	*project.Project
	status.Printer
	Stop   <-chan struct{} // closed by the first signal
	Hold   func(run string, alone bool) lease.Holder
	Lock   func(ctx context.Context, ifBusy string) (alone bool, err error)
	Window func(ctx context.Context, objects []string, alone bool) (control.RunRow, error)
}

// At opens a project for as long as do takes.
type At func(do func(d *Desk) error) error

// flags are the switches of stream.
type flags struct {
	drain, allowDeletes bool
	ifBusy              string
}

// Command is catchment stream.
func Command(at At) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "stream [OBJECT...]",
		Short: "Keep rows fresh within seconds, by change events",
		Long: `Follow the change events (Salesforce's Change Data Capture) of the flows that say
stream: on, and write them into the warehouse within seconds.

It begins with a window, as catchment run does, and has one again each time that
stream.settle says, 15m otherwise: events are fresh, and windows are complete. What an
event touched is marked in _catchment_event_at until a window has read the record whole;
what an event can't say is read from the org. While a window runs, events wait.

Where the stream lost its thread, since Salesforce keeps events for 72 hours only, a
window reads what changed since, and the stream begins anew, by itself.

With --drain it reads to the tip, where Salesforce says so or nothing comes for ten seconds,
and ends: for cron. The first time it waits until Salesforce says where the tip is, which
takes five minutes at most.

Other commands that change the copy have to wait meanwhile; Ctrl-C ends it, once all that
came is written. Each event that is delivered counts against the org's allocation of a day.`,
		Example: `  catchment stream
  catchment stream Account --drain
  catchment stream --drain --json | jq 'select(.live | not)'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return at(func(d *Desk) error { return d.stream(cmd.Context(), args, f) })
		},
	}
	cmd.Flags().BoolVar(&f.drain, "drain", false, "read to the tip, and end")
	cmd.Flags().BoolVar(&f.allowDeletes, "allow-deletes", false,
		"delete more than 5 % of a table, if that is what happened in the org")
	cmd.Flags().StringVar(&f.ifBusy, "if-busy", "fail", "what to do while another catchment works with the same "+
		"control table: fail, wait until it is done, or leave with exit code 0, as a `way`")
	return cmd
}

// stream follows the flows that were named, or all that want it.
func (d *Desk) stream(ctx context.Context, names []string, f flags) (err error) {
	if err := d.OpenAll(ctx); err != nil {
		return err
	}
	alone, err := d.Lock(ctx, f.ifBusy)
	if err != nil {
		return err
	}
	flows, err := d.flows(ctx, names)
	if err != nil {
		return err
	}
	run, err := d.Control.NewRunID()
	if err != nil {
		return err
	}
	events, err := listening.Client(d.Project)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, events.Close()) }()
	holder := d.Holder(d.Hold(run, alone))
	follower := follow.Follower{
		Org: d.Org, Events: events, Warehouse: d.Warehouse, Control: d.Control, Holder: holder, Sources: d.Sources(),
		Verifier: d.Verifier(verify.Options{Run: run, Holder: holder.Name, Alone: alone, Reserve: d.File.Org.Reserve,
			AllowDeletes: f.allowDeletes}),
		Now: d.Now, Say: d.Say, Stop: d.Stop, Options: follow.Options{Drain: f.drain, Every: d.File.Settle},
		Settle: func(ctx context.Context, objects []string) error { return d.settle(ctx, objects, alone) },
	}
	results, err := follower.Run(ctx, flows)
	for _, r := range results {
		if printed := d.Print(report{r}); printed != nil {
			return printed
		}
	}
	if err == nil && slices.ContainsFunc(results, func(r follow.Result) bool { return r.Err != nil }) {
		err = ErrBehind
	}
	return err
}

// settle runs a window, and says what went wrong with which flow.
func (d *Desk) settle(ctx context.Context, objects []string, alone bool) error {
	run, err := d.Window(ctx, objects, alone)
	if err != nil {
		return err
	}
	for _, o := range run.Objects {
		if o.State == control.FlowFailed {
			d.Say("%s: the window failed: %s", o.Object, o.Error)
		}
	}
	if run.State == control.Stopped {
		return plan.ErrStopped
	}
	return nil
}

// flows are those that follow their streams, of the names.
func (d *Desk) flows(ctx context.Context, names []string) ([]flow.Flow, error) {
	all, err := d.Flows(ctx, names)
	if err != nil {
		return nil, err
	}
	var others []string
	var flows []flow.Flow
	for _, fl := range all {
		switch {
		case fl.Wrong != nil:
			d.Say("%s: %v", fl.Object, fl.Wrong)
		case fl.Stream:
			flows = append(flows, fl)
		default:
			others = append(others, fl.Object)
		}
	}
	if len(names) > 0 && len(others) > 0 {
		return nil, plan.Fixf("add stream: on to it in "+d.File.Name, "the flow of %s doesn't say that it streams",
			strings.Join(others, ", "))
	}
	if len(flows) == 0 {
		return nil, plan.Fixf("add stream: on to a flow in "+d.File.Name, "no flow says that it streams")
	}
	return flows, nil
}
