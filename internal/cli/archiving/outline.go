package archiving

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"catchment/internal/archive/forecast"
	"catchment/internal/archive/manifest"
	"catchment/internal/archive/report"
	"catchment/internal/blob"
	"catchment/internal/plan"
	"catchment/internal/policy"
)

// An outline is a plan without its records.
type outline struct {
	name    string
	digest  string
	head    manifest.Head
	objects []manifest.Object
	losses  []manifest.Loss
	reasons []report.Reason
	end     manifest.End
}

// reasonsAtMost are told of one plan.
const reasonsAtMost = 20

// An eachRecord is told of the records of a plan; it may be nil.
type eachRecord func(manifest.Record) error

// readOutline reads a plan from the store, and refuses one that isn't as it was written.
func readOutline(ctx context.Context, store blob.Store, name string, each eachRecord) (o outline, err error) {
	if !blob.ValidKey(name) {
		return o, noPlan(name)
	}
	in, err := store.Open(ctx, manifest.Key(name))
	if errors.Is(err, blob.ErrNotFound) {
		return o, noPlan(name)
	}
	if err != nil {
		return o, fmt.Errorf("plan %s: %w", name, err)
	}
	defer func() { _ = in.Close() }() // what was read has a digest
	o.name = name
	stay := whys{}
	o.digest, err = manifest.Read(in, manifest.Each{
		Head: func(h manifest.Head) error {
			o.head = h
			return nil
		},
		Object: func(line manifest.Object) error {
			o.objects = append(o.objects, line)
			return nil
		},
		Loss: func(line manifest.Loss) error {
			o.losses = append(o.losses, line)
			return nil
		},
		Record: func(r manifest.Record) error {
			if r.Fate != manifest.In {
				stay.count(stays(r), "catchment archive status "+name+" --ids FILE")
			}
			if each == nil {
				return nil
			}
			return each(r)
		},
		End: func(e manifest.End) error {
			o.end = e
			return nil
		},
	})
	o.reasons = stay.list()
	switch {
	case err != nil && plan.ClassOf(err) == plan.Fix:
		return o, spoiled{err}
	case err == nil && manifest.Name(o.head, o.digest) != name:
		return o, spoiled{plan.Fixf("make it anew with: catchment archive plan "+o.head.Policy.Name,
			"plan %s was changed after it was made", name)}
	}
	return o, err
}

// spoiled is a plan that isn't as it was written.
type spoiled struct{ error }

func (s spoiled) Unwrap() error { return s.error }

func noPlan(name string) error {
	return plan.Fixf("see the plans with: catchment archive status", "there is no plan %q", name)
}

// withIt is how a reason begins that is another record's.
var withIt = regexp.MustCompile(`^it goes with [0-9A-Za-z]{18}: `)

// stays is the reason of a record that stays.
func stays(r manifest.Record) report.Reason {
	return report.Reason{Fate: string(r.Fate), Object: r.Object, Reason: withIt.ReplaceAllString(r.Reason, "")}
}

// whys counts records by the reason that they have, some of them: what has another one is
// counted together.
type whys map[report.Reason]int64

// count counts a record. lists is the command that writes each down with its reason.
func (w whys) count(why report.Reason, lists string) {
	if _, known := w[why]; !known && len(w) >= reasonsAtMost {
		why.Reason = "for other reasons: " + lists + " writes them down"
	}
	w[why]++
}

// list is the reasons, the most frequent first.
func (w whys) list() (all []report.Reason) {
	for why, n := range w {
		why.Records = n
		all = append(all, why)
	}
	slices.SortFunc(all, func(a, b report.Reason) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), strings.Compare(a.Object, b.Object),
			strings.Compare(a.Reason, b.Reason), strings.Compare(a.Fate, b.Fate))
	})
	return all
}

// lost tells whether something would be lost that the policy doesn't allow.
func (o outline) lost() bool {
	return slices.ContainsFunc(o.losses, func(l manifest.Loss) bool { return !l.Allowed })
}

// report is what a plan would do, for people.
func (o outline) report(price *policy.Price) report.Plan {
	p := report.Plan{
		Plan: o.name, Digest: o.digest, Policy: o.head.Policy.Name, Root: o.head.Policy.Root, Org: o.head.Org,
		Made: o.head.MadeAt, Expires: o.head.ExpiresAt, Cool: o.head.Policy.Cool, Approve: o.head.Policy.Approve,
		Roots: o.end.Roots, In: o.end.In, Held: o.end.Held, Blocked: o.end.Blocked, Clears: o.end.Clears,
		Bytes: o.end.Bytes, Files: o.end.Files, Calls: o.end.Calls, Days: o.end.Days, Bin: o.end.Bin,
		Lost: o.lost(), Reasons: o.reasons,
	}
	for _, line := range o.objects {
		p.Objects = append(p.Objects, report.Object{Object: line.Object, Level: line.Level, In: line.In,
			Held: line.Held, Blocked: line.Blocked, Live: line.Live, Bytes: line.Bytes, Files: line.Files})
	}
	for _, line := range o.losses {
		p.Losses = append(p.Losses, report.Loss{What: line.What, Why: line.Why, Records: line.Records,
			Allowed: line.Allowed})
	}
	if price != nil {
		p.Month, p.Currency = new(forecast.Money(o.end.Bytes, o.end.Files, *price)), price.Currency
	}
	return p
}

// plans lists the names of the plans in a store, in order.
func plans(ctx context.Context, store blob.Store) (names []string, err error) {
	const folder, file = "archive/", "/plan.jsonl"
	for info, err := range store.List(ctx, folder) {
		if err != nil {
			return nil, err
		}
		name, is := strings.CutSuffix(strings.TrimPrefix(info.Key, folder), file)
		if is && !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	return names, nil
}
