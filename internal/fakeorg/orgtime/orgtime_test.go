package orgtime

import (
	"testing"
	"time"

	"catchment/internal/fakeorg/chance"
)

func TestAppendStampIsStamp(t *testing.T) {
	d := chance.New(4)
	for range 2000 {
		unix := int64(d.Next()%72_000_000_000) - 8_500_000_000 // 1700 to 4000
		if got, want := string(AppendStamp(nil, unix)), Stamp(time.Unix(unix, 0)); got != want {
			t.Fatalf("%d: got %s, want %s", unix, got, want)
		}
	}
}
