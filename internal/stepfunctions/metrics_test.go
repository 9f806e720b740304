package stepfunctions

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/outcome"
	"catchment/internal/plan"
)

// The line of a run is what the specification of CloudWatch's embedded metric format
// asks for: each metric that the head lists is a number of the root, each dimension a
// text there; an alarm can tell a partial run from one that failed.
func TestMetrics(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	lag := int64(3690)
	for state, want := range map[control.RunState][2]float64{control.Done: {0, 0}, control.Partial: {1, 0},
		control.Failed: {0, 1}, control.Superseded: {0, 1}, control.Stopped: {0, 1}} {
		o := outcome.Outcome{State: state, Objects: 71, Done: 70, Failed: 1, Loaded: 12, Lag: &lag,
			NotDone: []outcome.Flow{{Object: "Contact", Error: "INSUFFICIENT_ACCESS"}}}
		root := metricsOf(t, now, o)
		if root["RunsPartial"] != want[0] || root["RunsFailed"] != want[1] {
			t.Errorf("%s: %v", state, root)
		}
		var head struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		}
		text, _ := json.Marshal(root["_aws"])
		if err := json.Unmarshal(text, &head); err != nil || head.Timestamp != now.UnixMilli() ||
			len(head.CloudWatchMetrics) != 1 {
			t.Fatalf("%s, %v", text, err)
		}
		d := head.CloudWatchMetrics[0]
		if d.Namespace != "Catchment" || len(d.Dimensions) != 1 || root[d.Dimensions[0][0]] != "catchment" ||
			len(d.Metrics) != 8 {
			t.Errorf("%+v", d)
		}
		for _, m := range d.Metrics {
			if _, isNumber := root[m.Name].(float64); !isNumber || m.Unit != "Count" && m.Unit != "Seconds" {
				t.Errorf("%s in %s is %v", m.Name, m.Unit, root[m.Name])
			}
		}
	}
	if root := metricsOf(t, now, outcome.Outcome{State: control.Failed}); root["Lag"] != nil {
		t.Errorf("nothing is known of how far flows are: %v", root)
	}
}

// metricsOf is the line that publish writes, and the only one.
func metricsOf(t *testing.T, now time.Time, o outcome.Outcome) map[string]any {
	t.Helper()
	var log bytes.Buffer
	h := Handler{Publish: "publish", Metrics: &log, Now: func() time.Time { return now },
		Open: func(context.Context, Order) (Work, error) {
			steps := plan.Steps{}
			for _, name := range []string{"publish", "list"} {
				steps[name] = func(_ context.Context, t plan.Task) (plan.Task, error) { return t, nil }
			}
			how := func(context.Context, string) (outcome.Outcome, error) { return o, nil }
			return Work{Steps: steps, Outcome: how}, nil
		}}
	for _, step := range []string{"list", "publish"} {
		if _, err := h.Call(t.Context(), Call{Step: step, Task: Note{Task: plan.Task{Run: "r"},
			Execution: "arn:aws:states:eu-central-1:123456789012:execution:catchment:x"}}); err != nil {
			t.Fatal(err)
		}
	}
	var root map[string]any
	if text := log.String(); strings.Count(text, "\n") != 1 || json.Unmarshal([]byte(text), &root) != nil {
		t.Fatalf("the log is %q", text)
	}
	return root
}
