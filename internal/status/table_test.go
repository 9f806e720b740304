package status

import (
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
)

func someTable(object string) table {
	return table{
		columns: []column{
			{head: "OBJECT"}, {head: "ROWS", number: true, leaves: 1}, {head: "BY", leaves: 2},
			{head: "COMPLETE UP TO", short: toTheMinute}, {head: "MISSING", brief: "MISS", number: true, leaves: 3},
			{head: "LATE", number: true, leaves: 1},
		},
		rows: [][]string{
			{object, "1,223", "bulk", "2026-03-01T12:00:00Z proven", "3", "0"},
			{"顧客", "7", "", "-", "0", "0"},
		},
	}
}

// First heads and cells become brief, then the columns go that say nothing, then the
// others in their order; what names a row stays whole.
func TestTableFits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		width int
		want  string
	}{
		{0, "OBJECT    ROWS  BY    COMPLETE UP TO               MISSING  LATE\n" +
			"Account  1,223  bulk  2026-03-01T12:00:00Z proven        3     0\n" +
			"顧客         7        -                                  0     0\n"},
		{64, "OBJECT    ROWS  BY    COMPLETE UP TO               MISSING  LATE\n" +
			"Account  1,223  bulk  2026-03-01T12:00:00Z proven        3     0\n" +
			"顧客         7        -                                  0     0\n"},
		{58, "OBJECT    ROWS  BY    COMPLETE UP TO            MISS  LATE\n" +
			"Account  1,223  bulk  2026-03-01T12:00Z proven     3     0\n" +
			"顧客         7        -                            0     0\n"},
		{57, "OBJECT    ROWS  BY    COMPLETE UP TO            MISS\n" +
			"Account  1,223  bulk  2026-03-01T12:00Z proven     3\n" +
			"顧客         7        -                            0\n"},
		{51, "OBJECT    ROWS  BY    COMPLETE UP TO\n" +
			"Account  1,223  bulk  2026-03-01T12:00:00Z proven\n" +
			"顧客         7        -\n"},
		{10, "OBJECT   COMPLETE UP TO\nAccount  2026-03-01T12:00Z proven\n顧客     -\n"},
	} {
		if got := someTable("Account").fit(c.width); got != c.want {
			t.Errorf("on %d columns it is\n%s\nwant\n%s", c.width, got, c.want)
		}
	}
}

func TestTableCutsNoName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("npe03__Recurring_", 6) + "c"
	for width := range 120 {
		text := someTable(long).fit(width + 1)
		if !strings.Contains(text, long) {
			t.Errorf("on %d columns the name is cut:\n%s", width+1, text)
		}
	}
	for width := 34; width < 80; width++ {
		for line := range strings.Lines(someTable("Account").fit(width)) {
			if runewidth.StringWidth(strings.TrimSuffix(line, "\n")) > width {
				t.Errorf("wider than %d: %s", width, line)
			}
		}
	}
}

func TestToTheMinute(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"2026-03-01T12:00:59Z proven except 3": "2026-03-01T12:00Z proven except 3",
		"2026-03-01T12:00:59Z":                 "2026-03-01T12:00Z", "-": "-", "": "",
		"2026-03-01T12:00:59+01:00": "2026-03-01T12:00:59+01:00",
	} {
		if got := toTheMinute(cell); got != want {
			t.Errorf("%q is %q, want %q", cell, got, want)
		}
	}
}
