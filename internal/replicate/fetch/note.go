package fetch

import (
	"fmt"
	"strings"

	"catchment/internal/plural"
	"catchment/internal/warehouse/bodies"
)

// Note says in a line what became of files, and what is left: "" where there is nothing to
// say. why is why some wait.
func (t Tally) Note(known bodies.Tally, why string) string {
	var all []string
	say := func(n int64, format string, args ...any) {
		if n > 0 {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	copied := t.Read + t.Resumed
	say(copied, "%s of files copied, %s", bodiesOf(copied), plural.Of(t.Bytes, "byte"))
	say(t.Resumed, "%s of them had been stored by a run that didn't come to write it down", plural.Count(t.Resumed))
	say(t.Unsaid, "of %s Salesforce gives no checksum: the size agrees", plural.Count(t.Unsaid))
	say(t.Anew, "%s begun anew after a cut", bodiesOf(t.Anew))
	say(t.Aside, "%s couldn't be read: %s; _catchment_files has them, and later runs try again",
		plural.Of(t.Aside, "file"), t.named())
	say(known.Waiting, "%s %s: %s", plural.Of(known.Waiting, "file"), plural.Word(known.Waiting, "waits", "wait"), why)
	return strings.Join(all, "; ")
}

func bodiesOf(n int64) string { return plural.Count(n) + " " + plural.Word(n, "body", "bodies") }

// named names the first files that couldn't be read.
func (t Tally) named() string {
	var all []string
	for _, bad := range t.First {
		all = append(all, bad.ID+" ("+bad.Reason+")")
	}
	if t.Aside > int64(len(all)) {
		all = append(all, "...")
	}
	return strings.Join(all, ", ")
}
