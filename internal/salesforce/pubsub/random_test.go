package pubsub

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"catchment/internal/eventbus"
)

var (
	seedFlag = flag.Uint64("seed", 0, "of the random faults; 0 takes one by chance")
	soakFlag = flag.Duration("soak", 20*time.Second, "how long TestSoakOfEvents follows")
	rateFlag = flag.Int("rate", 1000, "its events a second")
)

// seeded is a source of chance whose seed is printed where the test fails.
func seeded(t *testing.T) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("go test -run %s -seed %d", t.Name(), seed)
	return rand.New(rand.NewPCG(seed, 26))
}

// Whatever befalls 20,000 events on their way, each comes once and in order, to a caller who dies now and then and goes
// on from the position that it kept.
func TestRandomFaultsLoseNothing(t *testing.T) {
	t.Parallel()
	const events = 20_000
	chance := seeded(t)
	b := newBus()
	b.schemas["schema-2"] = schemaText("Fax")
	b.most = 1 + chance.IntN(120)
	draws := make(chan uint64) // one goroutine of the bus after the other draws
	ends := make(chan struct{})
	b.faults = func(int) fault {
		switch n := <-draws % 2000; {
		case n < 10:
			return drop
		case n < 20:
			return hangUp
		case n < 60:
			return double
		case n < 62:
			return stall
		case n < 66:
			return expire
		}
		return ""
	}
	b.schemaOf = func(int, string) (*eventbus.SchemaInfo, error) {
		if <-draws%3 == 0 {
			return nil, status.Error(codes.Unavailable, "down")
		}
		return nil, nil
	}
	synctest.Test(t, func(t *testing.T) {
		b.more, draws, ends = make(chan struct{}), make(chan uint64), make(chan struct{})
		source := rand.New(rand.NewPCG(chance.Uint64(), 1))
		go func() {
			for {
				select {
				case draws <- source.Uint64():
				case <-ends:
					return
				}
			}
		}()
		defer close(ends)
		publisher := rand.New(rand.NewPCG(chance.Uint64(), 2))
		go func() {
			for i := 0; i < events; {
				var some []*eventbus.ProducerEvent
				for range min(1+publisher.IntN(300), events-i) {
					id := "schema-1"
					if i/37%2 == 1 {
						id = "schema-2"
					}
					some = append(some, b.change(i, id, nil))
					i++
				}
				b.publish(some...)
				select {
				case <-time.After(time.Duration(publisher.IntN(20)) * time.Second):
				case <-ends:
					return
				}
			}
		}()
		client, end := serveBus(t, b, Config{Retries: 50})
		defer end()
		followToTheEnd(t, client, chance, events)
	})
}

// followToTheEnd reads all events, with waits, pauses and deaths in between.
func followToTheEnd(t *testing.T, client *Client, chance *rand.Rand, events int) {
	got, deaths, away, repeated, kept := 0, 0, 0, 0, Earliest()
	for got < events {
		s := subscribed(t, client, kept)
		for got < events {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+chance.IntN(2000))*time.Millisecond)
			news, err := s.Next(ctx)
			cancel()
			if errors.Is(err, context.DeadlineExceeded) {
				continue
			}
			if err != nil {
				t.Fatalf("after %d events: %v", got, err)
			}
			switch news.Kind {
			case Away:
				away++
				continue
			case Repeated:
				repeated++
				continue
			case Changed:
				d, err := news.Event.Decode(account)
				if err != nil || d.Fields[0].Value != fmt.Sprint("name ", got) {
					t.Fatalf("event %d: %+v, %v", got, d.Fields, err)
				}
				got++
			}
			if news.After != "" {
				kept = After(news.After)
			}
			if chance.IntN(3000) == 0 {
				deaths++
				break
			}
			if chance.IntN(2000) == 0 {
				time.Sleep(time.Duration(chance.IntN(600)) * time.Second)
			}
		}
		s.Close()
	}
	t.Logf("%d events over %d broken streams and %d deaths, %d repeated", got, away, deaths, repeated)
	if away < 20 || deaths == 0 || repeated < 50 {
		t.Error("too little befell them")
	}
}

// resident is the memory of this process, in bytes; 0 where the system doesn't say.
func resident() int64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// 1,000 events a second over 20 disconnects: none is lost, memory doesn't grow, and at the end nothing waits.
// `go test -run TestSoakOfEvents -soak 10m` is the long form.
func TestSoakOfEvents(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time")
	}
	total := int(soakFlag.Seconds()) * *rateFlag
	b := newBus()
	b.forget = 5000 // what was sent is kept for so many events
	var breaks atomic.Int64
	every := total / 21
	b.faults = func(at int) fault {
		if n := int(breaks.Load()); at == (n+1)*every && n < 20 {
			breaks.Add(1)
			return []fault{drop, hangUp, expire}[n%3]
		}
		return ""
	}
	client, end := serveBus(t, b, Config{Retries: 50})
	defer end()
	began := time.Now()
	var heard atomic.Int64
	go func() {
		for i := 0; i < total; i++ {
			for i-int(heard.Load()) > b.forget/2 { // the machine is too slow: what isn't heard yet must be kept
				time.Sleep(time.Millisecond)
			}
			if ahead := time.Duration(i)*time.Second/time.Duration(*rateFlag) - time.Since(began); ahead > 0 {
				time.Sleep(ahead)
			}
			b.publish(b.change(i, "schema-1", nil))
		}
	}()
	s := subscribed(t, client, Earliest())
	defer s.Close()
	var heaps, residents []int64
	away := 0
	for got := 0; got < total; {
		news, err := s.Next(t.Context())
		switch {
		case err != nil:
			t.Fatal(err)
		case news.Kind == Away:
			away++
		case news.Kind == Changed:
			d, err := news.Event.Decode(account)
			if err != nil || d.Fields[0].Value != fmt.Sprint("name ", got) {
				t.Fatalf("event %d: %+v, %v", got, d, err)
			}
			got++
			heard.Store(int64(got))
			if got%(total/10) == 0 {
				heaps, residents = append(heaps, heap()), append(residents, resident())
			}
		}
	}
	b.mu.Lock()
	lag := b.first + len(b.events) - total
	b.mu.Unlock()
	took := time.Since(began)
	t.Logf("%d events in %s over %d broken streams, %d behind at the end", total, took.Round(time.Second), away, lag)
	t.Logf("heap, MB at each tenth: %v; resident: %v", megabytes(heaps), megabytes(residents))
	if away < 20 || lag != 0 {
		t.Errorf("%d broken streams, %d behind", away, lag)
	}
	if late := took - time.Duration(total)*time.Second/time.Duration(*rateFlag); late > 30*time.Second {
		t.Logf("the machine was %s too slow", late)
	}
	if grown := heaps[len(heaps)-1] - heaps[1]; grown > 8<<20 {
		t.Errorf("the heap grew by %d bytes: %v", grown, heaps)
	}
}

func megabytes(all []int64) (mb []string) {
	for _, bytes := range all {
		mb = append(mb, fmt.Sprintf("%.1f", float64(bytes)/(1<<20)))
	}
	return mb
}
