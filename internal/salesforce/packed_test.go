package salesforce_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"testing"

	"catchment/internal/salesforce"
)

// Who asks for gzip gets errors packed as well, and the one that ends a session
// must be understood.
func TestPackedErrorEndsTheSession(t *testing.T) {
	o := newOrg(t)
	asked := 0
	o.handle("GET /services/data/v66.0/jobs/query/750/results", func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 1 {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(http.StatusUnauthorized)
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, `[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]`)
			_ = z.Close()
			return
		}
		w.Header().Set("Content-Type", "text/csv")
		_, _ = io.WriteString(w, "\"Id\"\n")
	})
	res, err := o.Results(t.Context(), salesforce.QueryJob{ID: "750", Version: "66.0"}, "")
	if err != nil {
		t.Fatal(err)
	}
	res.Close()
	if o.logins != 2 {
		t.Errorf("%d logins", o.logins)
	}
}
