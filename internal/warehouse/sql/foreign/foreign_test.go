package foreign

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"catchment/internal/warehouse/shape"
)

// A day is read where the calendar has it: every month, the 29 February of each leap year.
func TestDays(t *testing.T) {
	r, _ := Of(shape.Date)
	whole := regexp.MustCompile("^(" + r.pattern + ")$")
	for year := 1000; year < 5000; year++ {
		for month := range 14 {
			for _, day := range []int{0, 1, 9, 10, 19, 20, 28, 29, 30, 31, 32} {
				text := fmt.Sprintf("%04d-%02d-%02d", year, month, day)
				if _, err := time.Parse("2006-01-02", text); whole.MatchString(text) != (err == nil) {
					t.Fatalf("%s: %v", text, err)
				}
			}
		}
	}
}

func TestMoments(t *testing.T) {
	r, _ := Of(shape.Timestamp)
	reads := regexp.MustCompile("^(" + r.pattern + "|" + epochPattern + ")$")
	for text, want := range map[string]bool{
		"2026-03-01T00:00:00.000Z": true, "2026-03-01T00:00:00.000+0000": true, "2026-03-01 23:59:59": true,
		"2026-03-01 00:00:00.123456+00": true, "2026-03-01T10:00:00+01:00": true, "2026-03-01": true,
		"1772323200000": true, "-626659200000": true, "1772323200000.0": true, "2026-03-01T10:00": true,
		"1772323200": false, "20260301": false, "03/01/2026": false, "2026-03-01T24:00:00Z": false,
		"2026-02-30T00:00:00Z": false, "0000-01-01": false, "1772323200000.5": false, "now": false, "infinity": false,
		"2026-03-01T00:00:00+99": false, "2026-03-01T00:00:60Z": false, "2026-03-01T00:00:00Z; DROP": false, "": false,
	} {
		if got := reads.MatchString(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// No literal has a colon, which begins a parameter on some ways to a warehouse.
func TestNoColons(t *testing.T) {
	for _, kind := range []shape.Kind{shape.Bool, shape.Time, shape.Date, shape.Timestamp} {
		r, ok := Of(kind)
		if sql := r.Value() + r.Unreadable("x", true) + r.Unreadable("x", false); !ok || strings.Contains(sql, ":") {
			t.Errorf("%s: %s", kind, sql)
		}
	}
	if _, ok := Of(shape.Text); ok {
		t.Error("any text can be read")
	}
}
