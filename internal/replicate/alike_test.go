package replicate_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/rig"
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
			ids := r.IDs("Account")
			r.Set(ids[5], "NumberOfEmployees", "12345")
			r.Later(time.Hour)
			sent := func(text string) {
				r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
					rig.Rewritten(w, req, next, func(body []byte) []byte {
						all := strings.ReplaceAll(string(body), `"12345"`, `"`+text+`"`)
						return []byte(strings.ReplaceAll(all, ":12345,", ":"+text+","))
					})
				})
			}
			sent("12345.0")
			r.Done(nil)
			if found := r.Verified(r.Flows[0], rig.Values); found.Differs() || found.Source != 12 {
				t.Errorf("12345.0: %+v", found)
			}
			sent("12345.5")
			found := r.Verified(r.Flows[0], rig.Values)
			if found.Wrong != 1 || !slices.Equal(found.WrongIDs, ids[5:6]) ||
				!slices.Equal(found.WrongColumns[0], []string{"numberofemployees"}) {
				t.Errorf("12345.5 differs from what is there: %+v", found)
			}
			run := r.Done(rig.Full).Objects[0]
			if run.Rejected != 1 || run.Records != 11 {
				t.Errorf("the run says %+v", run)
			}
		})
	}
}
