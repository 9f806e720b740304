package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

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
rows lack. PostgreSQL and Redshift only.`,
		Example: `  catchment adopt
  catchment adopt Account --yes`,
		RunE: func(cmd *cobra.Command, args []string) error { return s.adopt(cmd, args, yes) },
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it; without it nothing is changed")
	return cmd
}

func (s *session) adopt(cmd *cobra.Command, args []string, yes bool) error {
	p, err := s.open()
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.OpenAll(cmd.Context()); err != nil {
		return err
	}
	alone := false
	if yes {
		if alone, err = p.Lock("adopt"); err != nil {
			return err
		}
		if err := p.Warehouse.Migrate(cmd.Context()); err != nil {
			return err
		}
	}
	flows, err := p.Flows(cmd.Context(), args)
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
		a, err := adopt(cmd.Context(), fl)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", fl.Object, err))
			continue
		}
		if len(a.Sources) > 0 {
			found++
		}
		if err := s.tellAdoption(fl.Object, a, yes); err != nil {
			return err
		}
	}
	if !s.json && found == 0 && len(errs) == 0 {
		s.say("there is nothing to adopt: every table is Catchment's, or isn't there yet")
	}
	if !s.json && found > 0 && !yes {
		s.say("nothing was changed; do it with: catchment adopt --yes")
	}
	return errors.Join(errs...)
}

func (s *session) tellAdoption(object string, a warehouse.Adoption, done bool) error {
	if s.json {
		var tables, kept []string
		for _, one := range a.Sources {
			tables, kept = append(tables, one.Name), append(kept, one.Kept)
		}
		return s.line(map[string]any{"type": "adopted", "object": object, "tables": tables, "kept": kept, "rows": a.Rows, "records": a.Keys,
			"short_ids": a.Short, "rows_after": a.After, "done": done && len(a.Sources) > 0})
	}
	if len(a.Sources) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(s.Stdout, "%s: %d rows of %d records, %d Ids of 15 characters\n", object, a.Rows, a.Keys, a.Short)
	for _, one := range a.Sources {
		text := fmt.Sprintf("  %s: %d rows", one.Name, one.Rows)
		if len(one.Unknown) > 0 {
			text += ", columns without a field: " + strings.Join(one.Unknown, ", ")
		}
		if done {
			text += "; kept as " + one.Kept
		}
		if err == nil {
			_, err = fmt.Fprintln(s.Stdout, text)
		}
	}
	if done && err == nil {
		_, err = fmt.Fprintf(s.Stdout, "  now %d rows, one for each record\n", a.After)
	}
	return err
}
