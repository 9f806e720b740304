package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/progress"
	"catchment/internal/rights"
	"catchment/internal/verify"
)

// verifyFlags are the switches of verify.
type verifyFlags struct {
	quick, digest, repair, allowDeletes bool
	certificate, ifBusy                 string
}

func (s *session) verifyCommand() *cobra.Command {
	var flags verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [OBJECT...]",
		Short: "Compare the warehouse with the org; exit 4 where they differ",
		Long: `Compare the warehouse with the org, record by record, and name the Ids that
differ. Exit code 4 means that they do. The org may go on changing: what is
stamped at or after the watermark is pending, since the next run brings it, and
what seems to differ is read again by its Id before it is reported. Of an object
without a stamp not everything can be judged: what can't is said, and counts as no
difference.

Each object costs one Bulk query of Id, SystemModstamp and IsDeleted; with
--digest it reads all values. --quick counts records by day instead: a sample,
never a proof. catchment plan shows what each of them costs.

  missing     in the org, not in the warehouse
  extra       in the warehouse, not in the org
  stale       in both, with another SystemModstamp
  wrong       in both under one SystemModstamp, with another value (--digest)
  duplicates  rows of the warehouse beyond one per Id

--repair reads what differs by its Id, writes it into the warehouse, and reads it
once more: then exit code 4 means that something still differs.`,
		Example: `  catchment verify
  catchment verify Account --json
  catchment verify --digest --repair Account
  catchment verify --certificate verified.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			s.Clock = s.Now
			return s.inProject(func(p *work) error {
				results, err := p.verify(cmd.Context(), args, flags)
				if flags.certificate != "" && err == nil {
					err = p.certify(cmd.Context(), results, flags.certificate)
				}
				if printed := p.printVerify(results, flags); err == nil {
					err = printed
				}
				return err
			})
		},
	}
	quietFlag(cmd)
	f := cmd.Flags()
	busyFlag(cmd, &flags.ifBusy)
	f.BoolVar(&flags.quick, "quick", false, "count records by day only: a sample")
	f.BoolVar(&flags.digest, "digest", false, "compare all values: reads everything")
	f.BoolVar(&flags.repair, "repair", false, "mend what differs")
	f.BoolVar(&flags.allowDeletes, "allow-deletes", false, "let --repair delete more than 5 % of a table")
	f.StringVar(&flags.certificate, "certificate", "", "write down what was compared, as JSON, into this `file`")
	return cmd
}

func (f verifyFlags) check() error {
	switch {
	case f.quick && (f.digest || f.repair):
		return usageError{plan.Fixf("leave --quick out",
			"a sample names no records: --quick goes with neither --digest nor --repair")}
	case f.allowDeletes && !f.repair:
		return usageError{plan.Fixf("add --repair", "--allow-deletes is for --repair")}
	}
	return checkBusy(f.ifBusy)
}

func (f verifyFlags) method() verify.Method {
	switch {
	case f.quick:
		return verify.Counts
	case f.digest:
		return verify.Values
	}
	return verify.Stamps
}

// verify compares the named flows, one after the other.
func (p *work) verify(ctx context.Context, names []string, flags verifyFlags) ([]verify.Result, error) {
	if err := p.OpenAll(ctx); err != nil {
		return nil, err
	}
	alone, err := p.lock(ctx, "verify", flags.ifBusy)
	if err != nil {
		return nil, err
	}
	return p.compare(ctx, names, alone, flags)
}

// compare is verify with everything open.
func (p *work) compare(ctx context.Context, names []string, alone bool, flags verifyFlags) ([]verify.Result, error) {
	org, err := p.Org.Org(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.Place().Enter(ctx, org); err != nil {
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
	p.Run = run
	v := p.verifier(run, alone)
	v.Options.Method, v.Options.Repair, v.Options.AllowDeletes = flags.method(), flags.repair, flags.allowDeletes
	v.Options.Sets = flags.certificate != "" && !flags.quick
	shown := progress.NewVerify(p.voice.screen, p.voice.underWay(p.Printer).SayOf, p.Now, flows)
	defer shown.Close()
	v.Options.Progress = shown.Hear
	var results []verify.Result
	var errs []error
	for _, fl := range flows {
		if p.stop.asked() {
			return results, exit(exitStopped)
		}
		res, err := v.Flow(ctx, fl)
		shown.Ended(fl.Object, err)
		if err != nil {
			errs = append(errs, fmt.Errorf("verify %s: %w", fl.Object, err))
			continue
		}
		results = append(results, res)
	}
	return results, errors.Join(errs...)
}

// certify writes a certificate of results.
func (p *work) certify(ctx context.Context, results []verify.Result, path string) error {
	org, err := p.Org.Org(ctx)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(verify.Certify(results, org, p.Version, p.Now()), "", "  ")
	if err != nil {
		return fmt.Errorf("write the certificate: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), rights.Own); err != nil {
		return plan.Fixf("name a file that can be written", "write the certificate: %w", printable.Error(err))
	}
	readers, err := rights.Of(p.File.Files.Group)
	if err == nil {
		err = readers.Share(path)
	}
	if err != nil {
		return err
	}
	p.Say("wrote %s", path)
	return nil
}
