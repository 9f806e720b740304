// Package process names a process of this machine, in words for people, and tells of such
// a name later whether that process is still there. The control table has these names: of
// who runs, and of who holds a flow. Start at Self and Look.
package process

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Host is the name of this machine.
func Host() string {
	name, err := os.Hostname()
	if err != nil {
		return "this machine"
	}
	return name
}

// named is how a process is called: by its number, and where it is.
const named = "process %d on %s"

// Self is the name of this process.
func Self() string { return fmt.Sprintf(named, os.Getpid(), Host()) }

// A Life is what is known of a process.
type Life int

// The lives. Of a process of another machine, or of a name that isn't one of ours, nothing
// can be known here.
const (
	Elsewhere Life = iota
	Alive
	Dead
)

// Look tells whether the process of a name, which was there at a moment, still is. Another
// one that has got its number since, after a restart of the machine say, isn't it.
func Look(name string, since time.Time) Life {
	var pid int
	var host string
	if n, _ := fmt.Sscanf(name, named, &pid, &host); n != 2 || host != Host() || pid <= 0 {
		return Elsewhere
	}
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return Dead
	}
	if began, known := begun(pid); known && began.After(since.Add(slack)) {
		return Dead
	}
	return Alive
}

// slack is how far a process may seem to have begun after what it did: the kernel counts
// from when the machine was started, and tells that time in whole seconds.
const slack = 3 * time.Second

// ticks is how many of the kernel's clock ticks are a second, on every machine that Go runs on.
const ticks = 100

// begun is when a process was started, where the kernel tells.
func begun(pid int) (time.Time, bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // #nosec G304 -- the number names no other file
	if err != nil {
		return time.Time{}, false
	}
	return startOf(string(stat), bootTime())
}

// startAt is the place of the time of the start among the fields behind the program's name
// (proc(5): starttime is field 22, and the name field 2).
const startAt = 22 - 3

// startOf reads when a process began, from its line of /proc and the time of the boot. The
// program's name may hold blanks and brackets.
func startOf(stat string, boot time.Time) (time.Time, bool) {
	_, behind, found := cutLast(stat, ")")
	fields := strings.Fields(behind)
	if !found || boot.IsZero() || len(fields) <= startAt {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(fields[startAt], 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	return boot.Add(time.Duration(n) * (time.Second / ticks)), true
}

func cutLast(text, at string) (before, after string, found bool) {
	i := strings.LastIndex(text, at)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(at):], true
}

// bootTime is when the machine was started, the zero time where nobody tells.
func bootTime() time.Time {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return time.Time{}
	}
	for line := range strings.Lines(string(text)) {
		if seconds, is := strings.CutPrefix(line, "btime "); is {
			if n, err := strconv.ParseInt(strings.TrimSpace(seconds), 10, 64); err == nil {
				return time.Unix(n, 0)
			}
		}
	}
	return time.Time{}
}
