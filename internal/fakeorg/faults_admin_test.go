package fakeorg_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

// A rule that spoils everything can still be taken back.
func TestFaultsLeaveTheAdminRoutesAlone(t *testing.T) {
	org, err := fakeorg.New(fakeorg.Options{Clock: fakeorg.StillClock(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(org)
	defer server.Close()
	ask := func(method, path, body string) int {
		req, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := ask("POST", "/_org/faults", `[{"status":503,"body":"down"}]`); got >= 300 {
		t.Fatalf("set: %d", got)
	}
	if got := ask("GET", "/services/data", ""); got != http.StatusServiceUnavailable {
		t.Errorf("spoiled: %d", got)
	}
	if got := ask("POST", "/_org/faults", "[]"); got >= 300 {
		t.Fatalf("take back: %d", got)
	}
	if got := ask("GET", "/services/data", ""); got != http.StatusOK {
		t.Errorf("mended: %d", got)
	}
}
