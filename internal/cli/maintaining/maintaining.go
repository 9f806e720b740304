// Package maintaining has the command that looks after the tables of a lake by hand.
package maintaining

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"catchment/internal/lease"
	"catchment/internal/maintain"
	"catchment/internal/plan"
	"catchment/internal/project"
	"catchment/internal/status"
	"catchment/internal/upkeep"
	"catchment/internal/warehouse/maintained"
)

// ErrFailed says that some tables could not be looked after. Which, and why, was told.
var ErrFailed = errors.New("some tables could not be looked after")

// A Desk is the project that one call of the command works on, and what every command of the program does.
type Desk struct {
	*project.Project
	status.Printer
	// Hold opens control and warehouse, locks out other processes that work with them, and tells who holds flows then.
	Hold func(context.Context) (lease.Holder, error)
	// Ends is a context that the first signal ends: nothing is left half done.
	Ends func(context.Context) (context.Context, context.CancelFunc)
}

// At opens a project for as long as do takes.
type At func(do func(d *Desk) error) error

// Command is catchment maintain.
func Command(at At) *cobra.Command {
	var look, letGo bool
	cmd := &cobra.Command{
		Use:   "maintain [OBJECT...]",
		Short: "Look after the files of a lake: merge small ones, remove old ones",
		Long: `Look after the files of a lake, so that its tables stay fast to read: small files
become few, files of deletes one, snapshots go that are older than
warehouse.maintain.snapshots, and files that no snapshot names and that are older than
warehouse.maintain.orphans. Which rows a table has doesn't change.

Runs do that by themselves where it is worth it. This does all that there is to do, for
some objects or for all, and also under maintain: {by: off}. It holds the flow of each
object meanwhile. Left alone are tables of which a run has loaded pages that aren't
merged yet, and those that somebody else has written to.

With --dry-run it changes nothing, and tells what there is to do.

With --let-go it takes files that are missing or cut short out of Catchment's own tables,
_catchment_..., tells which, and does nothing else. What they held is gone then: so put
them back, if a backup or an older version of the object has them. Files of an object's
tables are mended by catchment verify --repair.`,
		Example: `  catchment maintain
  catchment maintain Account --dry-run
  catchment maintain --let-go`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if letGo {
				if err := alone(args, look); err != nil {
					return err
				}
			}
			return at(func(d *Desk) error {
				ctx, cancel := d.Ends(cmd.Context())
				defer cancel()
				how := maintained.All
				switch {
				case look:
					how = maintained.Look
				case letGo:
					how = maintained.LetGo
				}
				return d.maintain(ctx, args, how)
			})
		},
	}
	cmd.Flags().BoolVar(&look, "dry-run", false, "change nothing; tell what there is to do")
	cmd.Flags().BoolVar(&letGo, "let-go", false, "have Catchment's own tables go on without files that are lost")
	return cmd
}

// alone refuses what doesn't go together with --let-go.
func alone(objects []string, look bool) error {
	switch {
	case look:
		return plan.Fixf("see what there is to let go of with --dry-run alone", "--let-go changes something")
	case len(objects) > 0:
		return plan.Fixf("type: catchment maintain --let-go; what an object's tables have lost is mended by: "+
			"catchment verify --repair "+objects[0], "--let-go is about tables that are no object's")
	}
	return nil
}

// maintain looks after tables, and tells what became of each.
func (d *Desk) maintain(ctx context.Context, objects []string, how maintained.How) error {
	if how == maintained.All && d.File.Warehouse.Maintain.By == upkeep.ByService {
		return plan.Fixf("to have Catchment do it: `maintain: {by: catchment}`, once the service doesn't",
			"the service that has the catalog looks after its files: so says warehouse.maintain")
	}
	hand := maintain.Hand{Tell: func(flow string, w maintained.Work, err error) error {
		return d.Print(report{Object: flow, Dry: !how.Changes(), work: w, err: err})
	}}
	var err error
	if how.Changes() {
		hand.Holder, err = d.Hold(ctx)
	} else {
		err = d.OpenWarehouse()
	}
	if err != nil {
		return err
	}
	hand.Holder = d.Holder(hand.Holder)
	hand.Keeper = maintain.Keeper{Warehouse: d.Warehouse, Control: d.Control}
	failed, err := hand.Do(ctx, objects, how)
	if err == nil && failed {
		return ErrFailed
	}
	return err
}
