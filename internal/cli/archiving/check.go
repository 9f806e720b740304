package archiving

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"catchment/internal/archive/evidence"
	"catchment/internal/archive/manifest"
	"catchment/internal/archive/report"
	"catchment/internal/archive/restored"
	"catchment/internal/blob"
	"catchment/internal/plan"
	"catchment/internal/project"
	"catchment/internal/warehouse/archived"
)

func checkCommand(at At) *cobra.Command {
	return completePlans(at, &cobra.Command{
		Use:   "check [PLAN]",
		Short: "Read the evidence of archives back; exit 4 where it isn't as it was written",
		Long: `Read back what was written down of each record that left Salesforce, of all plans or of
one: whether every byte is as it was written, whether nothing is missing, and
whether the plan, the evidence and the ledger in the warehouse say the same. What
isn't so is named by its file and line, and the exit code is 4. Plans of another org,
whose stage is in the same place, are told of and left alone.

Only the stage and the warehouse are read.`,
		Example: `  catchment archive check
  catchment archive check old-cases-20260301-01234567 --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return at(func(d *Desk) error {
				ctx, cancel := d.Ends(cmd.Context())
				defer cancel()
				if err := project.OpenCopy(ctx, d.Project); err != nil {
					return err
				}
				return checkAll(ctx, d, args)
			})
		},
	})
}

// checkAll reads back the evidence of plans. One that isn't as it was written stops none of the
// others.
func checkAll(ctx context.Context, d *Desk, names []string) error {
	named := len(names) > 0
	if !named {
		var err error
		if names, err = plans(ctx, d.Stage); err != nil {
			return err
		}
		if len(names) == 0 {
			return d.Print(report.None{})
		}
	}
	differs := false
	for _, name := range names {
		checked, err := check(ctx, d, name)
		if err == nil && named && checked.Org != "" {
			err = plan.Fixf("check it with the configuration of that org", "plan %s is of another org, %s", name,
				checked.Org)
		}
		if err == nil {
			err = d.Print(checked)
		}
		if err != nil {
			return err
		}
		differs = differs || !checked.Agrees && checked.Org == ""
	}
	if differs {
		return ErrDiffers
	}
	return nil
}

const fromBackup = "whoever changed it had rights in the stage; bring the file back from a backup"

// check reads back the evidence of a plan, and holds it against the ledger.
func check(ctx context.Context, d *Desk, name string) (report.Checked, error) {
	o, err := readOutline(ctx, d.Stage, name, nil)
	if _, is := errors.AsType[spoiled](err); is {
		return report.Checked{Plan: name, What: manifest.Key(name) + ": " + err.Error(), Hint: fromBackup}, nil
	}
	if err != nil {
		return report.Checked{}, err
	}
	copyOf, err := copied(ctx, d)
	if err != nil {
		return report.Checked{}, err
	}
	if copyOf != "" && copyOf != o.head.Org {
		return report.Checked{Plan: name, Org: o.head.Org}, nil
	}
	ledger, ok := archived.Of(d.Warehouse)
	if !ok {
		return report.Checked{}, noLedger(d)
	}
	tally, err := ledger.Tally(ctx, name)
	if err != nil {
		return report.Checked{}, err
	}
	c := report.Checked{Plan: name, Digest: o.digest}
	if begun, err := anyBlob(ctx, d.Stage, manifest.Folder(name)+"evidence/"); err != nil || !begun && len(tally) == 0 {
		c.Agrees = true // nothing was begun
		return c, err
	}
	account, err := evidence.Check(ctx, d.Stage, name)
	if _, broken := errors.AsType[*evidence.Broken](err); broken {
		c.What, c.Hint = err.Error(), fromBackup
		return c, nil
	}
	if err != nil {
		return c, err
	}
	c.Agrees, c.Entries, c.Batches, c.Head = true, account.Lines, account.Batches, account.Link
	c.Closed = account.Closed
	for _, b := range account.Backs {
		c.Back += b.Records
	}
	c.Before, c.After = usage(account.Head.Before), usage(account.End.After)
	if err := account.Against(tally); err != nil {
		c.Agrees, c.What = false, err.Error()
		c.Hint = "the warehouse or the stage was brought back from a backup: bring both back of one moment, or have " +
			"the warehouse know again what was archived with: catchment run"
		return c, nil
	}
	return c, lostRows(ctx, ledger, &c)
}

// copied is the Id of the org that the warehouse has a copy of, "" where it has none yet. Another
// configuration may have its stage in the same place.
func copied(ctx context.Context, d *Desk) (string, error) {
	marks, err := d.Warehouse.Marks(ctx)
	if err != nil || len(marks) == 0 {
		return "", err
	}
	return marks[0].Org, nil
}

// lostRows tells of archived records whose rows the warehouse lost when it came back from a backup.
func lostRows(ctx context.Context, ledger archived.Ledger, c *report.Checked) error {
	lost := map[string]int64{}
	err := eachLine(ctx, ledger, archived.Query{Plan: c.Plan, State: archived.Deleted}, func(l archived.Line) error {
		if l.NewID == "" {
			lost[l.Reason]++
		}
		return nil
	})
	if absent, others := lost[restored.NoRow], lost[restored.OtherRow]; absent+others > 0 {
		c.Agrees, c.What = false, fmt.Sprintf("%d archived records have no row in the warehouse, and %d another one "+
			"than was proven", absent, others)
		c.Hint = "bring the warehouse back from a newer backup; catchment archive status " + c.Plan +
			" --ids FILE names them"
	}
	return err
}

// usage is what Salesforce said of its storage, nil where it didn't.
func usage(u *evidence.Usage) *report.Usage {
	if u == nil {
		return nil
	}
	return &report.Usage{At: u.At, DataMB: u.DataMB, FileMB: u.FileMB}
}

// anyBlob tells whether a store has a blob whose key begins so.
func anyBlob(ctx context.Context, store blob.Store, prefix string) (bool, error) {
	for _, err := range store.List(ctx, prefix) {
		return err == nil, err
	}
	return false, nil
}
