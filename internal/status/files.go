package status

import "catchment/internal/plural"

// A Files is how a flow stands with the bodies of its files, as the last run that read some left
// it: of the live rows, and of those versions that the flow copies.
type Files struct {
	AsOf    Moment `json:"as_of"`
	Aside   int64  `json:"aside"` // couldn't be read, and are tried again
	Bytes   int64  `json:"bytes"` // of those that are copied
	Copied  int64  `json:"copied"`
	Nothing int64  `json:"nothing"`       // have no body
	Waiting int64  `json:"waiting"`       // for a run
	Why     string `json:"why,omitempty"` // some wait
}

// remarks tells how many bodies there are, and what is left.
func (f *Files) remarks(object string, all *remarks) {
	if f == nil {
		return
	}
	all.say(object, "%s copied, %s together", plural.Of(f.Copied, "file"), plural.Of(f.Bytes, "byte"))
	if f.Waiting > 0 {
		why := ""
		if f.Why != "" {
			why = ", because " + f.Why
		}
		all.say(object, "%s %s for a run%s", plural.Of(f.Waiting, "file"), plural.Word(f.Waiting, "waits", "wait"), why)
	}
	if f.Aside > 0 {
		all.say(object, "%s couldn't be read, and %s tried again: catchment files list --state aside says why",
			plural.Of(f.Aside, "file"), plural.Word(f.Aside, "is", "are"))
	}
}

// A Bodies is what a comparison found of the bodies of files.
type Bodies struct {
	Aside        int64    `json:"aside"` // couldn't be read, and are tried again
	Bytes        int64    `json:"bytes"`
	Changed      int64    `json:"changed"` // have other bytes than were copied; with a digest
	Copied       int64    `json:"copied"`
	DifferingIDs []string `json:"differing_ids,omitempty"`
	Dropped      int64    `json:"dropped,omitempty"` // of the differing, with a repair: the next run reads them again
	Lost         int64    `json:"lost"`              // aren't in the stage any more
	Nothing      int64    `json:"nothing"`           // files without a body
	ReadBack     int64    `json:"read_back"`         // with a digest
	Resized      int64    `json:"resized"`           // have another size than was copied
	Waiting      int64    `json:"waiting"`           // for a run
}

// ids are the first files whose bodies differ.
func (b *Bodies) ids() []string {
	if b == nil {
		return nil
	}
	return b.DifferingIDs
}

// remarks tells how the bodies of files are.
func (b *Bodies) remarks(object string, all *remarks) {
	if b == nil {
		return
	}
	all.say(object, "%s of files %s in the stage, %s together", bodies(b.Copied), plural.Word(b.Copied, "is", "are"),
		plural.Of(b.Bytes, "byte"))
	for _, k := range []struct {
		n    int64
		says string
	}{
		{b.Lost, "lost: the stage has them no more"}, {b.Resized, "of another size than was copied"},
		{b.Changed, "of other bytes than were copied"},
		{b.Dropped, "given up: the next run reads them again from the org"},
		{b.Waiting, "still to be read by a run"},
		{b.Aside, "kept aside: catchment files list --state aside says why"},
	} {
		if k.n > 0 {
			all.say(object, "%s %s %s", bodies(k.n), plural.Word(k.n, "is", "are"), k.says)
		}
	}
}

// bodies are so many of them.
func bodies(n int64) string { return plural.Count(n) + " " + plural.Word(n, "body", "bodies") }
