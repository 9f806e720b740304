package replicate_test

import (
	"net/http"
	"strings"
	"testing"

	"catchment/internal/control"
	"catchment/internal/rig"
)

// A describe that can't be is refused before anything of it is remembered: by itself or
// among others in one call, in the first run or a later one, the next run copies all there is.
func TestDescribeThatCannotBe(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, from, to, says string }{
		{"of another object", `"name":"Contact"`, `"name":"Account"`, "about another object"},
		{"with a field twice", `"name":"Title"`, `"name":"email"`, "stands twice"},
	}
	for _, test := range tests {
		for _, later := range []bool{false, true} {
			name := test.name + " at first"
			if later {
				name = test.name + " later"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := rig.Small(t, "Contact", 20)
				r.Keeps("Contact", "LastName", "Title", "Email")
				if later {
					r.Done(nil)
					r.History(6, 1)
				}
				r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
					if !strings.HasSuffix(req.URL.Path, "/describe") {
						next.ServeHTTP(w, req)
						return
					}
					rig.Rewritten(w, req, next, func(text []byte) []byte {
						return []byte(strings.ReplaceAll(string(text), test.from, test.to))
					})
				})
				row := r.Run(nil)
				o := row.Objects[0]
				if row.State != control.Failed || !strings.Contains(o.Error, test.says) || o.Attempt != "" {
					t.Errorf("%s, attempt %q: %s", row.State, o.Attempt, o.Error)
				}
				r.Between(nil)
				r.Done(nil)
				r.Same()
			})
		}
	}
}
