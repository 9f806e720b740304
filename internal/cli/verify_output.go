package cli

import (
	"catchment/internal/status"
	"catchment/internal/verify"
	"catchment/internal/warehouse/evidence"
)

// printVerify prints what comparisons found, and turns it into an exit code.
func (p *work) printVerify(results []verify.Result, flags verifyFlags) error {
	if len(results) == 0 {
		return nil
	}
	var remaining, outdated int64
	var report status.Verification
	for _, r := range results {
		remaining += r.Remaining()
		outdated += r.Outdated
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
