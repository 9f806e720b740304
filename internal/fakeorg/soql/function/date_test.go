package function

import (
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestRandomDateParts counts days instead of asking time for the answer.
func TestRandomDateParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.IntRange(0, 840_000).Draw(t, "day")
		day := time.Date(1700, 1, 1, rapid.IntRange(0, 23).Draw(t, "hour"), 0, 0, 0, time.UTC).AddDate(0, 0, days)
		year, month, dom := day.Date()
		ofYear := 1
		for first := day; first.Month() != time.January || first.Day() != 1; first = first.AddDate(0, 0, -1) {
			ofYear++
		}
		weekday := 1 + (days+5)%7 // 1700 began with a Friday
		for name, want := range map[string]int{
			"CALENDAR_YEAR": year, "FISCAL_YEAR": year, "CALENDAR_MONTH": int(month), "FISCAL_MONTH": int(month),
			"CALENDAR_QUARTER": (int(month) + 2) / 3, "FISCAL_QUARTER": (int(month) + 2) / 3, "DAY_IN_MONTH": dom,
			"DAY_IN_YEAR": ofYear, "DAY_IN_WEEK": weekday, "WEEK_IN_MONTH": (dom + 6) / 7,
			"WEEK_IN_YEAR": (ofYear + 6) / 7,
			"HOUR_IN_DAY":  day.Hour(),
		} {
			if got := PartOf(day, name); got != strconv.Itoa(want) {
				t.Fatalf("%s of %s: %s, want %d", name, day, got, want)
			}
		}
	})
}
