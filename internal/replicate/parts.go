package replicate

import (
	"slices"
	"strconv"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/replicate/reading"
	"catchment/internal/salesforce/soql"
	"catchment/internal/schema"
	"catchment/internal/source"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// The parts beside the main one, by name. What a part is split into has a name that
// begins with its own.
const (
	backfillPart = "backfill" // reads new fields of all records
	refreshPart  = "refresh"  // compares the fields that change without a stamp, in all records
	samplePart   = "sample"   // and in some
	sweepPart    = "sweep"    // reads the Id of every record, to find rows whose records are gone without a trace
	rereadPart   = "reread"   // reads torn records again, as a whole
	againPart    = "again"    // reads records again, as a whole, that were kept out before
	foundPart    = "found-"   // read what the sweep found there and the table lacks
	gonePart     = "gone-"    // list what turned out to be gone, for each reason one
)

// sampleSize is how many records a sample compares: one answer of REST.
const sampleSize = 2000

// jobsAtMost bounds the jobs of one part, since an org has 10,000 a day. The
// run that reaches it fails; the next begins a new attempt.
const jobsAtMost = 10

// pagesAtMost bounds the pages of a part: their places in the attempt follow
// those of the part before.
const pagesAtMost = 10_000_000

// unstamped is what rows lack that no stamp tells of: fields that are new or came
// back, and values that change by themselves.
type unstamped struct {
	fill   []string // columns that aren't filled, and whose fields can be read
	fields []string // that change without a stamp
	due    bool     // all records are to be compared now
	sample bool     // some are
	from   string   // those from this Id on; "" for all that fit into a sample
}

// planParts plans the parts of an attempt that begins at from. The first reads whole
// records; what else has to be read in the same run follows it.
func planParts(movers mover.Set, src *source.Source, u unstamped, from time.Time) []control.Part {
	parts := []control.Part{{
		Name: control.Main, Op: string(warehouse.Put),
		Query: reading.Query(src.Object.Name, src.Names(), src.Flow.Where, src.Cursor, from),
	}}
	if from.IsZero() { // the first reads all of it
		return parts
	}
	return append(parts, beside(movers, src, u)...)
}

func beside(movers mover.Set, src *source.Source, u unstamped) []control.Part {
	var parts []control.Part
	if len(u.fill) > 0 {
		var fields []string
		for _, c := range src.Table.Columns {
			if slices.Contains(u.fill, c.Name) {
				fields = append(fields, c.Field)
			}
		}
		parts = append(parts, narrow(src, backfillPart, fields))
	}
	switch {
	case u.due:
		parts = append(parts, narrow(src, refreshPart, u.fields))
	case u.sample:
		p := narrow(src, samplePart, u.fields)
		p.Least, p.OrderBy, p.Limit = u.from, "Id", sampleSize
		p.Mover = moverFor(movers, "auto", mover.Amount{Records: sampleSize}, p.Query)
		parts = append(parts, p)
	}
	return parts
}

// narrow is a part that reads some fields of every record, as patches: a row that
// was read later, or whose record has changed since, keeps what it has.
func narrow(src *source.Source, name string, fields []string) control.Part {
	columns := []string{"Id"}
	if f, ok := src.Object.Field("SystemModstamp"); ok {
		columns = append(columns, f.Name)
	}
	for _, f := range fields {
		if !slices.Contains(columns, f) { // an Id that is described otherwise than before
			columns = append(columns, f)
		}
	}
	return control.Part{
		Name: name, Op: string(warehouse.Patch),
		Query: reading.Query(src.Object.Name, columns, src.Flow.Where, "", time.Time{}),
	}
}

// sweeps tells whether an attempt can sweep: it reads only what changed. A reading
// of everything is a sweep by itself.
func sweeps(src *source.Source, a control.Attempt) bool {
	return src.Flow.Deletes != flow.Ignore && !a.From.IsZero() && !a.Complete && len(src.Table.Key) == 1
}

// sweepOf is the part that sweeps a flow. What it lacks is gone; why, is found out
// once it is loaded.
func sweepOf(src *source.Source) control.Part {
	columns := []string{"Id"}
	if slices.ContainsFunc(src.Fields, func(f schema.Field) bool { return f.Name == "IsDeleted" }) {
		columns = append(columns, "IsDeleted")
	}
	return control.Part{
		Name: sweepPart, Op: string(warehouse.Seen), Reason: string(gone.AbsentReason(src.Flow.Where)),
		Query: reading.Query(src.Object.Name, columns, src.Flow.Where, "", time.Time{}),
	}
}

// What a sweep finds there that the final table lacks is read by its Ids: a record
// that came back into sight, or out of the recycle bin without a stamp.
const (
	foundAtOnce = 100
	foundAtMost = 5 // parts of one attempt; the rest waits for the next sweep, which then follows at once
)

// foundOf plans the parts that read some records again, as setting says. It tells how
// many of them are read.
func foundOf(movers mover.Set, a control.Attempt, object string, ids []string, setting string) ([]control.Part, int) {
	var parts []control.Part
	read, columns := 0, columnsOf(a) // a field that came since has no column before the next run
	for chunk := range slices.Chunk(ids, foundAtOnce) {
		if len(parts) == foundAtMost {
			break
		}
		q := control.Query{Object: object, Fields: columns, Where: []string{string(soql.In("Id", chunk))}}
		parts = append(parts, control.Part{
			Name: foundPart + strconv.Itoa(len(parts)+1), Op: string(warehouse.Put), Query: q,
			Mover: moverFor(movers, setting, mover.Amount{Records: int64(len(chunk))}, q),
		})
		read += len(chunk)
	}
	return parts, read
}

// readsFound tells whether an attempt has such parts.
func readsFound(a control.Attempt) bool { return a.Part(foundPart+"1") != nil }

// leavesFound tells whether an attempt may have found more than it reads.
func leavesFound(a control.Attempt) bool { return a.Part(foundPart+strconv.Itoa(foundAtMost)) != nil }

// rereadOf plans the part that reads records again which changed between two groups of
// columns, by their Ids: the fields stand in the body of that call.
func rereadOf(a control.Attempt, object string, ids []string, mover string) control.Part {
	return control.Part{
		Name: rereadPart, Op: string(warehouse.Put), Mover: mover, Override: true,
		Query: control.Query{Object: object, Fields: columnsOf(a),
			IDs: slices.Compact(slices.Sorted(slices.Values(ids)))},
	}
}

// againAtMost is how many records that were kept out an attempt reads again: their Ids
// stand in its row, and in that of the job.
const againAtMost = 5000

// againOf plans the part that reads records again which were kept out.
func againOf(src *source.Source, ids []string, mover string) control.Part {
	return control.Part{
		Name: againPart, Op: string(warehouse.Put), Mover: mover,
		Query: control.Query{Object: src.Object.Name, Fields: src.Names(), IDs: ids},
	}
}

// goneOf plans the part that takes records away for a reason.
func goneOf(reason gone.Reason) control.Part {
	return control.Part{
		Name: gonePart + string(reason), Op: string(warehouse.Delete), Mover: string(reading.Findings),
		Reason: string(reason),
		Query:  control.Query{Fields: []string{"Id"}}, Follows: control.Main,
	}
}

// columnsOf is what the main part and the groups that follow it read together.
func columnsOf(a control.Attempt) []string {
	var all []string
	for _, p := range a.Parts {
		if p.Planned() != control.Main && p.Follows != control.Main {
			continue
		}
		for _, c := range p.Fields {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all
}

// counts tells whether what a part brings are further records: not Ids that were
// only looked at or found to be gone, and not records that are read once more.
func counts(p control.Part) bool {
	return p.Op != string(warehouse.Seen) && p.Op != string(warehouse.Delete) && p.Follows == "" && p.Name != rereadPart
}

// completed tells whether further parts patched the rows that the main part made.
func completed(a control.Attempt) bool {
	return slices.ContainsFunc(a.Parts, func(p *control.Part) bool {
		return p.Follows == control.Main && p.Op == string(warehouse.Patch)
	})
}

// quiet tells whether an attempt has brought nothing, and says nothing of rows that it
// lacks: only its mark moves.
func quiet(a control.Attempt) bool {
	pages, records, _ := a.Sums()
	return pages == 0 && records == 0 && a.Rejected() == 0 && !a.Complete && !a.Full && !a.Forget
}

// whole tells whether an attempt reads every record as a whole.
func whole(a control.Attempt) bool { return a.From.IsZero() && a.Part(control.Main) != nil }

// filled is which columns an attempt has filled for all records.
func filled(src *source.Source, a control.Attempt) []string {
	var names []string
	for _, p := range a.Parts {
		main := p.Planned() == control.Main || p.Follows == control.Main
		if p.Planned() != backfillPart && p.Follows != backfillPart && !(main && whole(a)) {
			continue
		}
		for _, c := range src.Table.Columns {
			if slices.Contains(p.Fields, c.Field) {
				names = append(names, c.Name)
			}
		}
	}
	return names
}

// unread is which columns an attempt that read every record has no values for: their
// fields came after it was begun.
func unread(src *source.Source, a control.Attempt) []string {
	if !whole(a) {
		return nil
	}
	var names []string
	for _, c := range src.Table.Columns {
		if !slices.ContainsFunc(a.Parts, func(p *control.Part) bool { return slices.Contains(p.Fields, c.Field) }) {
			names = append(names, c.Name)
		}
	}
	return names
}

// sweptAt is when every row was held against all Ids, by the org's clock, or the zero
// time where an attempt didn't do that, or left some of what it found to the next one.
func sweptAt(a *control.Attempt) (time.Time, error) {
	parts := a.Reading(sweepPart)
	if len(parts) == 0 && (a.Complete || a.From.IsZero()) {
		parts = a.Reading(control.Main)
	}
	if leavesFound(*a) {
		return time.Time{}, nil
	}
	return readAt(parts)
}

// refreshedAt is when the fields of all records that change without a stamp were read,
// by the org's clock, or the zero time where an attempt didn't do that. A sample that
// begins with the first record and isn't full has all of them.
func refreshedAt(a *control.Attempt) (time.Time, error) {
	sample := a.Reading(samplePart)
	switch {
	case whole(*a):
		return readAt(a.Reading(control.Main))
	case len(sample) == 1 && sample[0].Least == "" && sample[0].Records < sampleSize:
		return readAt(sample)
	}
	return readAt(a.Reading(refreshPart))
}

// readAt is when the first job of some parts was created, or the zero time where one
// of them has none.
func readAt(parts []*control.Part) (time.Time, error) {
	var first time.Time
	for _, p := range parts {
		if len(p.Job) == 0 {
			return time.Time{}, nil
		}
		job, err := reading.JobOf(*p)
		if err != nil {
			return time.Time{}, err
		}
		if first.IsZero() || job.ReadAt.Before(first) {
			first = job.ReadAt
		}
	}
	return first, nil
}
