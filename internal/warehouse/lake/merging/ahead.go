package merging

import (
	"iter"

	"catchment/internal/warehouse/lake/writing"
)

// ahead makes pieces while those before them are written, one at most that nobody has taken yet. When it has ended,
// nothing is made any more.
func ahead(pieces iter.Seq2[writing.Piece, error]) iter.Seq2[writing.Piece, error] {
	type made struct {
		piece writing.Piece
		err   error
	}
	return func(yield func(writing.Piece, error) bool) {
		next, enough := make(chan made), make(chan struct{})
		go func() {
			defer close(next)
			for piece, err := range pieces {
				select {
				case next <- made{piece, err}:
				case <-enough:
					piece.Release()
					return
				}
			}
		}()
		defer func() {
			close(enough)
			for one := range next { // until it has ended
				one.piece.Release()
			}
		}()
		for one := range next {
			if !yield(one.piece, one.err) {
				return
			}
		}
	}
}
