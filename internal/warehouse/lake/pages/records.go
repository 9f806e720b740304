package pages

import (
	"slices"
	"sync"
)

// How much a run holds at most, but for its last record, and how much text lies in one piece.
const (
	runBytes   = 64 << 20
	runRecords = 1 << 18
	pieceBytes = 1 << 20
)

// A run is records as they stand in a page, unquoted: their fields one behind the other. They lie in pieces, since a
// text that grows as a whole would be copied again and again.
type run struct {
	width  int // fields of a record
	rows   int
	bytes  int
	pieces [][]byte
	filled int      // the piece that takes the next record
	begins []begin  // where each record does
	ends   []uint32 // where each field ends in its piece
	order  []uint32 // the records in the order of their keys; nil where that is the order they have
}

// A begin is where a record begins.
type begin struct{ piece, at uint32 }

// runs are those that no page needs any more. The next page takes one, so that memory isn't asked for page by page.
var runs = sync.Pool{New: func() any { return &run{} }}

// newRun is a run for records of so many fields.
func newRun(width int) *run {
	r := runs.Get().(*run)
	r.width = width
	r.reset()
	return r
}

// end gives a run back.
func (r *run) end() { runs.Put(r) }

func (r *run) reset() {
	r.rows, r.bytes, r.filled = 0, 0, 0
	r.begins, r.ends, r.order = r.begins[:0], r.ends[:0], r.order[:0]
	// A piece that is larger was made for one record.
	r.pieces = slices.DeleteFunc(r.pieces, func(piece []byte) bool { return cap(piece) > pieceBytes })
	for i := range r.pieces {
		r.pieces[i] = r.pieces[i][:0]
	}
}

func (r *run) full() bool { return r.bytes >= runBytes || r.rows >= runRecords }

// add takes the fields of a record, into a piece that has room for all of them.
func (r *run) add(fields [][]byte) {
	size := 0
	for _, field := range fields {
		size += len(field)
	}
	text := r.room(size)
	r.begins = append(r.begins, begin{uint32(r.filled), uint32(len(text))}) // #nosec G115 -- see runBytes
	for _, field := range fields {
		text = append(text, field...)
		r.ends = append(r.ends, uint32(len(text))) // #nosec G115 -- a piece, or one record, which stage bounds
	}
	r.pieces[r.filled] = text
	r.rows++
	r.bytes += size
}

// room is the piece that has room for so many bytes, from now on.
func (r *run) room(size int) []byte {
	if r.filled < len(r.pieces) && cap(r.pieces[r.filled])-len(r.pieces[r.filled]) < size {
		r.filled++
	}
	if r.filled == len(r.pieces) || cap(r.pieces[r.filled]) < size {
		r.pieces = slices.Insert(r.pieces, r.filled, make([]byte, 0, max(pieceBytes, size)))
	}
	return r.pieces[r.filled]
}

// cell is a field of a record.
func (r *run) cell(row, field int) []byte {
	at, from := row*r.width+field, r.begins[row]
	if field > 0 {
		from.at = r.ends[at-1]
	}
	return r.pieces[from.piece][from.at:r.ends[at]]
}

// size is how many bytes a record has.
func (r *run) size(row int) int { return int(r.ends[(row+1)*r.width-1] - r.begins[row].at) }

// row is the record that is so far in the order.
func (r *run) row(place int) int {
	if len(r.order) == 0 {
		return place
	}
	return int(r.order[place])
}
