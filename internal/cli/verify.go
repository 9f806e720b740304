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
	"catchment/internal/status"
	"catchment/internal/verify"
	"catchment/internal/warehouse/evidence"
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
  lost        files of a lake that nobody can read: what they held is missing

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
			return results, plan.ErrStopped
		}
		res, err := v.Flow(ctx, fl)
		shown.Ended(fl.Object, err)
		if err != nil {
			errs = append(errs, fmt.Errorf("verify %s: %w", fl.Object, err))
			continue
		}
		if res.Note != "" {
			p.SayOf(fl.Object, "", "%s", res.Note)
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

// printVerify prints what comparisons found, and turns it into an exit code.
func (p *work) printVerify(results []verify.Result, flags verifyFlags) error {
	if len(results) == 0 {
		return nil
	}
	var remaining, outdated int64
	lost := false
	var report status.Verification
	for _, r := range results {
		remaining += r.Remaining()
		outdated += r.Outdated
		lost = lost || len(r.Lost) > 0
		report = append(report, verified(r, flags))
	}
	if err := p.Print(report); err != nil {
		return err
	}
	if remaining == 0 {
		return nil
	}
	switch {
	case remaining == outdated:
		p.Say("hint: mend these records in Salesforce, and the next run copies them")
	case flags.quick:
		p.Say("hint: the same without --quick names the records")
	case flags.repair:
		p.Say("hint: a run with --full OBJECT reads an object again and mends what still differs")
	case lost:
		p.Say("hint: put the files back as they were, from a backup or an older version of the object; or the same " +
			"with --repair reads what the org still has of it")
	default:
		p.Say("hint: the same with --repair mends what differs")
	}
	return exit(exitDiffers)
}

// verified is the report of one comparison.
func verified(r verify.Result, flags verifyFlags) status.Verified {
	o := status.Verified{
		Object: r.Object, Source: r.Source, Warehouse: r.Warehouse,
		Missing: r.Missing, Extra: r.Extra, Stale: r.Stale, Duplicates: r.Duplicates,
		Pending: r.Pending, Archived: r.Archived, Rejected: r.Rejected, Outdated: r.Outdated,
		KeptOut: evidence.Named(r.KeptOut, r.Outdated),
		AsOf:    status.Moment(r.AsOf), Grade: r.Grade,
		Compared: string(r.Method), Calls: r.Calls, Cleared: r.Cleared, Unconfirmed: r.Unconfirmed,
		MissingIDs: r.MissingIDs, ExtraIDs: r.ExtraIDs, StaleIDs: r.StaleIDs,
		DuplicateIDs: r.DuplicateIDs, RejectedIDs: r.RejectedIDs,
		WrongIDs: differing(r.WrongIDs, r.WrongColumns), FormulaIDs: differing(r.FormulaIDs, r.FormulaColumns),
		Sampled: sampled(r.Sampled),
	}
	if b := r.Bodies; b != nil {
		o.Bodies = &status.Bodies{
			Aside: b.Aside, Bytes: b.Bytes, Changed: b.Changed, Copied: b.Copied,
			DifferingIDs: b.IDs, Dropped: b.Dropped, Lost: b.Lost, Nothing: b.Nothing, ReadBack: b.ReadBack,
			Resized: b.Resized, Waiting: b.Waiting,
		}
	}
	for _, f := range r.Lost {
		how := "damaged"
		if f.Missing {
			how = "missing"
		}
		o.Lost = append(o.Lost, status.LostFile{Deletes: f.Deletes, How: how, Path: f.Path, Rows: f.Rows})
	}
	if r.Unjudged > 0 {
		o.Unjudged, o.UnjudgedWhy = r.Unjudged, r.UnjudgedWhy
	}
	if flags.digest {
		var left []status.LeftOut
		for _, l := range r.LeftOut {
			left = append(left, status.LeftOut{Field: l.Field, Reason: l.Reason})
		}
		o.Formulas, o.LeftOut = new(r.Formulas), &left
	}
	if flags.digest || r.Wrong > 0 { // stamps come with IsDeleted, which may be wrong
		o.Wrong = new(r.Wrong)
	}
	if flags.repair {
		o.Repaired, o.Remaining = new(r.Repaired), new(r.Remaining())
	}
	return o
}

// differing joins Ids with the columns of each.
func differing(ids []string, columns [][]string) []status.DifferingRow {
	var rows []status.DifferingRow
	for i, id := range ids {
		rows = append(rows, status.DifferingRow{ID: id, Columns: columns[i]})
	}
	return rows
}

// sampled is what a comparison of counts looked at, nil where all was compared.
func sampled(s *verify.Sampled) *status.Sampled {
	if s == nil {
		return nil
	}
	report := &status.Sampled{From: status.Moment(s.From), To: status.Moment(s.To), Days: s.Days}
	for _, span := range s.Skipped {
		report.Skipped = append(report.Skipped, status.Span{From: span.From, To: span.To})
	}
	for _, d := range s.Differ {
		report.Differ = append(report.Differ, d.String())
	}
	return report
}
