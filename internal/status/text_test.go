package status

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -123: "-123",
	} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) is %s, want %s", n, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 2504704: "2.5 MB", 3e12: "3.0 TB", 5e18: "5000.0 PB",
	} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) is %s, want %s", n, got, want)
		}
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 59 * time.Second: "59s", time.Minute: "1m", time.Hour + 30*time.Minute: "1h30m",
		47*time.Hour + 59*time.Minute: "47h59m", 48 * time.Hour: "2d", 271 * 24 * time.Hour: "271d",
	} {
		if got := Ago(new(Seconds(d))); got != want {
			t.Errorf("%s is %s, want %s", d, got, want)
		}
	}
	if got := Ago(nil); got != "-" {
		t.Errorf("never is %s", got)
	}
}

// A broken writer breaks as soon as it is written to.
type broken struct{}

var errBroken = errors.New("broken pipe")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestPrinterTellsOfABrokenStdout(t *testing.T) {
	var talk bytes.Buffer
	for _, p := range []Printer{{Results: broken{}, Talk: &talk}, {Results: broken{}, Talk: &talk, JSON: true}} {
		if err := p.Print(Run{ID: "r"}); !errors.Is(err, errBroken) {
			t.Errorf("JSON %t: %v", p.JSON, err)
		}
	}
	if talk.Len() > 0 {
		t.Errorf("the run is told without its table: %s", talk.String())
	}
	if err := (Printer{Results: &talk, Talk: broken{}}).Print(Run{ID: "r"}); err != nil {
		t.Error(err)
	}
	if err := (Printer{Results: &talk, Talk: broken{}}).Print(Overview{}); err != nil {
		t.Errorf("talk that nobody hears: %v", err)
	}
}
