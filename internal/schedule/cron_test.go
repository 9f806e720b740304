package schedule

import (
	"testing"
	"time"
)

func TestParseCron(t *testing.T) {
	for text, right := range map[string]bool{
		"0 3 * * SUN": true, "TZ=Europe/Berlin 30 2 * * *": true, "0 3 1,15 * *": true, "0 3 29 2 *": true,
		"0 3 * * 1-5": true,
		"":            false, "0 3 * *": false, "0 3 * * * *": false, "0 3 30 2 *": false, "0 */12 * * *": false,
		"@daily x":                 false,
		"TZ=Mars/Phobos 0 3 * * *": false, "0 25 * * *": false, "0 3 * * H": false, "0 3 1-2 * ?": true,
	} {
		s, err := ParseSweep(text)
		if (err == nil) != right || right && (s.At != Cron(text) || s.Off()) {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
	}
	if r, err := ParseRefresh("0 */12 * * *"); err != nil || r.String() != "0 */12 * * *" || !r.Planned() {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := ParseRefresh("*/15 * * * *"); err == nil {
		t.Errorf("%+v", r)
	}
}

// A clock that is put forward or back loses no time of a schedule, and doubles
// none.
func TestCronOverChangesOfTheClock(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	daily := Sweep{At: "30 2 * * *"} // on one day there is no 2:30, on another there are two
	last, n := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC), 0
	for now := last; now.Before(time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)); now = now.Add(30 * time.Minute) {
		if daily.Due(last, now, berlin) {
			if now.Sub(last) > 26*time.Hour {
				t.Errorf("none between %s and %s", last, now)
			}
			last = now
			n++
		}
	}
	if days := 235; n < days-1 || n > days+1 {
		t.Errorf("%d times", n)
	}
}
