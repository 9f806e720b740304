package cli

import (
	"testing"

	"catchment/internal/control"
)

// A run that failed is told by its flows, or else by what stopped it.
func TestUntold(t *testing.T) {
	t.Parallel()
	open, done, failed := control.FlowOpen, control.FlowDone, control.FlowFailed
	for _, test := range []struct {
		state control.RunState
		flows []control.FlowState
		want  bool
	}{
		{control.Done, []control.FlowState{done}, false},
		{control.Stopped, []control.FlowState{open}, false},
		{control.Failed, []control.FlowState{failed, open}, false},
		{control.Failed, []control.FlowState{open, open}, true},
		{control.Partial, []control.FlowState{done, failed}, false},
		{control.Partial, []control.FlowState{done, open}, true},
	} {
		run := control.RunRow{State: test.state}
		for _, state := range test.flows {
			run.Objects = append(run.Objects, control.RunObject{State: state})
		}
		if got := untold(run); got != test.want {
			t.Errorf("%s with %v: %v", test.state, test.flows, got)
		}
	}
}
