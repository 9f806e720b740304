package merging

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"catchment/internal/warehouse/lake/writing"
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
		pieces := func(yield func(writing.Piece, error) bool) {
			running = true
			defer func() { running = false }()
			for n := range 5 {
				batch := array.NewRecordBatch(arrow.NewSchema(nil, nil), nil, int64(n))
				if !yield(writing.Piece{Batch: batch}, nil) {
					return
				}
				runtime.Gosched()
			}
			if c.err != nil {
				yield(writing.Piece{}, c.err)
			}
		}
		n := 0
		var last error
		for piece, err := range ahead(pieces) {
			if err == nil && piece.Batch.NumRows() != int64(n) {
				t.Errorf("%s: piece %d has come after %d", c.name, piece.Batch.NumRows(), n)
			}
			time.Sleep(time.Millisecond)
			n, last = n+1, err
			if n == c.take {
				break
			}
		}
		if running || n != c.want || !errors.Is(last, c.err) {
			t.Errorf("%s: %d pieces, %v; still running: %v", c.name, n, last, running)
		}
	}
}
