package salesforce_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
)

const collection = "POST /services/data/v66.0/composite/sobjects/Account"

// collect asks for Ids and gives those that were answered.
func collect(t *testing.T, o *org, ids ...string) (got []string, err error) {
	t.Helper()
	err = o.Collect(t.Context(), "Account", ids, []string{"Id", "Name"}, func(r salesforce.Record) error {
		id, err := r.Text("Id")
		got = append(got, id)
		return err
	})
	return got, err
}

func TestCollect(t *testing.T) {
	o := newOrg(t)
	o.handle(collection, func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil || string(text) != `{"fields":["Id","Name"],"ids":["1","2","3"]}` {
			t.Errorf("asked %s, %v", text, err)
		}
		answer(w, 200, `[`+record("1")+`,null,`+record("3")+`]`)
	})
	if got, err := collect(t, o, "1", "2", "3"); err != nil || !slices.Equal(got, []string{"1", "3"}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestCollectAnswersThatAreWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		h     http.HandlerFunc
		class plan.Class
	}{
		"fewer":        {json(200, `[`+record("1")+`]`), plan.Bug},
		"more":         {json(200, `[null,null,null]`), plan.Bug},
		"an object":    {json(200, `{"records":[]}`), plan.Bug},
		"not a record": {json(200, `[1,2]`), plan.Bug},
		"cut":          {cut(http.Header{}, `[`+record("1")+`,`), plan.Retry},
		"refused":      {refusal(400, "INVALID_FIELD", "No such column 'X'"), plan.Fix},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t)
			o.handle(collection, tt.h)
			if _, err := collect(t, o, "1", "2"); plan.ClassOf(err) != tt.class {
				t.Errorf("class %s: %v", plan.ClassOf(err), err)
			}
		})
	}
	o := newOrg(t)
	if _, err := collect(t, o, make([]string, salesforce.CollectionAtMost+1)...); plan.ClassOf(err) != plan.Bug {
		t.Errorf("too many: %v", err)
	}
	o.handle(collection, json(200, `[`+record("1")+`]`))
	enough := errors.New("enough")
	err := o.Collect(t.Context(), "Account", []string{"1"}, []string{"Id"}, func(salesforce.Record) error {
		return enough
	})
	if !errors.Is(err, enough) || strings.Contains(err.Error(), "JSON") {
		t.Errorf("the reader's own error: %v", err)
	}
}
