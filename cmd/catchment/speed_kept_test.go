package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// `make bench-short` holds each ratio against the one in testdata/speed, a file for each test. Seconds are of one
// machine, ratios hardly: both sides of one are measured in the same minute.
var (
	speedShort = flag.Bool("speed.short", false, "fail where a ratio is much worse than that in testdata/speed")
	speedRenew = flag.Bool("speed.renew", false, "write the ratios of testdata/speed anew, with -speed.short")
)

const (
	worse = 1.5 // so many times the ratio that is kept is too much
	tries = 3   // of which the best one counts; the one in the middle is kept

	hiccup = 50 * time.Millisecond // what a busy machine may add to a time, which is as much as some of them take
)

// A kept holds the ratios of a short form: those that are known, and those of this test.
type kept struct {
	t     *testing.T
	path  string
	whole bool               // every line of the file is measured
	known map[string]float64 // by the name of the line
	got   map[string][]float64
	least map[string]float64 // the least that a ratio may be without the hiccups of the machine
	now   []string           // the lines of the try that goes on
}

// newKept reads what is known, and judges when the test ends. It is nil where the ratios are of another size.
func newKept(t *testing.T) *kept {
	if !*speedShort {
		return nil
	}
	k := &kept{
		t: t, path: filepath.Join("testdata", "speed", t.Name()+".txt"), got: map[string][]float64{},
		least: map[string]float64{},
		whole: *speedOnly == "" && *speedIn == flag.Lookup("speed.in").DefValue,
	}
	text, err := os.ReadFile(k.path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if k.known, err = parseKept(string(text)); err != nil {
		t.Fatalf("%s: %v", k.path, err)
	}
	t.Cleanup(k.end)
	return k
}

// lineName is what a line is known by: without what is chosen anew each time, as the fastest way by hand, and
// without what depends on the data.
func lineName(y named, what string, records int) string {
	what, _, _ = strings.Cut(what, ";")
	return fmt.Sprintf("%s | %s | %d", y.name(), megabytes.ReplaceAllString(what, ""), records)
}

var megabytes = regexp.MustCompile(`, \d+ MB$`)

// note takes two times that were measured.
func (k *kept) note(line string, ours, hand time.Duration) {
	if k == nil {
		return
	}
	k.now = append(k.now, line)
	least := (ours - hiccup).Seconds() / hand.Seconds()
	if len(k.got[line]) > 0 {
		least = min(least, k.least[line])
	}
	k.least[line] = least
	k.got[line] = append(k.got[line], ours.Seconds()/hand.Seconds())
}

// begin begins a try of a part.
func (k *kept) begin() {
	if k != nil {
		k.now = nil
	}
}

// again tells whether to try the part once more. Whoever renews needs all tries.
func (k *kept) again() bool {
	if k == nil {
		return false
	}
	again := slices.ContainsFunc(k.now, func(line string) bool {
		known, ok := k.known[line]
		return len(k.got[line]) < tries && (*speedRenew || ok && k.least[line] > worse*known)
	})
	k.now = nil
	return again
}

// end judges what was measured, or keeps it.
func (k *kept) end() {
	switch {
	case k.t.Failed() || k.t.Skipped():
	case *speedRenew:
		if err := os.MkdirAll(filepath.Dir(k.path), 0o750); err != nil {
			k.t.Fatal(err)
		}
		if err := os.WriteFile(k.path, []byte(formatKept(renewed(k.known, k.got, k.whole))), 0o600); err != nil {
			k.t.Fatal(err)
		}
	default:
		for _, wrong := range judgeKept(k.known, k.got, k.least, k.whole) {
			k.t.Errorf("%s: %s", k.path, wrong)
		}
	}
}

// judgeKept tells what is wrong with ratios that were measured.
func judgeKept(
	known map[string]float64, got map[string][]float64, least map[string]float64, whole bool,
) (wrong []string) {
	const renew = "make bench-short RENEW=yes"
	say := func(format string, about ...any) { wrong = append(wrong, fmt.Sprintf(format, about...)) }
	for _, line := range slices.Sorted(maps.Keys(got)) {
		was, ok := known[line]
		switch {
		case !ok:
			say("%s isn't there yet: add it with %s ONLY=part", line, renew)
		case least[line] > worse*was:
			say("%s: the ratio was %.2f, the best of %d tries is %.2f, more than %.1f times that; "+
				"where this has to be so, write it down with %s ONLY=part",
				line, was, len(got[line]), slices.Min(got[line]), worse, renew)
		}
	}
	for _, line := range slices.Sorted(maps.Keys(known)) {
		if _, ok := got[line]; whole && !ok {
			say("%s isn't measured any more: take it out with %s", line, renew)
		}
	}
	return wrong
}

// renewed is what is known now: the middle of the tries. What wasn't measured stays, unless everything was.
func renewed(known map[string]float64, got map[string][]float64, whole bool) map[string]float64 {
	now := map[string]float64{}
	if !whole {
		maps.Copy(now, known)
	}
	for line, ratios := range got {
		ratios = slices.Sorted(slices.Values(ratios))
		now[line] = ratios[len(ratios)/2]
	}
	return now
}

// formatKept writes one line for each ratio, as in "1.76  DuckDB | the whole first run | 50000".
func formatKept(ratios map[string]float64) string {
	var text strings.Builder
	for _, line := range slices.Sorted(maps.Keys(ratios)) {
		fmt.Fprintf(&text, "%.2f  %s\n", ratios[line], line)
	}
	return text.String()
}

func parseKept(text string) (map[string]float64, error) {
	ratios := map[string]float64{}
	for row := range strings.Lines(text) {
		number, line, _ := strings.Cut(strings.TrimSuffix(row, "\n"), "  ")
		ratio, err := strconv.ParseFloat(number, 64)
		if err != nil || line == "" || ratios[line] != 0 {
			return nil, fmt.Errorf("%q is no ratio of a line, or the second one of it", row)
		}
		ratios[line] = ratio
	}
	return ratios, nil
}

func TestKeptRatios(t *testing.T) {
	t.Parallel()
	const text = "0.50  B | y | 1\n2.00  A | x | 1\n"
	known, err := parseKept(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"x  A | x | 1\n", "1.00\n", "\n", "1  A\n2  A\n"} {
		if _, err := parseKept(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	for _, c := range []struct {
		got   map[string][]float64
		whole bool
		wrong string
	}{
		{map[string][]float64{"A | x | 1": {2.9}, "B | y | 1": {0.1}}, true, ""},
		{map[string][]float64{"A | x | 1": {9, 2.9}}, false, ""}, // a busy moment
		{map[string][]float64{"A | x | 1": {9, 3.1, 4}}, false,
			"A | x | 1: the ratio was 2.00, the best of 3 tries is 3.10"},
		{map[string][]float64{"C | z | 1": {1}}, false,
			"C | z | 1 isn't there yet: add it with make bench-short RENEW=yes"},
		{map[string][]float64{"A | x | 1": {1}}, true, "B | y | 1 isn't measured any more"},
	} {
		least := map[string]float64{}
		for line, ratios := range c.got {
			least[line] = slices.Min(ratios)
		}
		wrong := strings.Join(judgeKept(known, c.got, least, c.whole), "\n")
		if !strings.HasPrefix(wrong, c.wrong) || (wrong == "") != (c.wrong == "") || strings.Contains(wrong, "\n") {
			t.Errorf("%v: %q", c.got, wrong)
		}
	}
	k := &kept{got: map[string][]float64{}, least: map[string]float64{}}
	for _, ours := range []time.Duration{300, 150, 200} {
		k.note("A | x | 1", ours*time.Millisecond, 50*time.Millisecond)
	}
	if noted := fmt.Sprintf("%.2f, at least %.2f", k.got["A | x | 1"], k.least["A | x | 1"]); noted !=
		"[6.00 3.00 4.00], at least 2.00" {
		t.Error(noted)
	}
	got := map[string][]float64{"A | x | 1": {3, 1, 2.5}}
	for whole, want := range map[bool]string{true: "2.50  A | x | 1\n", false: "2.50  A | x | 1\n0.50  B | y | 1\n"} {
		if text := formatKept(renewed(known, got, whole)); text != want {
			t.Errorf("renewed: %q", text)
		}
	}
	for _, what := range []string{"load of 8 pages", "load of 8 pages, 368 MB", "load of 8 pages; by hand: MERGE"} {
		if name := lineName(&duckYard{}, what, 5); name != "DuckDB | load of 8 pages | 5" {
			t.Errorf("%s: %q", what, name)
		}
	}
}
