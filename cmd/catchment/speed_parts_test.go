package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

var (
	speedOnly   = flag.String("speed.only", "", "measure only the parts whose names match this expression")
	speedBefore = flag.String("speed.before", "", "a catchment of before to measure beside; none where empty")
)

// newSpeed makes the programs that are measured.
func newSpeed(t *testing.T) *speed {
	s := &speed{t: t, bin: t.TempDir(), kept: newKept(t)}
	self, err := os.Executable()
	s.must(err)
	for _, name := range []string{"catchment", "speedorg", "manyorg"} {
		s.must(os.Symlink(self, filepath.Join(s.bin, name)))
	}
	return s
}

// part measures one part of the table in a warehouse, and how large Go's heap was meanwhile.
func (s *speed) part(name string, y yard, records int, measure func(y yard, records int)) {
	s.heap = 0
	s.measured(name, func() { measure(y, records) })
	s.sayHeap(y, name, records)
}

// measured measures one part of the table, if it is among those that were asked for: first, merge and so on. In the
// short form it is measured again where a ratio is much worse than it was, before a busy machine is taken for a slow
// program.
func (s *speed) measured(name string, measure func()) {
	asked, err := regexp.Compile("^(" + *speedOnly + ")$")
	s.must(err)
	if *speedOnly != "" && !asked.MatchString(name) {
		return
	}
	before := len(s.lines)
	for again := true; again; {
		s.lines = s.lines[:before]
		s.kept.begin()
		measure()
		again = s.kept.again()
	}
}

// heapAtMost is what Go's heap may take in any run, in MiB, however many records there are.
const heapAtMost = 64

func (s *speed) sayHeap(y named, part string, records int) {
	if s.heap == 0 { // nothing of this part ran the program
		return
	}
	mark := missed(fmt.Sprintf("%d MiB", heapAtMost), s.heap > heapAtMost<<20)
	s.say(y, "Go's heap at most: "+part, records, fmt.Sprintf("%d MiB", s.heap>>20), "-", "-", mark)
}

// heapFile is the variable that names the file into which a program that is measured writes how much memory it took:
// Go's heap in bytes, and all of it in KiB. The program itself knows nothing of it. What the system tells of a process
// that has ended won't do: a child has the memory of who started it, until it is another program.
const heapFile = "CATCHMENT_TEST_HEAP"

// mainAndHeap is main, and tells how large Go's heap has been.
func mainAndHeap() {
	code := run(os.Args[1:])
	if path := os.Getenv(heapFile); path != "" {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		// what the heap has asked of the system never becomes less, so that it is the most that it took
		if err := os.WriteFile(path, fmt.Appendln(nil, m.HeapSys, peakOfSelf()), 0o600); err != nil {
			panic(err)
		}
	}
	os.Exit(code)
}

// peakOfSelf is the most memory that this process took, in KiB.
func peakOfSelf() (kib int64) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(status)) {
		if text, is := strings.CutPrefix(line, "VmHWM:"); is {
			if _, err := fmt.Sscan(text, &kib); err != nil {
				panic(err)
			}
		}
	}
	return kib
}

// readHeap reads what mainAndHeap wrote.
func readHeap(t *testing.T, path string) (heapBytes, peakKiB int64) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(text), &heapBytes, &peakKiB); err != nil {
		t.Fatal(err)
	}
	return heapBytes, peakKiB
}
