package write_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/salesforce/write"
)

const collections = "DELETE /services/data/v66.0/composite/sobjects"

func TestDelete(t *testing.T) {
	o := newOrg(t)
	o.mux.HandleFunc(collections, func(w http.ResponseWriter, r *http.Request) {
		if got, want := r.URL.Query().Get("ids"), id(1)+","+id(2)+","+id(3); got != want {
			t.Errorf("asked for %s, want %s", got, want)
		}
		if r.URL.Query().Get("allOrNone") != "false" {
			t.Error("it is all or none")
		}
		answer(w, "application/json", 200, `[{"id":"`+id(1)+`","success":true,"errors":[]},
			{"success":false,"errors":[{"statusCode":"DELETE_FAILED","fields":[],
				"message":"Your attempt to delete Smith could not be completed because of cases: 0001"}]},
			{"id":"`+id(3)+`","success":false,"errors":[{"statusCode":"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
				"message":"Guard: execution of BeforeDelete caused by: Smith stays","fields":["Name"]}]}]`)
	})
	ids := []string{id(1), id(2)[:15], "0030000000000AA", "nonsense", id(1), id(3)}
	outcomes, err := o.Delete(t.Context(), "Account", ids, write.EachAlone)
	if err != nil {
		t.Fatal(err)
	}
	check(t, outcomes,
		"0 "+id(1)+" done",
		"1 "+id(2)+" failed DELETE_FAILED restricted fix",
		"2  failed MALFORMED_ID no id bug",
		"3  failed MALFORMED_ID no id bug",
		"4 "+id(1)+" failed DUPLICATE_VALUE_IN_LIST twice bug",
		"5 "+id(3)+" failed CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY trigger fix")
	if text := outcomes[5].Refusal.Error(); !strings.Contains(text, "Guard") || strings.Contains(text, "Smith") {
		t.Errorf("refusal: %s", text)
	}
}

// What was deleted without our hearing of it is found by its Id, and never deleted again.
func TestLostDeleteIsLookedUp(t *testing.T) {
	for name, lost := range map[string]http.HandlerFunc{
		"no answer":          reset,
		"a cut answer":       cut("application/json", `[{"id":"`+id(1)+`","success":true,"errors":[]},{"id":"00`),
		"a web page":         webPage(502),
		"a proxy's 200":      webPage(200),
		"trouble":            reply(500, `[{"errorCode":"UNKNOWN_EXCEPTION","message":"x"}]`),
		"too few answers":    reply(200, `[{"id":"`+id(1)+`","success":true,"errors":[]}]`),
		"too many answers":   reply(200, `[`+strings.Repeat(`{"id":"`+id(1)+`","success":true,"errors":[]},`, 3)+`{}]`),
		"another's Ids":      reply(200, `[{"id":"`+id(8)+`","success":true},{"id":"`+id(9)+`","success":true}]`),
		"no JSON":            reply(200, `nonsense`),
		"neither yes nor no": reply(200, `[{"id":"`+id(1)+`"},{"id":"`+id(2)+`"}]`),
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t)
			o.handle(collections, lost)
			o.handle("GET /services/data/v66.0/queryAll", holds(map[string]bool{id(1): false, id(2): false}),
				holds(map[string]bool{id(1): true, id(2): false}))
			outcomes, err := o.Delete(t.Context(), "Account", []string{id(1), id(2)}, write.EachAlone)
			if err != nil {
				t.Fatal(err)
			}
			check(t, outcomes, "0 "+id(1)+" done", "1 "+id(2)+" unknown live")
			if n := o.sent(collections); n != 1 {
				t.Errorf("%d deletes were sent", n)
			}
		})
	}
}

// Where it is certain that nothing was written, there is an error and no outcome.
func TestRefusedDelete(t *testing.T) {
	o := newOrg(t)
	o.handle(collections, refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))
	outcomes, err := o.Delete(t.Context(), "Account", []string{id(1)}, write.EachAlone)
	if outcomes != nil || plan.ClassOf(err) != plan.Wait {
		t.Errorf("%v, %v", outcomes, err)
	}
	if n := o.sent(collections); n != 1 {
		t.Errorf("%d deletes were sent", n)
	}
}

// A lost answer whose records can't be looked up leaves them unknown, and says why.
func TestLostDeleteWithoutALook(t *testing.T) {
	o := newOrg(t)
	o.handle(collections, reset)
	o.handle("GET /services/data/v66.0/queryAll", refusal(400, "INVALID_TYPE", "no such object"))
	outcomes, err := o.Delete(t.Context(), "Account", []string{id(1)}, write.EachAlone)
	check(t, outcomes, "0 "+id(1)+" unknown")
	if plan.ClassOf(err) != plan.Fix {
		t.Error(err)
	}
}

func TestAllOrNone(t *testing.T) {
	o := newOrg(t)
	outcomes, err := o.Delete(t.Context(), "Account", []string{id(1), "nonsense"}, write.AllOrNone)
	if err != nil {
		t.Fatal(err)
	}
	check(t, outcomes, "0 "+id(1)+" failed ALL_OR_NONE_OPERATION_ROLLED_BACK rolled back retry",
		"1  failed MALFORMED_ID no id bug")
	if n := o.sent("DELETE"); n != 0 {
		t.Errorf("%d deletes were sent", n)
	}
}

// A Writer does what its purpose says, and no more of it.
func TestPurpose(t *testing.T) {
	o := newOrg(t)
	o.handle(collections, refusal(403, "REQUEST_LIMIT_EXCEEDED", "x"),
		reply(200, `[{"id":"`+id(1)+`","success":true}]`))
	w, err := write.New(o.client, write.Purpose{Name: "plan 7", Allow: []write.Allowance{
		{Verb: write.Delete, Object: "Account", Prefix: "001", AtMost: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, outcomes []write.Outcome, err error) {
		t.Helper()
		if outcomes != nil || err == nil || plan.ClassOf(err) != plan.Bug {
			t.Errorf("%s: %v, %v", what, outcomes, err)
		}
	}
	outcomes, err := w.Delete(t.Context(), "Contact", []string{"003000000000001AAA"}, write.EachAlone)
	refused("another object", outcomes, err)
	outcomes, err = w.Undelete(t.Context(), "Account", []string{id(1)}, write.EachAlone)
	refused("another verb", outcomes, err)
	outcomes, err = w.Delete(t.Context(), "Account", []string{id(1), id(2)}, write.EachAlone)
	refused("too many", outcomes, err)
	if n := o.sent("DELETE") + o.sent("POST"); n != 0 {
		t.Errorf("%d requests were sent", n)
	}

	if _, err = w.Delete(t.Context(), "Account", []string{id(1)}, write.EachAlone); plan.ClassOf(err) != plan.Wait {
		t.Error(err)
	}
	outcomes, err = w.Delete(t.Context(), "account", []string{id(1)}, write.EachAlone) // nothing was written before
	if err != nil {
		t.Fatal(err)
	}
	check(t, outcomes, "0 "+id(1)+" done")
	outcomes, err = w.Delete(t.Context(), "Account", []string{id(2)}, write.EachAlone)
	refused("one more", outcomes, err)
}

func TestInsert(t *testing.T) {
	o := newOrg(t)
	o.mux.HandleFunc("POST /services/data/v66.0/composite/sobjects", func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		want := `{"allOrNone":true,"records":[{"Name":"a","attributes":{"type":"Account"}},` +
			`{"Name":"b","attributes":{"type":"Account"}}]}`
		if string(text) != want {
			t.Errorf("sent %s", text)
		}
		answer(w, "application/json", 200, `[{"id":"`+id(1)+`","success":true,"errors":[]},
			{"id":"`+id(2)+`","success":true,"errors":[]}]`)
	})
	outcomes, err := o.Insert(t.Context(), write.Records{Object: "Account",
		Rows: []write.Fields{fields("Name", "a"), fields("Name", "b")}}, write.AllOrNone)
	if err != nil {
		t.Fatal(err)
	}
	check(t, outcomes, "0 "+id(1)+" done", "1 "+id(2)+" done")
}

// An insert whose answer is lost is never sent again: its records are found by their keys, or stay unknown.
func TestLostInsert(t *testing.T) {
	const post = "POST /services/data/v66.0/composite/sobjects"
	rows := []write.Fields{fields("Key__c", "k'1"), fields("Key__c", "k2"), fields("Name", "without")}
	t.Run("with keys", func(t *testing.T) {
		o := newOrg(t)
		o.handle(post, reset)
		o.mux.HandleFunc("GET /services/data/v66.0/query", func(w http.ResponseWriter, r *http.Request) {
			if q := r.URL.Query().Get("q"); q != `SELECT Id, Key__c FROM Account WHERE Key__c IN ('k\'1','k2')` &&
				q != `SELECT Id, Key__c FROM Account WHERE Key__c IN ('k2')` {
				t.Errorf("asked %s", q)
			}
			answer(w, "application/json", 200,
				`{"totalSize":1,"done":true,"records":[{"Id":"`+id(7)+`","Key__c":"k'1"}]}`)
		})
		records := write.Records{Object: "Account", Rows: rows, Key: "Key__c"}
		outcomes, err := o.Insert(t.Context(), records, write.EachAlone)
		if err != nil {
			t.Fatal(err)
		}
		check(t, outcomes, "0 "+id(7)+" done", "1  unknown absent", "2  unknown")
		if n := o.sent(post); n != 1 {
			t.Errorf("%d inserts were sent", n)
		}
	})
	t.Run("with keys that are the same to SOQL", func(t *testing.T) {
		o := newOrg(t)
		o.handle(post, reset)
		o.handle("GET /services/data/v66.0/query",
			reply(200, `{"totalSize":1,"done":true,"records":[{"Id":"`+id(7)+`","Key__c":"a"}]}`))
		records := write.Records{Object: "Account", Key: "Key__c",
			Rows: []write.Fields{fields("Key__c", "a"), fields("Key__c", "A")}}
		outcomes, err := o.Insert(t.Context(), records, write.EachAlone)
		if err != nil {
			t.Fatal(err)
		}
		check(t, outcomes, "0  unknown live", "1  unknown live")
	})
	t.Run("without", func(t *testing.T) {
		o := newOrg(t)
		o.handle(post, cut("application/json", `[{"id":"`+id(1)+`","success":true,"errors":[]},`))
		outcomes, err := o.Insert(t.Context(), write.Records{Object: "Account", Rows: rows}, write.EachAlone)
		if err != nil {
			t.Fatal(err)
		}
		check(t, outcomes, "0 "+id(1)+" done", "1  unknown", "2  unknown")
		if n := o.sent("GET"); n != 0 {
			t.Errorf("%d questions were asked", n)
		}
	})
}

func fields(name, value string) write.Fields {
	text, _ := json.Marshal(value)
	return write.Fields{name: text}
}

// A user who wants an end gets what is known, and the reason.
func TestDeleteIsStopped(t *testing.T) {
	o := newOrg(t)
	ctx, stop := context.WithCancelCause(t.Context())
	o.mux.HandleFunc(collections, func(http.ResponseWriter, *http.Request) {
		stop(plan.ErrStopped)
		<-ctx.Done()
		panic(http.ErrAbortHandler)
	})
	outcomes, err := o.Delete(ctx, "Account", []string{id(1)}, write.EachAlone)
	check(t, outcomes, "0 "+id(1)+" unknown")
	if !errors.Is(err, plan.ErrStopped) {
		t.Error(err)
	}
	if n := o.sent("GET"); n != 0 {
		t.Errorf("%d questions were asked", n)
	}
}
