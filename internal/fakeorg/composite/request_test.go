package composite

import (
	"encoding/json"
	"testing"
)

func FuzzReferences(f *testing.F) {
	f.Add("/sobjects/Account/@{a.id}", `{"id":"001"}`)
	f.Add("@{a.records[1].Id}@{a[0]}@{b}", `{"records":[{},{"Id":"x"}]}`)
	f.Fuzz(func(t *testing.T, url, answer string) {
		var value any
		if json.Unmarshal([]byte(answer), &value) != nil {
			return
		}
		in := innerRequest{URL: url}
		if err := in.resolve(map[string]any{"a": value}); err == nil && !referenceForm.MatchString(url) &&
			in.URL != url {
			t.Errorf("%q became %q without a reference", url, in.URL)
		}
	})
}
