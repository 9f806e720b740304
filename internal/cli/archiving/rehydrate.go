package archiving

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/archive/rehydrate"
	"catchment/internal/archive/report"
	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/project"
	"catchment/internal/warehouse/archived"
)

// backFlags are the switches of rehydrate.
type backFlags struct {
	plan, ids, object, where, report string
	keys                             []string
	really                           bool
}

func rehydrateCommand(at At) *cobra.Command {
	var flags backFlags
	cmd := &cobra.Command{
		Use:   "rehydrate [ID...]",
		Short: "Bring archived records back into Salesforce; a look without --really",
		Long: `Bring archived records back into Salesforce, with what went along with them: those of
some Ids, of a file of Ids (--ids), of a whole plan (--plan), or those whose rows meet a
condition (--object, --where). Without --really it only says what would be done.

While they lie in the recycle bin, 15 days, they are undeleted and keep their Ids.
Later they are inserted anew, parents first, with new Ids: lookups among them are
rewritten, files are uploaded again, and what couldn't come back is told by field.
The copy stays as it is: its rows keep their mark, and the new records are copied
by the next run.

It may be repeated: what is back stays as it is. With --report FILE each record and its new
Id is written down, as JSON lines. --key OBJECT.FIELD names an external Id that takes
the old Id; by it a record whose answer was lost is found for certain.`,
		Example: `  catchment archive rehydrate 500Ho00001AbCdEIAV
  catchment archive rehydrate --ids ids.txt --really --report back.jsonl
  catchment archive rehydrate --object Case --where "priority = 'High'" --really`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return at(func(d *Desk) error {
				ctx, cancel := d.Ends(cmd.Context())
				defer cancel()
				return bringBack(ctx, d, args, flags)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.ids, "ids", "", "those whose Ids this `file` has, one a line")
	f.StringVar(&flags.plan, "plan", "", "those that this `plan` has deleted")
	f.StringVar(&flags.object, "object", "", "with --where: of this `object`")
	f.StringVar(&flags.where, "where", "", "those whose rows meet this `condition`")
	f.StringVar(&flags.report, "report", "", "write what became of each record into this `file`")
	f.StringSliceVar(&flags.keys, "key", nil, "`OBJECT.FIELD` is an external Id that takes the old Id")
	f.BoolVar(&flags.really, "really", false, "write them into Salesforce")
	return cmd
}

// request is what was asked for.
func (f backFlags) request(ids []string) (rehydrate.Request, error) {
	r := rehydrate.Request{Plan: f.plan, IDs: ids, Object: f.object, Where: f.where, Keys: map[string]string{},
		Really: f.really}
	for _, key := range f.keys {
		object, field, ok := strings.Cut(key, ".")
		if !ok {
			return r, plan.Fixf("write it as in --key Case.Old_Id__c", "--key %s names no field of an object", key)
		}
		r.Keys[object] = field
	}
	if f.ids != "" {
		more, err := idsOf(f.ids)
		if err != nil {
			return r, err
		}
		r.IDs = append(r.IDs, more...)
	}
	if (f.object == "") != (f.where == "") {
		return r, plan.Fixf("write both: --object Case --where \"priority = 'High'\"",
			"--object and --where go together")
	}
	if len(r.IDs) == 0 && f.plan == "" && f.where == "" {
		return r, plan.Fixf("name Ids, or --ids FILE, --plan PLAN, or --object OBJECT --where CONDITION",
			"what is to come back isn't said")
	}
	return r, nil
}

// idsOf reads the Ids of a file, one a line.
func idsOf(path string) (ids []string, err error) {
	file, err := os.Open(path) // #nosec G304 -- the user named it
	if err != nil {
		return nil, plan.Fixf("name a file with an Id on each line", "read the Ids: %w", printable.Error(err))
	}
	defer func() { _ = file.Close() }() // it was only read
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if text := strings.TrimSpace(lines.Text()); text != "" && !strings.HasPrefix(text, "#") {
			ids = append(ids, text)
		}
	}
	return ids, lines.Err()
}

// bringBack brings records back, and says what became of them.
func bringBack(ctx context.Context, d *Desk, ids []string, flags backFlags) (err error) {
	request, err := flags.request(ids)
	if err != nil {
		return err
	}
	if err := d.OpenAll(ctx); err != nil {
		return err
	}
	holder, err := d.Hold("archive rehydrate")
	if err != nil {
		return err
	}
	if len(request.IDs) == 0 && request.Where == "" {
		if request.IDs, err = deletedBy(ctx, d, request.Plan); err != nil {
			return err
		}
	}
	out, closed := io.Discard, func() error { return nil }
	if flags.report != "" {
		if out, closed, err = written(d, flags.report); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, closed()) }()
	lines := json.NewEncoder(out)
	result, err := project.Rehydrator(d.Project, holder).Rehydrate(ctx, request, func(f rehydrate.Fact) error {
		return lines.Encode(f)
	})
	r := backReport(result)
	if r.Dry = !flags.really; r.Dry && r.Records > 0 && err == nil {
		r.Next = "the same with --really"
	}
	if printed := d.Print(r); printed != nil {
		return errors.Join(err, printed)
	}
	switch {
	case err != nil:
		return err
	case result.Waits != nil:
		return result.Waits
	case !result.Whole():
		return ErrPartial
	}
	return nil
}

// deletedBy lists the Ids of all that a plan has deleted.
func deletedBy(ctx context.Context, d *Desk, name string) (ids []string, err error) {
	ledger, ok := archived.Of(d.Warehouse)
	if !ok {
		return nil, noLedger(d)
	}
	deleted := archived.Query{Plan: name, State: archived.Deleted}
	err = eachLine(ctx, ledger, deleted, func(line archived.Line) error {
		ids = append(ids, line.ID)
		return nil
	})
	return ids, err
}

// backReport is what a result says.
func backReport(result rehydrate.Result) report.Back {
	var r report.Back
	for _, o := range result.Objects {
		states := map[string]int64{}
		for state, n := range o.States {
			states[string(state)] = n
			switch state {
			case rehydrate.Failed:
				r.Failed += n
			case rehydrate.Unknown:
				r.Unknown += n
			}
			if state != rehydrate.Linked && state != rehydrate.Outside {
				r.Records += n
			}
		}
		r.Objects = append(r.Objects, report.BackObject{Object: o.Object, States: states})
	}
	for _, m := range result.Missing {
		r.Missing = append(r.Missing, report.Missing{Object: m.Object, Field: m.Field, Reason: string(m.Reason),
			Records: m.Records})
	}
	return r
}
