package trial

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The judge sees what an archive must not do: a delete by our user without a plan, and
// without a copy that is equal.
func TestJudgeSeesDeletesThatNobodyProved(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1, nil)
	cases := h.furnish(6)
	h.Done(nil)
	h.Must(h.Org.Update(cases[0], map[string]any{"Subject": "another"}))
	h.Later(time.Hour)
	h.remove(cases[0])
	p := h.Start(nil)
	defer p.Close()
	v := judge{witness: h.witness, p: p}.judged()
	text := strings.Join(v, "\n")
	for _, want := range []string{"is deleted, and in no plan", "its row is gone for \"\"", "differs in subject"} {
		if !strings.Contains(text, root+" "+cases[0]+" "+want) && !strings.Contains(text, want) {
			t.Errorf("not seen: %s, in %s", want, text)
		}
	}
}

// remove deletes a record through the server, as the catchment would.
func (h *house) remove(id string) {
	h.T.Helper()
	req, err := http.NewRequestWithContext(h.T.Context(), http.MethodDelete,
		h.Server.URL+"/services/data/v66.0/composite/sobjects?ids="+id, nil)
	h.Must(err)
	req.Header.Set("Authorization", "Bearer "+h.Session())
	resp, err := http.DefaultClient.Do(req)
	h.Must(err)
	h.Must(resp.Body.Close())
}
