package merging

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// TestAhead hands on what is made, in order, and ends when nobody wants any more: nothing is made after that.
func TestAhead(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, c := range []struct {
		name       string
		take, want int
		err        error
	}{{"all", 100, 5, nil}, {"some", 2, 2, nil}, {"none after an error", 100, 6, broken}} {
		running := false
		records := func(yield func(arrow.RecordBatch, error) bool) {
			running = true
			defer func() { running = false }()
			for n := range 5 {
				if !yield(array.NewRecordBatch(arrow.NewSchema(nil, nil), nil, int64(n)), nil) {
					return
				}
				runtime.Gosched()
			}
			if c.err != nil {
				yield(nil, c.err)
			}
		}
		n := 0
		var last error
		for record, err := range ahead(records) {
			if err == nil && record.NumRows() != int64(n) {
				t.Errorf("%s: record %d has come after %d", c.name, record.NumRows(), n)
			}
			time.Sleep(time.Millisecond)
			n, last = n+1, err
			if n == c.take {
				break
			}
		}
		if running || n != c.want || !errors.Is(last, c.err) {
			t.Errorf("%s: %d records, %v; still running: %v", c.name, n, last, running)
		}
	}
}
