package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"catchment/internal/notice"
	"catchment/internal/warehouse"
)

func (s *session) adoptCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "adopt [OBJECT...]",
		Short: "Take over tables that AppFlow filled with a row for each change",
		Long: `Look at the tables of the flows that Catchment has not made, and say how many rows
and how many different records they hold. With --yes, take them over: of each record
the newest row stays, 15-character Ids become 18-character ones, and the old table is
kept beside it as TABLE_before_catchment, for you to drop. Each table is one
transaction, under the flow's lease; what breaks off leaves everything as it was.

The next run reads each adopted object as a whole, once, and puts right what the old
rows lack. ` + listed(s.Drivers.Adopters(), "and") + ` only.`,
		Example: `  catchment adopt
  catchment adopt Account --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inProject(func(p *work) error { return p.adopt(cmd.Context(), args, yes) })
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it; without it nothing is changed")
	return cmd
}

func (p *work) adopt(ctx context.Context, names []string, yes bool) error {
	if err := p.OpenAll(ctx); err != nil {
		return err
	}
	alone := false
	if yes {
		var err error
		if alone, err = p.Lock("adopt"); err != nil {
			return err
		}
	}
	flows, err := p.Flows(ctx, names)
	if err != nil {
		return err
	}
	run, err := p.Control.NewRunID()
	if err != nil {
		return err
	}
	taker := p.Adopter(p.holds(run, alone))
	adopt := taker.Look
	if yes {
		adopt = taker.Adopt
	}
	var errs []error
	found := 0
	for _, fl := range flows {
		a, err := adopt(ctx, fl)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", fl.Object, err))
			continue
		}
		if len(a.Sources) > 0 {
			found++
		}
		if err := p.Print(adopted(fl.Object, a, yes)); err != nil {
			return err
		}
	}
	if !p.JSON && found == 0 && len(errs) == 0 {
		p.Say("there is nothing to adopt: every table is Catchment's, or isn't there yet")
	}
	if !p.JSON && found > 0 && !yes {
		p.Say("nothing was changed; do it with: catchment adopt --yes")
	}
	return errors.Join(errs...)
}

// adopted is the report of what was found of an object.
func adopted(object string, a warehouse.Adoption, yes bool) notice.Adopted {
	report := notice.Adopted{
		Object: object, Rows: a.Rows, Records: a.Keys, ShortIDs: a.Short, RowsAfter: a.After,
		Done: yes && len(a.Sources) > 0,
	}
	for _, one := range a.Sources {
		report.Sources = append(report.Sources, notice.AdoptedTable{
			Name: one.Name, Kept: one.Kept, Rows: one.Rows, Unknown: one.Unknown,
		})
	}
	return report
}
