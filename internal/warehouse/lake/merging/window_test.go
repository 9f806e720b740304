package merging

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// TestTakesRows takes rows from some batches: all in a row from any place on, as a first run does, or as they come. The
// last batch lacks a column.
func TestTakesRows(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano()) // #nosec G115 -- any number will do
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) // #nosec G115 -- it is no secret
	for range 200 {
		w, all := held(1+random.IntN(4), random)
		first := random.IntN(len(all))
		var places []int32
		for i := range 1 + random.IntN(len(all)-first) {
			places = append(places, int32(first+i))
		}
		if kind := random.IntN(3); kind == 0 {
			random.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
		} else if kind == 1 {
			places[random.IntN(len(places))] = nothing
		}
		var want []string
		for _, place := range places {
			value := array.NullValueStr
			if place != nothing {
				value = all[place]
			}
			want = append(want, value)
		}
		w.places, w.own = [][]int32{places}, make([]owned, len(places))
		record, err := w.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range int(record.NumRows()) {
			got = append(got, record.Column(0).ValueStr(i))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("places %v: %v", places, got)
		}
	}
}

// held is a window that holds batches of one column, and their values.
func held(batches int, random *rand.Rand) (w *window, all []string) {
	field := arrow.Field{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true}
	w = &window{out: arrow.NewSchema([]arrow.Field{field}, nil), classes: make([]class, 1), of: []int{0}}
	for n := range batches {
		rows := 1 + random.IntN(9)
		if n > 0 && n == batches-1 {
			none := array.NewInt64Builder(memory.DefaultAllocator)
			none.AppendNulls(rows)
			schema := arrow.NewSchema([]arrow.Field{{Name: "other", Type: arrow.PrimitiveTypes.Int64}}, nil)
			w.hold(array.NewRecordBatch(schema, []arrow.Array{none.NewArray()}, int64(rows)))
			for range rows {
				all = append(all, array.NullValueStr)
			}
			continue
		}
		b := array.NewStringBuilder(memory.DefaultAllocator)
		for i := range rows {
			all = append(all, fmt.Sprint(n, ".", i))
			b.Append(all[len(all)-1])
		}
		w.hold(array.NewRecordBatch(w.out, []arrow.Array{b.NewArray()}, int64(rows)))
	}
	return w, all
}
