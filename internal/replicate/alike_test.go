package replicate_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/rig"
	"catchment/internal/stage"
	"catchment/internal/verify"
)

// A run and a comparison judge a page alike, in every warehouse: a whole number
// that is written as 12345.0 is that number, and 12345.5 is refused by both, in the
// same words.
func TestRunAndDigestJudgeAlike(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"duckdb", "postgres", "redshift"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rig.New(t, rig.NewOrg(t, map[string]int{"Account": 12}, nil), "Account")
			r.Shelf = shelfOf(t, name)
			r.Flows[0].Fields = []string{"NumberOfEmployees"}
			r.Flows[0].Mover = "bulk"
			r.Set(r.IDs("Account")[5], "NumberOfEmployees", "12345")
			r.Later(time.Hour)
			sent := func(text string) {
				r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
					rig.Rewritten(w, req, next, func(body []byte) []byte {
						return []byte(strings.ReplaceAll(string(body), `"12345"`, `"`+text+`"`))
					})
				})
			}
			sent("12345.0")
			r.Done(nil)
			if found := r.Verified(r.Flows[0], rig.Values); found.Differs() || found.Source != 12 {
				t.Errorf("12345.0: %+v", found)
			}
			sent("12345.5")
			p := r.Start(nil)
			v := p.Verifier()
			v.Options.Method = verify.Values
			_, digest := v.Flow(p.Ctx, r.Flows[0])
			p.Close()
			if !errors.Is(digest, stage.ErrUnfit) || plan.ClassOf(digest) != plan.Fix {
				t.Fatalf("the digest takes 12345.5: %v", digest)
			}
			run := r.Run(rig.Full).Objects[0]
			if run.State != control.FlowFailed || !strings.HasSuffix(run.Error, tail(digest)) ||
				run.Hint != plan.HintOf(digest) {
				t.Errorf("the run says %q, hint %q; the digest %v", run.Error, run.Hint, digest)
			}
			if strings.Contains(run.Error+digest.Error(), "12345") {
				t.Errorf("a value stands in %q or %q", run.Error, digest)
			}
		})
	}
}

// tail is what an error says behind where it happened.
func tail(err error) string {
	_, text, _ := strings.Cut(err.Error(), ": ")
	return text
}
