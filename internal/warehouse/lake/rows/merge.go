package rows

import (
	"container/heap"
	"context"
	"errors"
	"io"
	"sort"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A head is a source that is merged, and the rows of it that come next.
type head struct {
	source source
	number int // of equal keys, those of the source that was opened first come first
	part   *part
	at     int
	file   bool // it is a data file, not scratch
}

func (h *head) key() string { return h.part.keys[h.at] }

// load has the head hold rows, and tells whether there are any.
func (h *head) load(ctx context.Context) (bool, error) {
	if h.part != nil && h.at < h.part.rows() {
		return true, nil
	}
	var err error
	h.part, err = h.source.next(ctx)
	h.at = 0
	return h.part != nil, err
}

// A merge is sources that are merged: a heap, the one with the least key first.
type merge struct {
	heads  []*head
	opened int
	files  int // that are among them
}

func (m *merge) Len() int      { return len(m.heads) }
func (m *merge) Swap(i, j int) { m.heads[i], m.heads[j] = m.heads[j], m.heads[i] }
func (m *merge) Push(h any)    { m.heads = append(m.heads, h.(*head)) }

func (m *merge) Less(i, j int) bool {
	a, b := m.heads[i], m.heads[j]
	if a.key() != b.key() {
		return a.key() < b.key()
	}
	return a.number < b.number
}

func (m *merge) Pop() any {
	last := m.heads[len(m.heads)-1]
	m.heads = m.heads[:len(m.heads)-1]
	return last
}

// init puts the heads in order.
func (m *merge) init() { heap.Init(m) }

// add merges another source, too. One without rows is closed.
func (m *merge) add(ctx context.Context, s source, file bool) error {
	m.opened++
	h := &head{source: s, number: m.opened, file: file}
	has, err := h.load(ctx)
	if err != nil || !has {
		return errors.Join(err, s.close())
	}
	if file {
		m.files++
	}
	heap.Push(m, h)
	return nil
}

// close closes all sources.
func (m *merge) close() error {
	var all error
	for _, h := range m.heads {
		all = errors.Join(all, h.source.close())
	}
	m.heads, m.files = nil, 0
	return all
}

// A piece is rows of a part that follow each other.
type piece struct {
	part     *part
	from, to int
}

// rowsOf counts the rows of pieces.
func rowsOf(pieces []piece) int {
	n := 0
	for _, p := range pieces {
		n += p.to - p.from
	}
	return n
}

// next is the next rows of all sources, so many at most, of those whose keys come before a limit. Where any order will
// do they are the next of one of them. nil is the end.
func (m *merge) next(ctx context.Context, most int, limit string, limited bool) (*part, error) {
	var pieces []piece
	for left := most; left > 0 && m.Len() > 0; left = most - rowsOf(pieces) {
		first := m.heads[0]
		if limited && first.key() >= limit {
			break
		}
		to := m.until(first, limit, limited)
		to = min(to, first.at+left)
		pieces = append(pieces, piece{part: first.part, from: first.at, to: to})
		first.at = to
		if err := m.settle(ctx, first); err != nil {
			return nil, err
		}
	}
	if len(pieces) == 0 {
		return nil, nil
	}
	return joined(ctx, pieces)
}

// settle gives the first source its place again, after rows of it were taken.
func (m *merge) settle(ctx context.Context, first *head) error {
	has, err := first.load(ctx)
	if err != nil {
		return err
	}
	if has {
		heap.Fix(m, 0)
		return nil
	}
	heap.Remove(m, 0)
	if first.file {
		m.files--
	}
	return first.source.close()
}

// until is up to where the rows of the first source come before those of all others.
func (m *merge) until(first *head, limit string, limited bool) int {
	keys := first.part.keys[first.at:]
	end := len(keys)
	if limited {
		end = sort.SearchStrings(keys, limit)
	}
	for _, i := range []int{1, 2} { // the least of the others is one of these
		if i >= m.Len() {
			break
		}
		other := m.heads[i]
		key, before := other.key(), first.number < other.number
		step := 1
		for step < end && keys[step] < key {
			step *= 2
		}
		near := keys[:min(step+1, end)]
		end = min(end, sort.Search(len(near), func(i int) bool {
			return near[i] > key || near[i] == key && !before
		}))
	}
	return first.at + max(end, 1)
}

// joined is pieces as one part, in this order.
func joined(ctx context.Context, pieces []piece) (*part, error) {
	if len(pieces) == 1 {
		return pieces[0].cut(), nil
	}
	var parts []*part // that pieces are of, and where the rows of each begin in what is put together of them
	begins := map[*part]int{}
	lows, highs := map[*part]int{}, map[*part]int{}
	for _, p := range pieces {
		if _, has := lows[p.part]; !has {
			parts, lows[p.part] = append(parts, p.part), p.from
		}
		highs[p.part] = p.to
	}
	var used []arrow.RecordBatch
	rows := 0
	for _, p := range parts {
		begins[p] = rows - lows[p]
		rows += highs[p] - lows[p]
		used = append(used, p.record.NewSlice(int64(lows[p]), int64(highs[p])))
	}
	all, err := concatenated(used)
	if err != nil {
		return nil, err
	}
	out, order := &part{}, make([]int32, 0, rows)
	for _, p := range pieces {
		for i := p.from; i < p.to; i++ {
			order = append(order, int32(begins[p.part]+i)) // #nosec G115 -- a batch has few rows
		}
		out.keys = append(out.keys, p.part.keys[p.from:p.to]...)
		out.files = append(out.files, p.part.files[p.from:p.to]...)
		out.positions = append(out.positions, p.part.positions[p.from:p.to]...)
	}
	out.record, err = taken(ctx, all, order)
	return out, err
}

// cut is a piece as a part of its own.
func (p piece) cut() *part {
	return &part{record: p.part.record.NewSlice(int64(p.from), int64(p.to)), keys: p.part.keys[p.from:p.to],
		files: p.part.files[p.from:p.to], positions: p.part.positions[p.from:p.to]}
}

// concatenated is records below each other.
func concatenated(records []arrow.RecordBatch) (arrow.RecordBatch, error) {
	columns, rows := make([]arrow.Array, records[0].NumCols()), int64(0)
	for i := range columns {
		arrays := make([]arrow.Array, len(records))
		for j, record := range records {
			arrays[j] = record.Column(i)
		}
		var err error
		if columns[i], err = array.Concatenate(arrays, memory.DefaultAllocator); err != nil {
			return nil, err
		}
	}
	for _, record := range records {
		rows += record.NumRows()
	}
	return array.NewRecordBatch(records[0].Schema(), columns, rows), nil
}

// next is the cursor's next rows.
func (c *Cursor) next() (*part, error) {
	for {
		if c.ctx.Err() != nil {
			return nil, context.Cause(c.ctx)
		}
		if err := c.openUntil(); err != nil {
			return nil, err
		}
		if c.open.Len() == 0 {
			return nil, io.EOF
		}
		limited := len(c.waiting) > 0 && !c.q.AnyOrder
		limit := ""
		if limited {
			limit = c.waiting[0].least
		}
		p, err := c.open.next(c.ctx, batchRows, limit, limited)
		if err != nil || p != nil {
			return p, err
		}
	}
}

// openUntil opens the files that the order has come to.
func (c *Cursor) openUntil() error {
	for len(c.waiting) > 0 {
		if c.open.Len() > 0 && (c.q.AnyOrder || c.open.heads[0].key() < c.waiting[0].least) {
			return nil
		}
		next := c.waiting[0]
		c.waiting = c.waiting[1:]
		if err := c.add(next); err != nil {
			return err
		}
	}
	return nil
}

// add merges another data file, too: itself where it is sorted, else what is made of it in scratch.
func (c *Cursor) add(w waiting) error {
	r, err := c.openFile(w)
	if err != nil {
		return err
	}
	if r.sorted || c.q.AnyOrder {
		if err := c.open.add(c.ctx, r, true); err != nil {
			return err
		}
		return c.makeRoom()
	}
	runs, err := c.scratch.sort(c.ctx, r)
	if err != nil {
		return errors.Join(err, r.close())
	}
	for _, run := range runs {
		if err := c.open.add(c.ctx, run, false); err != nil {
			return err
		}
	}
	return errors.Join(r.close(), c.makeRoom())
}
