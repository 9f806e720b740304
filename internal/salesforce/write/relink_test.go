package write_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/salesforce/write"
)

const patches = "PATCH /services/data/v66.0/composite/sobjects"

// relinker may change the parents of Accounts, and no other field.
func relinker(t *testing.T, o *org, atMost int64) *write.Writer {
	t.Helper()
	w, err := write.New(o.client, write.Purpose{Name: "a test", Allow: []write.Allowance{{Verb: write.Relink,
		Object: "Account", Prefix: "001", AtMost: atMost, Fields: []string{"ParentId"}}}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func to(record, parent string) write.Link {
	return write.Link{ID: record, Lookups: map[string]string{"ParentId": parent}}
}

func TestRelink(t *testing.T) {
	o := newOrg(t)
	o.mux.HandleFunc(patches, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var sent struct {
			AllOrNone bool             `json:"allOrNone"`
			Records   []map[string]any `json:"records"`
		}
		if err := json.Unmarshal(body, &sent); err != nil || sent.AllOrNone || len(sent.Records) != 2 ||
			sent.Records[0]["id"] != id(1) || sent.Records[0]["ParentId"] != id(8) {
			t.Errorf("%s, %v", body, err)
		}
		answer(w, "application/json", 200, `[{"id":"`+id(1)+`","success":true,"errors":[]},
			{"success":false,"errors":[{"statusCode":"UNABLE_TO_LOCK_ROW","message":"Smith","fields":[]}]}]`)
	})
	outcomes, err := relinker(t, o, 10).Relink(t.Context(), "Account", []write.Link{
		to(id(1), id(8)),
		to(id(2), id(8)),
		{ID: id(3), Lookups: map[string]string{"Name": id(8)}}, // another field
		to(id(4), "Smith"),              // no Id
		to(id(5), ""),                   // it would be emptied
		{ID: id(6)},                     // nothing
		to("003000000000001AAA", id(8)), // another object
		{ID: id(7), Lookups: map[string]string{"ParentId,Name": id(8)}}, // no field
	}, write.EachAlone)
	if err != nil {
		t.Fatal(err)
	}
	check(t, outcomes,
		"0 "+id(1)+" done",
		"1 "+id(2)+" failed UNABLE_TO_LOCK_ROW locked retry",
		"2 "+id(3)+" failed INVALID_FIELD value fix",
		"3 "+id(4)+" failed INVALID_FIELD value fix",
		"4 "+id(5)+" failed INVALID_FIELD value fix",
		"5 "+id(6)+" failed INVALID_FIELD value fix",
		"6  failed MALFORMED_ID no id bug",
		"7 "+id(7)+" failed INVALID_FIELD value fix")
}

// Where the answer is lost, the lookups tell.
func TestLostRelinkIsLookedUp(t *testing.T) {
	o := newOrg(t)
	o.handle(patches, reset)
	o.handle("GET /services/data/v66.0/query", reply(200, `{"totalSize":2,"done":true,"records":[
		{"Id":"`+id(1)+`","ParentId":"`+id(8)+`"},{"Id":"`+id(2)+`","ParentId":null}]}`))
	outcomes, err := relinker(t, o, 10).Relink(t.Context(), "Account",
		[]write.Link{to(id(1), id(8)), to(id(2), id(8))}, write.EachAlone)
	if err != nil {
		t.Fatal(err)
	}
	check(t, outcomes, "0 "+id(1)+" done", "1 "+id(2)+" unknown live")
	if n := o.sent(patches); n != 1 {
		t.Errorf("%d writes were sent", n)
	}
}

// Who may relink some fields of an object may do nothing else to it, and not to more records.
func TestRelinkAsItMay(t *testing.T) {
	o := newOrg(t)
	w := relinker(t, o, 1)
	for what, do := range map[string]func() ([]write.Outcome, error){
		"another object": func() ([]write.Outcome, error) {
			return w.Relink(t.Context(), "Contact", []write.Link{to(id(1), id(8))}, write.EachAlone)
		},
		"another verb": func() ([]write.Outcome, error) {
			return w.Delete(t.Context(), "Account", []string{id(1)}, write.EachAlone)
		},
		"too many": func() ([]write.Outcome, error) {
			return w.Relink(t.Context(), "Account", []write.Link{to(id(1), id(8)), to(id(2), id(8))}, write.EachAlone)
		},
	} {
		outcomes, err := do()
		if outcomes != nil || plan.ClassOf(err) != plan.Bug || strings.Contains(err.Error(), id(8)) {
			t.Errorf("%s: %v, %v", what, outcomes, err)
		}
	}
	if n := o.sent("PATCH"); n != 0 {
		t.Errorf("%d writes were sent", n)
	}
}
