package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"catchment/internal/notice"
	"catchment/internal/plural"
	"catchment/internal/warehouse"
)

func (s *session) adoptCommand() *cobra.Command {
	var yes, unstamped, unread bool
	cmd := &cobra.Command{
		Use:   "adopt [OBJECT...]",
		Short: "Take over tables that AppFlow filled with a row for each change",
		Long: `Look at the tables of the flows that Catchment has not made, and say how many rows
and how many different records they hold. With --yes, take them over: of each record
the newest row stays, 15-character Ids become 18-character ones, and the old table is
kept beside it as TABLE_before_catchment, for you to drop. Each table is one
transaction, under the flow's lease; what breaks off leaves everything as it was.

Moments are read as ISO 8601 or as milliseconds since 1970. Stamps and dates that are
neither are told, with the query that finds them, and stop their table unless --unread
leaves them out. The newest row is told by SystemModstamp, or LastModifiedDate; a table
with neither is refused unless --unstamped: then any row of a record may stay.

The next run reads each adopted object as a whole, once, and puts right what the old
rows lack. ` + plural.List(s.Drivers.Adopters(), "and") + ` only.`,
		Example: `  catchment adopt
  catchment adopt Account --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inProject(func(p *work) error {
				return p.adopt(cmd.Context(), args, adopting{yes, unstamped, unread})
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it; without it nothing is changed")
	cmd.Flags().BoolVar(&unstamped, "unstamped", false, "take over a table without a stamp, too")
	cmd.Flags().BoolVar(&unread, "unread", false, "leave out stamps and other values that can't be read")
	return cmd
}

// adopting is what adopt was asked for.
type adopting struct{ yes, unstamped, unread bool }

func (p *work) adopt(ctx context.Context, names []string, asked adopting) error {
	if err := p.OpenAll(ctx); err != nil {
		return err
	}
	alone := false
	if asked.yes {
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
	taker.Unstamped, taker.Unread = asked.unstamped, asked.unread
	adopt := taker.Look
	if asked.yes {
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
		if err := p.Print(adopted(fl.Object, a, asked.yes)); err != nil {
			return err
		}
	}
	if !p.JSON && found == 0 && len(errs) == 0 {
		p.Say("there is nothing to adopt: every table is Catchment's, or isn't there yet")
	}
	if !p.JSON && found > 0 && !asked.yes {
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
		table := notice.AdoptedTable{Name: one.Name, Kept: one.Kept, Rows: one.Rows, Unknown: one.Unknown,
			Stamp: one.Stamp}
		for _, column := range slices.Sorted(maps.Keys(one.Unread)) {
			table.Unread = append(table.Unread, notice.Unread{Column: column, Values: one.Unread[column]})
		}
		report.Sources = append(report.Sources, table)
	}
	return report
}
