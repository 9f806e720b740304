package status

import (
	"fmt"
	"io"
	"time"

	"catchment/internal/printable"
)

// A Text is a report for a person: results, which go to stdout, and talk about
// them, which goes to stderr, in the order in which they are said.
type Text []part

// A part is one or more lines of a text.
type part struct {
	Talk  bool // not a result
	Text  string
	Entry Entry // the same of talk, taken apart

	table *table // instead of Text, until it is known how much room there is
}

// Fit is the text with its tables laid out for a width; 0 is as wide as they get.
func (t Text) Fit(width int) Text {
	laid := make(Text, len(t))
	for i, p := range t {
		if p.table != nil {
			p.Text, p.table = p.table.fit(width), nil
		}
		laid[i] = p
	}
	return laid
}

// Result adds a line, or several, to the results.
func (t *Text) Result(format string, args ...any) {
	*t = append(*t, part{Text: said(format, args)})
}

// Lines adds lines to the results that are laid out already, such as a script.
func (t *Text) Lines(text string) { *t = append(*t, part{Text: text + "\n"}) }

// Talk adds a line about them.
func (t *Text) Talk(format string, args ...any) {
	*t = append(*t, talkOf("", format, args))
}

// said is a line of ours. A value in it that has several lines gets the later ones
// indented, so that what a server said poses as no line of ours.
func said(format string, args []any) string {
	shown := make([]any, len(args))
	for i, arg := range args {
		shown[i] = arg
		switch arg := arg.(type) {
		case string:
			shown[i] = printable.Indented(arg)
		case fmt.Stringer:
			shown[i] = printable.Indented(arg.String())
		case error:
			shown[i] = printable.Indented(arg.Error())
		}
	}
	return fmt.Sprintf(format, shown...) + "\n"
}

// write gives up where results can't be written; nobody waits for talk. Whatever
// was forgotten elsewhere is made printable here.
func (t Text) write(p Printer) error {
	for _, part := range t.Fit(p.Width) {
		if part.Talk {
			p.hear(part.Entry, part.Text)
			continue
		}
		if _, err := io.WriteString(p.Results, printable.Text(part.Text)); err != nil {
			return err
		}
	}
	return nil
}

// Size writes bytes as people say them.
func Size(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, units := float64(n), "kMGTP"
	i := -1
	for value >= unit && i < len(units)-1 {
		value /= unit
		i++
	}
	return fmt.Sprintf("%.1f %cB", value, units[i])
}

// stored is how much storage records take, and on which day that was found.
func stored(bytes *int64, at Moment) string {
	switch {
	case bytes == nil:
		return "-"
	case time.Time(at).IsZero():
		return Size(*bytes)
	}
	return Size(*bytes) + " (" + time.Time(at).UTC().Format(time.DateOnly) + ")"
}

// Stamp writes a time as a table shows it.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// complete is how far something is complete, and how surely.
func complete(to Moment, grade string) string {
	stamp := Stamp(time.Time(to))
	if grade == "" {
		return stamp
	}
	return stamp + " " + grade
}

// Ago writes how long something is back, in its two largest units at most; nil
// is never.
func Ago(s *Seconds) string {
	if s == nil {
		return "-"
	}
	d := time.Duration(*s)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d.Hours())/24)
}
