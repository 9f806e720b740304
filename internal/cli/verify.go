package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/verify"
)

func (s *session) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify [OBJECT...]",
		Short: "Compare the warehouse with the org; exit 4 where they differ",
		Long: `Compare the warehouse with the org, record by record, and name the Ids that
differ. Exit code 4 means that they do.

Each object costs one Bulk query of Id, SystemModstamp and IsDeleted. What is
stamped at or after the watermark is pending: the next run brings it.

  missing     in the org, not in the warehouse
  extra       in the warehouse, not in the org
  stale       in both, with another SystemModstamp or another deleted state
  duplicates  rows of the warehouse beyond one per Id`,
		Example: `  catchment verify
  catchment verify Account --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := s.open()
			if err != nil {
				return err
			}
			defer p.Close()
			results, err := p.verify(cmd.Context(), args)
			if printed := p.printVerify(results); err == nil {
				err = printed
			}
			return err
		},
	}
}

// verify compares the named flows, one after the other.
func (p *work) verify(ctx context.Context, names []string) ([]verify.Result, error) {
	if err := p.OpenAll(ctx); err != nil {
		return nil, err
	}
	alone, err := p.Lock("verify")
	if err != nil {
		return nil, err
	}
	return p.compare(ctx, names, alone)
}

// compare is verify with everything open.
func (p *work) compare(ctx context.Context, names []string, alone bool) ([]verify.Result, error) {
	org, err := p.Org.Org(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.Control.Bind(ctx, org); err != nil {
		return nil, err
	}
	flows, err := p.Flows(ctx, names)
	if err != nil {
		return nil, err
	}
	run, err := p.Control.NewRunID()
	if err != nil {
		return nil, err
	}
	v := p.verifier(run, alone)
	var results []verify.Result
	var errs []error
	for _, fl := range flows {
		if p.stopped() {
			return results, exit(exitStopped)
		}
		res, err := v.Flow(ctx, fl)
		if err != nil {
			errs = append(errs, fmt.Errorf("verify %s: %w", fl.Object, err))
			continue
		}
		results = append(results, res)
	}
	return results, errors.Join(errs...)
}

func (p *work) printVerify(results []verify.Result) error {
	if len(results) == 0 {
		return nil
	}
	differs := false
	t := newTable(p.Stdout, "OBJECT", "SOURCE", "WAREHOUSE", "MISSING", "EXTRA", "STALE", "DUPLICATES", "PENDING", "AS OF")
	for _, r := range results {
		differs = differs || r.Differs()
		if p.json {
			if err := p.line(verifyLine(r)); err != nil {
				return err
			}
			continue
		}
		t.row(r.Object, count(r.Source), count(r.Warehouse), count(r.Missing), count(r.Extra), count(r.Stale),
			count(r.Duplicates), count(r.Pending), complete(r.AsOf, r.Grade))
	}
	if !p.json {
		if err := t.end(); err != nil {
			return err
		}
		for _, r := range results {
			p.nameIDs(r)
		}
	}
	if differs {
		p.say("hint: a run with --full OBJECT reads an object again and mends what differs")
		return exit(exitDiffers)
	}
	return nil
}

// nameIDs prints the first Ids of each kind of difference.
func (p *work) nameIDs(r verify.Result) {
	for _, kind := range []struct {
		name string
		ids  []string
	}{{"missing", r.MissingIDs}, {"extra", r.ExtraIDs}, {"stale", r.StaleIDs}, {"duplicate", r.DuplicateIDs}} {
		if len(kind.ids) > 0 {
			fmt.Fprintf(p.Stdout, "%s %s: %s\n", r.Object, kind.name, strings.Join(kind.ids, " "))
		}
	}
}

func verifyLine(r verify.Result) map[string]any {
	line := map[string]any{
		"type": "verify", "object": r.Object, "source": r.Source, "warehouse": r.Warehouse,
		"missing": r.Missing, "extra": r.Extra, "stale": r.Stale, "duplicates": r.Duplicates,
		"pending": r.Pending, "as_of": moment(r.AsOf), "grade": r.Grade,
	}
	for key, ids := range map[string][]string{
		"missing_ids": r.MissingIDs, "extra_ids": r.ExtraIDs, "stale_ids": r.StaleIDs, "duplicate_ids": r.DuplicateIDs,
	} {
		if len(ids) > 0 {
			line[key] = ids
		}
	}
	return line
}
