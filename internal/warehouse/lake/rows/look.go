package rows

import (
	"context"
	"sort"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// lookAtKeys reads the key column first: whether the file is sorted, and which of its rows and row groups have a key
// that is wanted.
func (r *reading) lookAtKeys() error {
	f, keys := r.c.form, r.c.q.Keys
	var leaves []int
	for _, column := range f.key {
		if r.leaves[column] < 0 {
			return nil // all keys are "": that is an order, and none of them is wanted for sure
		}
		leaves = append(leaves, r.leaves[column])
	}
	if len(r.groups) == 0 {
		return nil
	}
	stream, err := r.file.stream(r.c.ctx, leaves, r.groups)
	if err != nil {
		return err
	}
	defer stream.Release()
	if keys != nil {
		r.only = newBits(r.file.rows.NumRows())
	}
	r.left = r.spans(r.groups)
	look := &look{reading: r, hit: map[int64]bool{}}
	for len(r.left) > 0 {
		if r.c.ctx.Err() != nil {
			return context.Cause(r.c.ctx)
		}
		record, err := stream.Read()
		if err != nil {
			return err
		}
		if err := look.at(record); err != nil {
			return err
		}
	}
	r.left = nil
	if keys != nil {
		r.groups = look.groups()
	}
	return nil
}

// A look goes through the keys of a file.
type look struct {
	*reading
	last string
	hit  map[int64]bool // by the rows that they end at: the row groups that have a key which is wanted
	key  int            // the first of the keys that doesn't come before last
}

// at looks at some keys.
func (l *look) at(record arrow.RecordBatch) error {
	texts, err := KeysOf(inForm(record, l.reading), keyOrder(len(l.c.form.key)))
	if err != nil {
		return err
	}
	keys := l.c.q.Keys
	for _, text := range texts {
		if text < l.last {
			l.sorted, l.key = false, 0
		}
		l.last = text
		if keys != nil && l.wants(text) {
			l.only.set(l.left[0].first)
			l.hit[l.left[0].first+l.left[0].rows] = true
		}
		l.left[0].first++
		l.left[0].rows--
		if l.left[0].rows == 0 {
			l.left = l.left[1:]
		}
	}
	return nil
}

// wants tells whether a key is one that is wanted. Keys mostly come in order.
func (l *look) wants(text string) bool {
	keys := l.c.q.Keys[l.key:]
	if len(keys) > 0 && keys[0] < text {
		step := 1
		for step < len(keys) && keys[step] < text {
			step *= 2
		}
		l.key += sort.SearchStrings(keys[:min(step+1, len(keys))], text)
		keys = l.c.q.Keys[l.key:]
	}
	return len(keys) > 0 && keys[0] == text
}

// groups are the row groups that have a key which is wanted.
func (l *look) groups() []int {
	var hit []int
	for i, s := range l.spans(l.reading.groups) {
		if l.hit[s.first+s.rows] {
			hit = append(hit, l.reading.groups[i])
		}
	}
	return hit
}

// inForm is the key's columns as a file has them, in the key's order.
func inForm(record arrow.RecordBatch, r *reading) arrow.RecordBatch {
	schema := r.file.rows.MetaData().Schema
	var fields []arrow.Field
	var columns []arrow.Array
	for _, column := range r.c.form.key {
		i := record.Schema().FieldIndices(schema.Column(r.leaves[column]).Name())[0]
		fields, columns = append(fields, record.Schema().Field(i)), append(columns, record.Column(i))
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, record.NumRows())
}

func keyOrder(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}
