package mover_test

import (
	"net/http"
	"testing"

	"catchment/internal/mover"
	"catchment/internal/mover/appflow"
	"catchment/internal/mover/bulk"
	"catchment/internal/mover/rest"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
)

// movers can't bring anything, and say what they could.
var movers = moversOf("66.0")

// moversOf are those of an org that speaks a version of the API.
func moversOf(version string) mover.Set {
	org, err := salesforce.New(salesforce.Config{URL: "http://127.0.0.1", APIVersion: version,
		HTTP: http.DefaultClient, Login: login.Token{Token: "t"}})
	if err != nil {
		panic(err)
	}
	return mover.Set{"a": &appflow.Lander{}, "b": bulk.New(org), "r": rest.New(org)}
}

func TestFewRecordsGoByREST(t *testing.T) {
	for _, tt := range []struct {
		much mover.Amount
		want string
	}{
		{mover.Amount{Records: 1, Query: 100}, "r"},
		{mover.Amount{Records: 4000, Query: 100}, "r"},
		{mover.Amount{Records: 4001, Query: 100}, "b"},
		{mover.Amount{Records: mover.Uncounted, Query: 100}, "b"},
		{mover.Amount{Records: 1, Query: 4000}, "r"},
		{mover.Amount{Records: 1, Query: 4001}, "b"},
		{mover.Amount{Records: 500, Answer: 250}, "r"}, // wide ones come fewer at a time
		{mover.Amount{Records: 501, Answer: 250}, "b"},
	} {
		if got := movers.For(tt.much); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.much, got, tt.want)
		}
	}
	if got := (mover.Set{"a": movers["a"]}).For(mover.Amount{Records: 1, Query: 1}); got != "" {
		t.Errorf("%q is no pager", got)
	}
}

// Before version 47 there are no Bulk queries: REST reads everything.
func TestOldVersionsGoByREST(t *testing.T) {
	for version, want := range map[string]string{"46.0": "r", "47.0": "b"} {
		of := moversOf(version)
		for _, query := range []int{100, 8000} {
			if got := of.For(mover.Amount{Records: 1_000_000, Query: query}); got != want {
				t.Errorf("%s: a million records go by %q, want %q", version, got, want)
			}
		}
		if got := of.For(mover.Amount{Records: 10, Query: 100}); got != "r" {
			t.Errorf("%s: ten records go by %q", version, got)
		}
	}
}

func TestPrice(t *testing.T) {
	for _, tt := range []struct {
		name                         string
		records, answer, calls, jobs int64
	}{
		{"r", mover.Uncounted, 0, 1, 0}, {"r", 0, 0, 1, 0}, {"r", 2000, 0, 1, 0}, {"r", 2001, 0, 2, 0},
		{"r", 5000, 0, 3, 0}, {"r", 5000, 250, 20, 0}, {"r", 5000, 9000, 3, 0},
		{"b", 1, 0, 6, 1}, {"b", 100_000, 250, 6, 1}, {"b", 100_001, 0, 7, 1}, {"b", 450_000, 0, 11, 1},
		{"a", 5000, 0, 0, 0}, {"none", 5000, 0, 0, 0},
	} {
		much := mover.Amount{Records: tt.records, Answer: tt.answer}
		if calls, jobs := movers.Traits(tt.name).Price(much); calls != tt.calls || jobs != tt.jobs {
			t.Errorf("%s: %d records take %d calls and %d jobs, want %d and %d",
				tt.name, tt.records, calls, jobs, tt.calls, tt.jobs)
		}
	}
}

// What a mover says of itself is what its type is.
func TestLandersLand(t *testing.T) {
	for name, m := range movers {
		_, pages := movers.Pager(name)
		if lands := movers.Lander(name) != nil; lands == pages || lands != m.Traits().Lands {
			t.Errorf("%s: pages %v, lands %v, and says %+v", name, pages, lands, m.Traits())
		}
	}
	if _, ok := movers.Pager("none"); ok || movers.Lander("none") != nil {
		t.Error("there is a mover that isn't there")
	}
	if movers.Everything() != "r" || movers.ByIDs() != "r" {
		t.Errorf("%q reads everything, %q by Ids", movers.Everything(), movers.ByIDs())
	}
}
