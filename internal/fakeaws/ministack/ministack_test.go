package ministack_test

import (
	"net/http"
	"testing"

	"catchment/internal/fakeaws/ministack"
)

func TestStartAndStop(t *testing.T) {
	var s ministack.Server
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.Get(url + "/_ministack/health")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Errorf("health says %d", r.StatusCode)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("it still answers")
	}
}
