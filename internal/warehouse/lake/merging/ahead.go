package merging

import (
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
)

// ahead makes records while those before them are written, one at most that nobody has taken yet. When it has ended,
// nothing is made any more.
func ahead(records iter.Seq2[arrow.RecordBatch, error]) iter.Seq2[arrow.RecordBatch, error] {
	type made struct {
		record arrow.RecordBatch
		err    error
	}
	return func(yield func(arrow.RecordBatch, error) bool) {
		next, enough := make(chan made), make(chan struct{})
		go func() {
			defer close(next)
			for record, err := range records {
				select {
				case next <- made{record, err}:
				case <-enough:
					if record != nil {
						record.Release()
					}
					return
				}
			}
		}()
		defer func() {
			close(enough)
			for one := range next { // until it has ended
				if one.record != nil {
					one.record.Release()
				}
			}
		}()
		for one := range next {
			if !yield(one.record, one.err) {
				return
			}
		}
	}
}
