package control_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/plan"
)

// However many flows a run has, DynamoDB has room for its row, as it had before rows told of
// steps: 400 KB.
func TestARunsRowIsSmall(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a := control.Attempt{Reached: map[control.AttemptState]time.Time{}}
	for i, s := range control.AttemptStates() {
		a.Reached[s] = began.Add(time.Duration(i) * 1234567 * time.Millisecond)
	}
	for _, flows := range []int{control.StepsAtMost, control.StepsAtMost + 1} {
		run := control.RunRow{ID: "r", State: control.Running, Started: began}
		run.Objects = make([]control.RunObject, flows)
		for i := range run.Objects {
			run.Objects[i] = control.RunObject{
				Object: "A_Long_Name_Of_A_Custom_Object__c", Attempt: strings.Repeat("a", 60),
				State: control.FlowFailed, Mover: "bulk", From: began, To: began, Grade: "proven",
				Records: 1234567, Bytes: 123456789, Inserted: 1234567,
				Error: strings.Repeat("e", 150), Hint: strings.Repeat("h", 150), Class: plan.Fix, Steps: run.Steps(a),
			}
		}
		text, err := json.Marshal(run)
		if err != nil || len(text) > 400_000 {
			t.Errorf("the row of a run of %d flows has %d bytes, %v", flows, len(text), err)
		}
		if told := len(run.Objects[0].Steps) > 0; told != (flows <= control.StepsAtMost) {
			t.Errorf("the row of a run of %d flows tells their steps: %v", flows, told)
		}
	}
}

// An attempt remembers when it came to each state; staying in one is no news.
func TestReached(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	a, err := c.Begin(t.Context(), control.Attempt{Flow: "Account"})
	if err != nil {
		t.Fatal(err)
	}
	began := a.Reached[control.Planned]
	if a, err = c.SaveAttempt(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	a.State = control.Created
	if a, err = c.SaveAttempt(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	after := a.Reached[control.Created]
	if len(a.Reached) != 2 || began.IsZero() || !a.Reached[control.Planned].Equal(began) ||
		after.Before(began) {
		t.Errorf("%v", a.Reached)
	}
}
