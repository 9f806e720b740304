package follow

import (
	"testing"

	"catchment/internal/warehouse/streamed"
)

// What comes after another act of the same record, and before it is written, is one act with it.
func TestFollows(t *testing.T) {
	t.Parallel()
	set, made, gone, read := streamed.Set, streamed.Make, streamed.Gone, streamed.Read
	for _, one := range []struct{ first, next, want streamed.Act }{
		{set, set, set}, {made, set, made}, {set, gone, gone}, {made, gone, gone}, {gone, gone, gone},
		{gone, set, read}, {gone, made, read}, {read, set, read}, {read, gone, read}, {set, read, read},
		{made, read, read}, {gone, read, read}, {set, made, made},
	} {
		if got := follows(one.first, one.next); got != one.want {
			t.Errorf("%s and %s: %s, want %s", one.first, one.next, got, one.want)
		}
	}
}
