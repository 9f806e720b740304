package outcome_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/outcome"
	"catchment/internal/plan"
)

var began = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// A run of three flows, one of which may not be read.
func TestOutcome(t *testing.T) {
	out := outcome.Of(control.RunRow{ID: "r1", State: control.Partial,
		Started: began, Ended: began.Add(90 * time.Second), Objects: []control.RunObject{
			{Object: "Account", State: control.FlowDone, Records: 12, Rejected: 1, To: began},
			{Object: "Contact", State: control.FlowFailed, Class: plan.Fix, Error: "INSUFFICIENT_ACCESS",
				Hint: "give it", To: began.Add(-time.Hour)},
			{Object: "Lead", State: control.FlowPaused, To: began.Add(-24 * time.Hour)},
			{Object: "Task", State: control.FlowOpen},
		}})
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"r1","state":"partial","objects":4,"done":1,"failed":1,"open":1,"paused":1,"loaded":12,` +
		`"rejected":1,"seconds":90,"lag_seconds":3690,"not_done":[` +
		`{"object":"Contact","state":"failed","class":"fix","error":"INSUFFICIENT_ACCESS","hint":"give it"},` +
		`{"object":"Task","state":"open","hint":"a step was broken off without a word: the history of the execution ` +
		`has its error; the next run goes on from there"}]}`
	if string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// However many flows fail, and whatever they say, the end of an execution has room
// for it, and who is left out is counted.
func TestOutcomeHasABound(t *testing.T) {
	for _, letter := range []string{"x", "ß", "漢", "🦉", "\x00", `"`, "<"} {
		run := control.RunRow{ID: "r1", State: control.Failed, Error: strings.Repeat(letter, 9000), Hint: "do it"}
		for i := range 1000 {
			run.Objects = append(run.Objects, control.RunObject{Object: fmt.Sprintf("Thing%04d__c", i),
				State: control.FlowFailed, Error: strings.Repeat(letter, 3000), Hint: strings.Repeat(letter, 3000)})
		}
		out := outcome.Of(run)
		text, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		ascii := len(strconv.QuoteToASCII(string(text))) -
			strings.Count(string(text), `"`) - strings.Count(string(text), `\`)
		if ascii > 32_768 || len(out.NotDone) < 2 || len(out.NotDone)+out.More != 1000 || out.Failed != 1000 {
			t.Errorf("%q: %d characters, %d flows told, %d more", letter, ascii, len(out.NotDone), out.More)
		}
	}
}

// What a machine caught is told where nothing else says why.
func TestBecause(t *testing.T) {
	failed := outcome.Outcome{State: control.Failed}
	if out := failed.Because("Lambda.Unknown", "exit status 1"); out.Error != "Lambda.Unknown: exit status 1" ||
		out.Hint == "" {
		t.Errorf("%+v", out)
	}
	if out := failed.Because("", ""); out.Error != "" {
		t.Errorf("nothing was caught: %+v", out)
	}
	failed.Error = "the secret is wrong"
	if out := failed.Because("Catchment.Fix", "x"); out.Error != "the secret is wrong" {
		t.Errorf("%+v", out)
	}
	if out := (outcome.Outcome{State: control.Done}).Because("Catchment.Fix", "x"); out.Error != "" {
		t.Errorf("%+v", out)
	}
}
