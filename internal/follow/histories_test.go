package follow_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/fakeorg/pubsub"
	"catchment/internal/follow"
	"catchment/internal/rig"
)

var (
	seed      = flag.Uint64("seed", 0, "replay the history of one seed")
	histories = flag.Int("histories", 8, "how many histories of each warehouse")
)

// Records change, events are dropped, doubled, cut and late, streams break off and positions expire, and processes die
// at any moment: once a window has settled it, each row is as the org is, and there never are two of one record.
func TestHistories(t *testing.T) {
	t.Parallel()
	for name, share := range map[string]int{"duckdb": 1, "postgres": 4} {
		seeds := []uint64{*seed}
		if *seed == 0 {
			seeds = nil
			for range max(1, *histories/share) {
				seeds = append(seeds, rand.Uint64())
			}
		}
		for _, s := range seeds {
			t.Run(fmt.Sprintf("%s-%d", name, s), func(t *testing.T) {
				t.Parallel()
				defer func() {
					if t.Failed() {
						t.Logf("replay it with -run TestHistories/%s -seed %d", name, s)
					}
				}()
				b := newBed(t, 12, func(o *fakeorg.Options) { o.Seed = s })
				b.Shelf = rig.NewShelf(t, &cluster, name)
				h := &history{bed: b, random: rand.New(rand.NewPCG(s, 1))} // #nosec G404 -- a test
				h.run()
			})
		}
	}
}

type history struct {
	*bed
	random *rand.Rand
	alive  []string
	gone   []string // in the recycle bin
}

func (h *history) run() {
	h.T.Helper()
	h.live()
	h.alive = h.IDs("Account")
	for range 6 {
		h.changes()
		h.faults()
		h.Later(time.Duration(h.random.IntN(600)) * time.Second)
		if h.random.IntN(6) == 0 { // the position expires
			h.Later(80 * time.Hour)
		}
		var fate *rig.Fate
		if h.random.IntN(2) == 0 {
			fate = &rig.Fate{At: 1 + h.random.IntN(250)}
		}
		every := time.Duration(1+h.random.IntN(60)) * time.Minute
		r, err := h.drainUnder(fate, func(f *follow.Follower) { f.Options.Every = every })
		h.T.Logf("%+v, %v", r, err)
		h.Org.PubSub().ClearFaults()
		h.single()
	}
	h.settled()
}

// changes makes a few changes, some of them in one transaction.
func (h *history) changes() {
	h.T.Helper()
	for range 1 + h.random.IntN(12) {
		at := h.random.IntN(len(h.alive))
		id := h.alive[at]
		switch h.random.IntN(10) {
		case 0:
			id, err := h.Org.Create("Account", map[string]any{"Name": fmt.Sprint("new ", h.random.IntN(1000)),
				"NumberOfEmployees": h.random.IntN(1000)})
			h.Must(err)
			h.alive = append(h.alive, id)
		case 1:
			if len(h.alive) > 5 {
				h.Must(h.Org.Delete(id))
				h.alive, h.gone = slices.Delete(h.alive, at, at+1), append(h.gone, id)
			}
		case 2:
			if len(h.gone) > 0 {
				h.Must(h.Org.Undelete(h.gone[0]))
				h.alive, h.gone = append(h.alive, h.gone[0]), h.gone[1:]
			}
		case 3:
			if len(h.gone) > 0 && h.random.IntN(2) == 0 {
				h.Must(h.Org.Purge(h.gone[0]))
				h.gone = h.gone[1:]
			}
		case 4:
			text := strings.Repeat(fmt.Sprintf("line %d of a long text\n", h.random.IntN(100)), 60)
			h.Must(h.Org.Update(id, map[string]any{"Description": text}))
		case 5:
			h.Must(h.Org.Update(id, map[string]any{"Phone": nil,
				"BillingCity": fmt.Sprint("city ", h.random.IntN(99))}))
		default:
			h.Must(h.Org.Update(id, map[string]any{"Name": fmt.Sprint("name ", h.random.IntN(1000)),
				"Phone": fmt.Sprint(h.random.IntN(100000))}))
		}
		h.Later(time.Duration(h.random.IntN(2000)) * time.Millisecond)
	}
}

// faults makes a few deliveries go wrong.
func (h *history) faults() {
	h.T.Helper()
	for range h.random.IntN(3) {
		do := []string{"drop", "double", "disconnect", "bitmap", "cut", "no-schema-id"}[h.random.IntN(6)]
		h.Must(h.Org.PubSub().Fault(pubsub.Rule{Do: do, Nth: 1 + h.random.IntN(6), Times: 1 + h.random.IntN(2)}))
	}
}
