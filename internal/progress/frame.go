package progress

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"catchment/internal/plural"
	"catchment/internal/printable"
)

// The parts of a flow's line. The phase has room for the longest of them.
const (
	phaseWide = len("waiting for Salesforce")
	barWide   = 20
	gap       = "  "
)

// frame draws the board for a terminal of so many columns and rows: the line of all of
// it last, and above it as many flows as fit, with what is left over as a number.
func (b *board) frame(columns, rows int, now time.Time) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := b.count()
	b.speed.add(now, sum.records)
	if rows < 1 {
		return nil
	}
	flows := b.shown()
	room := rows - 1
	left := 0
	if len(flows) > room {
		room = max(room-1, 0) // for the line that tells how many more there are
		left = len(flows) - room
		flows = flows[:room]
	}
	names := 0
	for _, f := range flows {
		names = max(names, runewidth.StringWidth(printable.Line(f.name)))
	}
	var lines []string
	for i := range flows {
		lines = append(lines, strings.TrimRight(flows[i].line(names, columns), " "))
	}
	if left > 0 && rows > 1 {
		lines = append(lines, fmt.Sprintf("and %d more", left))
	}
	return append(lines, sum.line(b.speed.perSecond(), columns))
}

// line is a flow's: its name whole, what goes on, and where there is room for them how
// much of it is done, as a number and as a bar.
func (f *flowLine) line(names, columns int) string {
	name := printable.Line(f.name)
	start := name + strings.Repeat(" ", names-runewidth.StringWidth(name)) + gap
	room := columns - runewidth.StringWidth(start)
	if f.waits != "" {
		return start + fit(f.waits, room)
	}
	what := f.phase.words()
	if f.failing {
		what += ", again"
	}
	records := f.counted()
	if records == "" {
		return start + fit(what, room)
	}
	wide := what + strings.Repeat(" ", max(0, phaseWide-len(what)))
	switch spare := room - len(wide+gap+records); {
	case spare >= barWide+len(gap) && f.of > 0:
		return start + wide + gap + f.bar() + gap + records
	case spare >= 0:
		return start + wide + gap + records
	}
	return start + fit(what, room)
}

// counted is how many records there are, "" where there are none yet.
func (f *flowLine) counted() string {
	switch {
	case f.of > 0 && f.known:
		return plural.Count(f.records) + " of " + plural.Count(f.of)
	case f.records > 0:
		return plural.Count(f.records)
	}
	return ""
}

// bar is full when all records are there that Salesforce has told of.
func (f *flowLine) bar() string {
	const inner = barWide - len("[]")
	if !f.known {
		return strings.Repeat(" ", barWide)
	}
	full := int(min(f.records, f.of) * int64(inner) / f.of)
	drawn := strings.Repeat("=", full)
	if full > 0 && full < inner {
		drawn = drawn[:full-1] + ">"
	}
	return "[" + drawn + strings.Repeat(" ", inner-full) + "]"
}

// line is what goes on altogether, in as many words as there is room for.
func (c count) line(perSecond float64, columns int) string {
	switch {
	case c.waits != "":
		return fit(c.waits, columns)
	case !c.listed:
		return fit("looking at what there is to do", columns)
	}
	done := fmt.Sprintf("%s of %s", plural.Count(c.done), plural.Count(c.flows))
	objects := fmt.Sprintf("%s of %s", plural.Count(c.done), plural.Of(c.flows, "object"))
	after := " done"
	if c.wrong > 0 {
		after += fmt.Sprintf(", %d failed", c.wrong)
	}
	switch {
	case c.known && c.of > 0:
		after += fmt.Sprintf("; %s of %s", plural.Count(c.records), plural.Of(c.of, "record"))
	case c.records > 0:
		after += "; " + plural.Of(c.records, "record")
	}
	rate, left := "", ""
	if perSecond >= 1 {
		rate = plural.Count(int64(perSecond))
		if more := c.of - c.records; c.known && more > 0 {
			left = roughly(time.Duration(float64(more)/perSecond*float64(time.Second))) + " left"
		}
	}
	long, short, shortest := objects+after, done+after, done+after
	if rate != "" {
		long, short = long+", "+rate+" a second", short+", "+rate+"/s"
	}
	if left != "" {
		long, short, shortest = long+", about "+left, short+", "+left, shortest+", "+left
	}
	for _, line := range []string{long, short} {
		if len(line) <= columns {
			return line
		}
	}
	return fit(shortest, columns)
}

// roughly is a time to wait as people say it.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(1, int(d.Round(time.Second).Seconds())))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Round(time.Hour).Hours()))
}

// fit cuts what tells, but names nothing.
func fit(text string, columns int) string {
	const more = "..."
	if columns < len(more) {
		return ""
	}
	return runewidth.Truncate(text, columns, more)
}
