package process

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

func TestLook(t *testing.T) {
	t.Parallel()
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, c := range []struct {
		name  string
		since time.Time
		want  Life
	}{
		{Self(), now, Alive},
		{fmt.Sprintf(named, ended.Process.Pid, Host()), now, Dead},
		{fmt.Sprintf(named, os.Getpid(), Host()+"x"), now, Elsewhere},
		{fmt.Sprintf(named, 0, Host()), now, Elsewhere},
		{fmt.Sprintf(named, -1, Host()), now, Elsewhere},
		{"arn:aws:states:eu-central-1:1:execution:catchment:x", now, Elsewhere},
		{"", now, Elsewhere},
	} {
		if got := Look(c.name, c.since); got != c.want {
			t.Errorf("%q is %d, want %d", c.name, got, c.want)
		}
	}
}

// A number that another process has by now names a dead one: this process began after
// what the other had done.
func TestLookAtANumberThatWasGivenAgain(t *testing.T) {
	t.Parallel()
	if _, known := begun(os.Getpid()); !known && runtime.GOOS != "linux" {
		return // other systems don't tell when a process began
	}
	if got := Look(Self(), time.Now().Add(-24*time.Hour)); got != Dead {
		t.Errorf("a process of yesterday is %d, want dead", got)
	}
}

func TestStartOf(t *testing.T) {
	t.Parallel()
	boot := time.Unix(1000, 0)
	const fields = " S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 250 9"
	for stat, want := range map[string]int64{
		"7 (catchment)" + fields: 1002, "7 (a) b) c" + ")" + fields: 1002, "7 (a": 0, "7 (a) S 1": 0,
		"7 (a) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 x 9": 0, "": 0,
	} {
		got, known := startOf(stat, boot)
		if known != (want > 0) || known && got.Unix() != want {
			t.Errorf("%q began at %s, %v", stat, got, known)
		}
	}
	if _, known := startOf("7 (a)"+fields, time.Time{}); known {
		t.Error("without a boot nothing is known")
	}
}
