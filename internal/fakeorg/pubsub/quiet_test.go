package pubsub_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"catchment/internal/fakeorg"
)

// Where nobody asked for a Pub/Sub API nothing is published, and there is no way to ask what was.
func TestNothingIsKeptUnasked(t *testing.T) {
	t.Parallel()
	org, err := fakeorg.New(fakeorg.Options{Clock: fakeorg.StillClock(begin)})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "http://localhost/_org/events", nil)
	r.RemoteAddr = "127.0.0.1:1"
	w := httptest.NewRecorder()
	org.ServeHTTP(w, r)
	if w.Code != http.StatusNotFound || org.PubSub() != nil {
		t.Errorf("%d, and the Pub/Sub API is %v", w.Code, org.PubSub())
	}
}
