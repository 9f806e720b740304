package reading

import (
	"testing"
	"time"

	"catchment/internal/control"
)

func TestFirstPoll(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ last, age, want time.Duration }{
		{0, 0, 0},           // nobody knows such a job
		{0, time.Second, 0}, // nor of this one
		{time.Second, 0, 900 * time.Millisecond},
		{time.Second, 400 * time.Millisecond, 500 * time.Millisecond},
		{time.Second, 860 * time.Millisecond, 0}, // not worth a step of its own
		{time.Second, time.Hour, 0},
		{40 * time.Millisecond, 0, 0},
		{time.Hour, 0, 30 * time.Second}, // it may be much smaller
	} {
		if got := FirstPoll(test.last, test.age); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

func TestPollWait(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]time.Duration{
		-time.Hour:      200 * time.Millisecond,
		0:               200 * time.Millisecond,
		4 * time.Second: time.Second,
		time.Hour:       30 * time.Second,
	} {
		if got := PollWait(age); got != want {
			t.Errorf("age %s: %s, want %s", age, got, want)
		}
	}
}

// What is remembered is by kind: a reading of everything says nothing of one of changes.
func TestRemember(t *testing.T) {
	t.Parallel()
	var f control.FlowRow
	a := control.Attempt{}
	a.Add(control.Part{Name: control.Main, Took: time.Minute}, control.Part{Name: "sweep", Took: 10 * time.Second},
		control.Part{Name: "main-2", Of: control.Main, Took: time.Hour}, control.Part{Name: "refresh"})
	Remember(&f, a)
	b := control.Attempt{From: time.Unix(1, 0)}
	b.Add(control.Part{Name: control.Main, Took: time.Second})
	Remember(&f, b)
	if len(f.Took) != 3 || f.Took["main"] != time.Minute || f.Took["sweep"] != 10*time.Second ||
		f.Took["changes"] != time.Second {
		t.Errorf("%v", f.Took)
	}
}
