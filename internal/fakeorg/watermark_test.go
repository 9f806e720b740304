package fakeorg_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

// Whoever reads from latestDateCovered on, and next time from the next one,
// misses nothing, however transactions overlap; whoever reads from the time of
// the last reading on does.
func TestDateCoveredIsAWatermark(t *testing.T) {
	seed := uint64(rand.Uint32())
	t.Logf("seed %d", seed)
	lost := 0
	for round := range uint64(8) {
		careful, careless := replicateOnce(t, rand.New(rand.NewPCG(seed, round)))
		if careful > 0 {
			t.Errorf("round %d: %d records were missed", round, careful)
		}
		lost += careless
	}
	if lost == 0 {
		t.Error("no transaction was ever late")
	}
}

// replicateOnce reads a changing org by two watermarks, and tells how many
// records each copy has wrong in the end.
func replicateOnce(t *testing.T, random *rand.Rand) (careful, careless int) {
	c := serve(t, fakeorg.Options{}, generated(50))
	copies := [2]map[string]string{{}, {}}
	from := [2]time.Time{}
	var open []*fakeorg.Transaction
	read := func() {
		_, covered := c.updated("Account")
		to, err := time.Parse(minute, covered)
		if err != nil {
			t.Fatal(err)
		}
		for i, next := range [2]time.Time{to, c.org.Clock().Now()} {
			soql := "SELECT Id, Name FROM Account WHERE SystemModstamp >= " + from[i].UTC().Format(time.RFC3339)
			if from[i].IsZero() {
				soql = "SELECT Id, Name FROM Account"
			}
			for _, r := range c.query(queryPath(soql)) {
				copies[i][r["Id"].(string)] = r["Name"].(string)
			}
			from[i] = next
		}
	}
	for step := range 150 {
		c.org.Clock().Advance(time.Duration(random.IntN(50)) * time.Second)
		switch turn := random.IntN(10); {
		case turn < 2:
			open = append(open, c.org.Begin())
		case turn < 6 && len(open) > 0:
			id := fmt.Sprintf("001Ho000000000%dIAA", 1+random.IntN(9))
			if err := open[random.IntN(len(open))].Update(id,
				map[string]any{"Name": fmt.Sprint("step ", step)}); err != nil {
				continue // another transaction holds the record
			}
		case turn < 8 && len(open) > 0:
			i := random.IntN(len(open))
			fine(t, open[i].Commit())
			open = append(open[:i], open[i+1:]...)
		default:
			read()
		}
	}
	for _, flight := range open {
		fine(t, flight.Commit())
	}
	read()
	for _, r := range c.query(queryPath("SELECT Id, Name FROM Account")) {
		for i, wrong := range [2]*int{&careful, &careless} {
			if copies[i][r["Id"].(string)] != r["Name"] {
				*wrong++
			}
		}
	}
	return careful, careless
}
