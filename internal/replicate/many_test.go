package replicate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/outcome"
	"catchment/internal/plan"
	"catchment/internal/rig"
	"catchment/internal/stepfunctions/asltest"
)

// Of 71 flows of AppFlow one may not be read by Salesforce's own permissions: the
// other 70 are done, the machine's end and the metrics say which one isn't, and why;
// and no stack and no flow is left.
func TestOneOfManyFlowsIsDenied(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{}, nil)
	var objects []string
	for i := range 71 {
		object := fmt.Sprintf("Thing%02d__c", i)
		objects = append(objects, object)
		err := org.AddObject(object, fmt.Sprintf("b%02d", i), fakeorg.Field{Name: "T__c", Type: "string"})
		if err == nil {
			_, err = org.Create(object, map[string]any{"T__c": "secret value"})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r := rig.New(t, org, objects...)
	landing := newCloud(t, r, nil)
	r.Begun = landing.with
	r.Later(time.Hour)
	// what the user of the login may not see is what describe says
	r.Must(org.SetObject("Thing40__c", "", map[string]bool{"queryable": false}))
	var log bytes.Buffer
	m := machinesOf(r)
	m.log = &log
	m.warm = r.Start(nil)
	err := m.execute(nil)
	m.warm.Close()

	e, ok := errors.AsType[*asltest.Error](err)
	if !ok || e.Name != "Catchment.Partial" {
		t.Fatal(err)
	}
	var told outcome.Outcome
	if err := json.Unmarshal([]byte(e.Cause), &told); err != nil {
		t.Fatal(err)
	}
	if told.Objects != 71 || told.Done != 70 || told.Failed != 1 || told.Loaded != 70 || len(told.NotDone) != 1 {
		t.Fatalf("the execution ends with %+v", told)
	}
	if f := told.NotDone[0]; f.Object != "Thing40__c" || f.State != control.FlowFailed || f.Class != string(plan.Fix) ||
		f.Hint == "" {
		t.Errorf("the flow that was denied: %+v", f)
	}
	if strings.Contains(e.Cause, "secret value") {
		t.Error("the cause has a value of a record")
	}
	if strings.Count(log.String(), `"RunsPartial":1`) != 1 || !strings.Contains(log.String(), "Thing40__c") {
		t.Errorf("the log says %s", log.String())
	}
	landing.nothingLeft()
}
