package cli

import (
	"fmt"
	"strings"

	"catchment/internal/verify"
)

// printVerify prints what comparisons found, and turns it into an exit code.
func (p *work) printVerify(results []verify.Result, flags verifyFlags) error {
	if len(results) == 0 {
		return nil
	}
	var remaining int64
	for _, r := range results {
		remaining += r.Remaining()
	}
	if err := p.printResults(results, flags); err != nil {
		return err
	}
	if remaining == 0 {
		return nil
	}
	switch {
	case flags.quick:
		p.say("hint: the same without --quick names the records")
	case flags.repair:
		p.say("hint: a run with --full OBJECT reads an object again and mends what still differs")
	default:
		p.say("hint: the same with --repair mends what differs")
	}
	return exit(exitDiffers)
}

func (p *work) printResults(results []verify.Result, flags verifyFlags) error {
	if p.json {
		for _, r := range results {
			if err := p.line(verifyLine(r, flags)); err != nil {
				return err
			}
		}
		return nil
	}
	heads := []string{"OBJECT", "SOURCE", "WAREHOUSE", "MISSING", "EXTRA", "STALE", "DUPLICATES", "PENDING", "AS OF"}
	if flags.digest {
		heads = append(heads, "WRONG")
	}
	if flags.repair {
		heads = append(heads, "REPAIRED")
	}
	t := newTable(p.Stdout, heads...)
	for _, r := range results {
		cells := []string{r.Object, count(r.Source), count(r.Warehouse), count(r.Missing), count(r.Extra), count(r.Stale),
			count(r.Duplicates), count(r.Pending), complete(r.AsOf, r.Grade)}
		if flags.digest {
			cells = append(cells, count(r.Wrong))
		}
		if flags.repair {
			cells = append(cells, count(r.Repaired))
		}
		t.row(cells...)
	}
	if err := t.end(); err != nil {
		return err
	}
	for _, r := range results {
		p.nameIDs(r)
		p.remarks(r)
	}
	return nil
}

// nameIDs prints the first Ids of each kind of difference.
func (p *work) nameIDs(r verify.Result) {
	for _, kind := range []struct {
		name string
		ids  []string
	}{{"missing", r.MissingIDs}, {"extra", r.ExtraIDs}, {"stale", r.StaleIDs}, {"wrong", inColumns(r.WrongIDs, r.WrongColumns)},
		{"formula", inColumns(r.FormulaIDs, r.FormulaColumns)}, {"duplicate", r.DuplicateIDs}, {"rejected", r.RejectedIDs}} {
		if len(kind.ids) > 0 {
			fmt.Fprintf(p.Stdout, "%s %s: %s\n", r.Object, kind.name, strings.Join(kind.ids, " "))
		}
	}
}

// inColumns names the columns of each Id: ID(name,phone).
func inColumns(ids []string, columns [][]string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id + "(" + strings.Join(columns[i], ",") + ")"
	}
	return out
}

// remarks tells what the numbers don't.
func (p *work) remarks(r verify.Result) {
	if s := r.Sampled; s != nil {
		p.say("%s: a sample, no proof: the records of %s days from %s on, by %s API calls", r.Object, count(s.Days), stamp(s.From), count(r.Calls))
		for _, span := range s.Skipped {
			p.say("%s: not counted, since it takes Salesforce too long: %s to %s", r.Object, stamp(span.From), stamp(span.To))
		}
		for _, d := range s.Differ {
			p.say("%s: %s", r.Object, d)
		}
	}
	if r.Unconfirmed > 0 {
		p.say("%s: %s of the differences were not read again: they are too many", r.Object, count(r.Unconfirmed))
	}
	if r.Unjudged > 0 {
		p.say("%s: %s differences are not judged: %s", r.Object, count(r.Unjudged), r.UnjudgedWhy)
	}
	if r.Formulas > 0 {
		p.say("%s: %s records differ in formulas only, which move without a stamp", r.Object, count(r.Formulas))
	}
	if r.Rejected > 0 {
		p.say("%s: %s records break the flow's rules in the version that the org has: they are kept in _catchment_rejected", r.Object, count(r.Rejected))
	}
	for _, left := range r.LeftOut {
		p.say("%s: %s was not compared: %s", r.Object, left.Field, left.Reason)
	}
}

// verifyLine is the JSON line of one comparison; design and users rely on its
// keys.
func verifyLine(r verify.Result, flags verifyFlags) map[string]any {
	line := map[string]any{
		"type": "verify", "object": r.Object, "source": r.Source, "warehouse": r.Warehouse,
		"missing": r.Missing, "extra": r.Extra, "stale": r.Stale, "duplicates": r.Duplicates,
		"pending": r.Pending, "rejected": r.Rejected, "as_of": moment(r.AsOf), "grade": r.Grade,
		"compared": r.Method, "api_calls": r.Calls, "cleared": r.Cleared, "unconfirmed": r.Unconfirmed,
	}
	if r.Unjudged > 0 {
		line["unjudged"], line["unjudged_why"] = r.Unjudged, r.UnjudgedWhy
	}
	if flags.digest {
		line["wrong"], line["formulas"], line["left_out"] = r.Wrong, r.Formulas, r.LeftOut
	}
	if flags.repair {
		line["repaired"], line["remaining"] = r.Repaired, r.Remaining()
	}
	if s := r.Sampled; s != nil {
		line["sampled"] = map[string]any{"from": moment(s.From), "to": moment(s.To), "days": s.Days, "skipped": len(s.Skipped)}
	}
	for key, ids := range map[string][]string{
		"missing_ids": r.MissingIDs, "extra_ids": r.ExtraIDs, "stale_ids": r.StaleIDs, "duplicate_ids": r.DuplicateIDs,
	} {
		if len(ids) > 0 {
			line[key] = ids
		}
	}
	for key, wrong := range map[string][]map[string]any{
		"wrong_ids": withColumns(r.WrongIDs, r.WrongColumns), "formula_ids": withColumns(r.FormulaIDs, r.FormulaColumns),
	} {
		if len(wrong) > 0 {
			line[key] = wrong
		}
	}
	return line
}

func withColumns(ids []string, columns [][]string) []map[string]any {
	var out []map[string]any
	for i, id := range ids {
		out = append(out, map[string]any{"id": id, "columns": columns[i]})
	}
	return out
}
