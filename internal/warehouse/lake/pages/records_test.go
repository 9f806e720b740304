package pages

import (
	"bytes"
	"fmt"
	"testing"
)

// TestRecords keeps records of every size apart, in a run that was used before.
func TestRecords(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte("x"), 3*pieceBytes)
	r := &run{}
	for _, width := range []int{3, 1, 5} {
		r.width = width
		r.reset()
		var want [][]byte
		for row := range 4000 {
			var fields [][]byte
			for field := range width {
				text := fmt.Appendf(nil, "%d/%d%s", row, field, long[:row%700])
				if row%1500 == 7 && field == width-1 {
					text = long
				}
				if row%5 == 0 && field == 0 {
					text = nil
				}
				fields = append(fields, text)
			}
			want = append(want, fields...)
			r.add(fields)
		}
		size := 0
		for row := range r.rows {
			of := 0
			for field := range width {
				cell := r.cell(row, field)
				if !bytes.Equal(cell, want[row*width+field]) {
					t.Fatalf("of %d fields, %d of record %d has %d bytes", width, field, row, len(cell))
				}
				of += len(cell)
			}
			if r.size(row) != of {
				t.Fatalf("record %d has %d bytes, not %d", row, r.size(row), of)
			}
			size += of
		}
		if r.rows != 4000 || r.bytes != size {
			t.Errorf("%d records of %d bytes, not of %d", r.rows, r.bytes, size)
		}
	}
	r.reset()
	for _, piece := range r.pieces {
		if cap(piece) > pieceBytes {
			t.Errorf("a piece of %d bytes is kept", cap(piece))
		}
	}
}
