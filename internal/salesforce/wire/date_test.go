package wire

import (
	"net/http"
	"testing"
	"time"

	"catchment/internal/plan"
)

// The org's clock is taken as it is, unless no org can have it.
func TestDate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		want time.Time
	}{
		{"Sun, 01 Mar 2026 12:00:30 GMT", time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)},
		{"Sat, 01 Jan 2000 00:00:00 GMT", time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"Thu, 31 Dec 2099 23:59:59 GMT", time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC)},
		{"Fri, 31 Dec 1999 23:59:59 GMT", time.Time{}},
		{"Fri, 01 Jan 2100 00:00:00 GMT", time.Time{}},
		{"Fri, 01 Mar 2999 00:00:00 GMT", time.Time{}},
		{"Fri, 31 Dec 9999 23:59:59 GMT", time.Time{}},
		{"Mon, 01 Jan 0001 00:00:00 GMT", time.Time{}},
		{"soon", time.Time{}},
		{"", time.Time{}},
	} {
		got, err := Date(http.Header{"Date": {test.text}})
		if !got.Equal(test.want) || (err != nil) != test.want.IsZero() {
			t.Errorf("%q: %s, %v", test.text, got, err)
		}
		if err != nil && (plan.ClassOf(err) != plan.Bug || plan.HintOf(err) == "") {
			t.Errorf("%q: class %s, hint %q", test.text, plan.ClassOf(err), plan.HintOf(err))
		}
	}
}
