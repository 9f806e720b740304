package pages

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"catchment/internal/warehouse/shape"
)

// How much a batch holds at most, but for its last record.
const (
	batchRows  = 8 << 10
	batchBytes = 16 << 20
)

// A keyColumn is where a column of the key stands in a record.
type keyColumn struct {
	field int
	kind  shape.Kind
}

// sort orders the records by their keys; those of one key stay in the order they have.
func (r *run) sort(keys []keyColumn) error {
	if len(keys) == 0 {
		return nil
	}
	key, err := r.keys(keys)
	if err != nil {
		return err
	}
	sorted, shared := true, key(0)
	for row := 1; row < r.rows; row++ {
		sorted = sorted && bytes.Compare(key(row-1), key(row)) <= 0
		shared = shared[:sharedBytes(shared, key(row))]
	}
	if sorted {
		return nil
	}
	// Most Ids of an object begin alike. What follows is compared as one number.
	type place struct {
		begins uint64
		row    uint32
	}
	places := make([]place, r.rows)
	for row := range places {
		var begins [8]byte
		copy(begins[:], key(row)[len(shared):])
		places[row] = place{binary.BigEndian.Uint64(begins[:]), uint32(row)} // #nosec G115 -- runRecords bounds it
	}
	slices.SortFunc(places, func(a, b place) int {
		if a.begins != b.begins {
			return cmp.Compare(a.begins, b.begins)
		}
		return cmp.Or(bytes.Compare(key(int(a.row)), key(int(b.row))), cmp.Compare(a.row, b.row))
	})
	for _, p := range places {
		r.order = append(r.order, p.row)
	}
	return nil
}

func sharedBytes(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// unit is between the parts of a key of several columns.
const unit = 0x1f

// keys gives each record's key as a text. One column of text is that already.
func (r *run) keys(of []keyColumn) (func(row int) []byte, error) {
	if len(of) == 1 && of[0].kind == shape.Text {
		return func(row int) []byte { return r.cell(row, of[0].field) }, nil
	}
	all := make([][]byte, r.rows)
	for row := range all {
		for i, k := range of {
			if i > 0 {
				all[row] = append(all[row], unit)
			}
			var ok bool
			if all[row], ok = appendKey(all[row], r.cell(row, k.field), k.kind); !ok {
				return nil, &misfit{row: row, kind: string(k.kind)}
			}
		}
	}
	return func(row int) []byte { return all[row] }, nil
}

// appendKey appends a value of a key as the text that package rows makes of it.
func appendKey(dst, cell []byte, kind shape.Kind) ([]byte, bool) {
	if len(cell) == 0 || kind == shape.Text || kind == shape.Decimal {
		return append(dst, cell...), true
	}
	n, ok := numberOf(kind, cell)
	switch kind {
	case shape.Bool:
		return strconv.AppendBool(dst, n == 1), ok
	case shape.Date:
		return time.Unix(n*secondsPerDay, 0).UTC().AppendFormat(dst, time.DateOnly), ok
	case shape.Time:
		return time.UnixMicro(n).UTC().AppendFormat(dst, "15:04:05.999999"), ok
	case shape.Timestamp:
		return time.UnixMicro(n).UTC().AppendFormat(dst, "2006-01-02 15:04:05.000000-07"), ok
	}
	return strconv.AppendInt(dst, n, 10), ok
}

// A Run is the records of a page, or of a part of one, in the order of their keys. It is valid until the next.
type Run struct {
	of    *Reader
	first int64 // how many records the page has before it
}

// Rows tells how many records there are.
func (r *Run) Rows() int { return r.of.run.rows }

// Batches yields them. Whoever takes a batch releases it.
func (r *Run) Batches() iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		for from := 0; from < r.of.run.rows; {
			to := r.of.run.batch(from)
			batch, err := r.batch(from, to)
			if err != nil {
				yield(nil, r.of.refused(err, r.first))
				return
			}
			if !yield(batch, nil) {
				return
			}
			from = to
		}
	}
}

// batch tells where the batch ends that begins at a place in the order.
func (r *run) batch(from int) int {
	bytes, to := 0, from
	for to < r.rows && to-from < batchRows && bytes < batchBytes {
		bytes += r.size(r.row(to))
		to++
	}
	return to
}

// batch makes one, of the records from one place in the order to another.
func (r *Run) batch(from, to int) (arrow.RecordBatch, error) {
	arrays := make([]arrow.Array, len(r.of.vectors))
	defer func() {
		for _, a := range arrays {
			if a != nil {
				a.Release()
			}
		}
	}()
	for i, v := range r.of.vectors {
		var err error
		if arrays[i], err = v.take(r.of.run, from, to); err != nil {
			return nil, err
		}
	}
	return array.NewRecordBatch(r.of.schema, arrays, int64(to-from)), nil
}
