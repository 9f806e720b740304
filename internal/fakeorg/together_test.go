package fakeorg_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

// Readers see one moment of the org, however much it changes meanwhile.
func TestManyAtATime(t *testing.T) {
	c := serve(t, fakeorg.Options{PageRecords: 200}, generated(2000))
	job := c.job("SELECT Id, Name, SystemModstamp FROM Contact")
	_, before := c.results(job, 200)
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := c.org.History(1000, 9); err != nil {
			t.Error(err)
		}
	})
	for range 2 {
		all.Go(func() {
			if _, again := c.results(job, 100); again != before {
				t.Error("a result changed while it was read")
			}
			c.query(queryPath("SELECT Id FROM Contact ORDER BY Name"))
			c.results(c.job("SELECT Id FROM Contact WHERE Email != null"), 50)
		})
	}
	all.Wait()
}

// Bounds on Id and SystemModstamp let the org skip records; they never change
// an answer.
func TestShortcutsChangeNothing(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(1500))
	for hour := range 5 {
		c.org.Clock().Advance(time.Hour)
		if _, err := c.org.History(60, uint64(hour)); err != nil {
			t.Fatal(err)
		}
	}
	_, rows := c.results(c.job("SELECT Id, SystemModstamp FROM Contact"), 10_000)
	all := parse(t, rows)
	seed := uint64(rand.Uint32())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 60 {
		a, b := all[random.IntN(len(all))], all[random.IntN(len(all))]
		column := random.IntN(2)
		lo, hi := min(a[column], b[column]), max(a[column], b[column])
		where := fmt.Sprintf("Id > '%s' AND Id <= '%s'", lo, hi)
		if column == 1 {
			where = fmt.Sprintf("SystemModstamp > %s AND SystemModstamp <= %s", lo, hi)
		}
		want := ""
		for _, record := range all {
			if record[column] > lo && record[column] <= hi {
				want += `"` + record[0] + `"` + "\n"
			}
		}
		if _, got := c.results(c.job("SELECT Id FROM Contact WHERE "+where), 10_000); got != want {
			t.Errorf("%s: %d bytes, want %d", where, len(got), len(want))
		}
	}
}

func BenchmarkFilteredJob(b *testing.B) {
	c := serve(b, fakeorg.Options{DailyQueryJobs: 1 << 30}, func(o *fakeorg.Org) error {
		return o.GenerateCounts(map[string]int{"Account": 100_000, "User": 100}, 1)
	})
	for _, soql := range []string{
		"SELECT Id FROM Account WHERE SystemModstamp >= 2026-03-13T00:00:00Z",
		"SELECT Id FROM Account ORDER BY Id LIMIT 10",
	} {
		b.Run(soql, func(b *testing.B) {
			for b.Loop() {
				c.state(c.job(soql))
			}
		})
	}
}

func BenchmarkAccountJSON(b *testing.B) {
	c := serve(b, fakeorg.Options{DailyAPIRequests: 1 << 30}, generated(20_000))
	path := queryPath("SELECT " + accountFields + " FROM Account LIMIT 2000")
	b.SetBytes(int64(len(c.do("GET", path, "", "Accept-Encoding", "identity").body)))
	for b.Loop() {
		c.do("GET", path, "", "Accept-Encoding", "identity")
	}
}
