package salesforce_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"catchment/internal/salesforce"
)

// What an org says of itself tells what it is for.
func TestAbout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sandbox       bool
		edition, ends string
		want          salesforce.Kind
	}{
		{false, `"Enterprise Edition"`, "null", salesforce.Production},
		{false, `"Unlimited Edition"`, "null", salesforce.Production},
		{false, "null", "null", salesforce.Production},
		{true, `"Enterprise Edition"`, "null", salesforce.Sandbox},
		{true, `"Developer Edition"`, `"2026-04-01T00:00:00.000+0000"`, salesforce.Scratch},
		{false, `"Developer Edition"`, "null", salesforce.Developer},
		{false, `"Developer Edition"`, `"2026-04-01T00:00:00.000+0000"`, salesforce.Developer},
		{false, `"Enterprise Edition"`, `"2026-04-01T00:00:00.000+0000"`, salesforce.Trial},
	} {
		o := newOrg(t)
		o.mux.HandleFunc("GET /services/data/v66.0/query", func(w http.ResponseWriter, r *http.Request) {
			answer(w, 200, fmt.Sprintf(`{"totalSize":1,"done":true,"records":[{"attributes":{"type":"Organization"},`+
				`"Id":"00D000000000001EAA","Name":"Acme","IsSandbox":%v,"OrganizationType":%s,"TrialExpirationDate":%s}]}`,
				c.sandbox, c.edition, c.ends))
		})
		got, err := o.About(t.Context())
		want := salesforce.About{ID: "00D000000000001EAA", Name: "Acme", Kind: c.want}
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

func TestAboutWithoutAnswer(t *testing.T) {
	t.Parallel()
	o := newOrg(t)
	o.mux.HandleFunc("GET /services/data/v66.0/query", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `{"totalSize":0,"done":true,"records":[]}`)
	})
	if _, err := o.About(t.Context()); err == nil || !strings.Contains(err.Error(), "no Organization record") {
		t.Errorf("%v", err)
	}
}
