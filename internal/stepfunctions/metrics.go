package stepfunctions

import (
	"encoding/json"
	"io"
	"strings"
	"time"

	"catchment/internal/control"
	"catchment/internal/outcome"
)

// The metrics of a run are one line of a function's log, in CloudWatch's embedded
// metric format: CloudWatch Logs reads it, so that the function needs no right, and
// makes a metric of each name that the line's head lists. What else is in the line
// stays in the log, where Logs Insights finds it: the reasons do.
//
// There are seven or eight, for a machine, however many flows it has. A metric costs
// by the month and by its dimensions, so that one for each flow would be hundreds.

// metricNamespace and metricDimension are where alarms find the metrics.
const (
	metricNamespace = "Catchment"
	metricDimension = "Machine"
)

// A metricHead says which of the line's members are metrics.
type metricHead struct {
	Timestamp         int64             // in milliseconds
	CloudWatchMetrics []metricDirective // one
}

type metricDirective struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

type metric struct{ Name, Unit string }

// writeMetrics writes the line of a run. Nobody needs to take it.
func writeMetrics(to io.Writer, now time.Time, machine string, o outcome.Outcome) error {
	if to == nil {
		return nil
	}
	line := map[string]any{metricDimension: machine, "outcome": o}
	directive := metricDirective{Namespace: metricNamespace, Dimensions: [][]string{{metricDimension}}}
	add := func(name, unit string, value int64) {
		line[name] = value
		directive.Metrics = append(directive.Metrics, metric{name, unit})
	}
	add("RunsPartial", "Count", one(o.State == control.Partial))
	add("RunsFailed", "Count", one(o.State != control.Partial && o.State != control.Done))
	add("FlowsDone", "Count", int64(o.Done))
	add("FlowsFailed", "Count", int64(o.Failed))
	add("FlowsOpen", "Count", int64(o.Open))
	add("RecordsLoaded", "Count", o.Loaded)
	add("RecordsRejected", "Count", o.Rejected)
	if o.Lag != nil {
		add("Lag", "Seconds", *o.Lag)
	}
	line["_aws"] = metricHead{now.UnixMilli(), []metricDirective{directive}}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = to.Write(append(text, '\n'))
	return err
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// machineOf is the name of an execution's machine, which is that of its stack:
// arn:aws:states:region:account:execution:machine:name.
func machineOf(execution string) string {
	parts := strings.Split(execution, ":")
	if len(parts) < 8 {
		return execution
	}
	return parts[6]
}
