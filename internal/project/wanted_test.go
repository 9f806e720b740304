package project

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"catchment/internal/blob"
	"catchment/internal/control/wanted"
	"catchment/internal/flow"
	"catchment/internal/plan"
)

// A shelf is a stage of a few texts; one of its keys may fail.
type shelf struct {
	blob.Store
	texts map[string]string
	fails map[string]error
	opens atomic.Int64
}

func (s *shelf) Open(_ context.Context, key string) (io.ReadCloser, error) {
	s.opens.Add(1)
	if err := s.fails[key]; err != nil {
		return nil, err
	}
	text, ok := s.texts[key]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", key, blob.ErrNotFound)
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

func controlled(t *testing.T, stage *shelf) *Project {
	t.Helper()
	file, err := flow.Parse("catchment.yaml", []byte("version: 1\norg:\n  url: https://acme.my.salesforce.com\n"+
		"  login: {flow: token, token: env:SF_TOKEN}\nflows: control\n"), flow.Warehouses{Local: "duckdb:c.duckdb"})
	if err != nil {
		t.Fatal(err)
	}
	return &Project{File: file, Stage: stage}
}

func TestFlowsOfRows(t *testing.T) {
	denied := plan.Fixf("allow the role s3:GetObject", "access denied")
	stage := &shelf{
		texts: map[string]string{"templates/a.yaml": "object: account\nfields: [Name]\n",
			"templates/long.yaml": "object: Case\n#" + strings.Repeat("x", longestTemplate)},
		fails: map[string]error{"templates/denied.yaml": denied, "templates/odd.yaml": errors.New("the disk is odd")},
	}
	p := controlled(t, stage)
	rows := []wanted.Row{
		{Object: "Account", Template: "templates/a.yaml", Paused: true, Window: &wanted.Window{Last: "2d"}},
		{Object: "Campaign"},
		{Object: "Contact", Template: "templates/denied.yaml"},
		{Object: "Case", Template: "templates/long.yaml"},
		{Object: "Lead", Template: "templates/odd.yaml"},
		{Object: "Order", Template: "templates/lost.yaml"},
		{Object: "Asset", Template: "Account/750-1/0.csv"},
		{Object: "Event", Template: "templates/../Account/0.csv"},
		{Object: "Task", Wrong: errors.New("no JSON")},
		{Object: "User", Template: "templates/a.yaml"},
		{Object: "Quote", Window: &wanted.Window{Last: "soon"}},
	}
	flows, err := p.FlowsOf(t.Context(), rows)
	if err != nil || len(flows) != len(rows) {
		t.Fatal(flows, err)
	}
	for i, want := range []string{"", "", "access denied", "is longer than 1 MiB", "the disk is odd",
		"the stage has no templates/lost.yaml", "Account/750-1/0.csv is no key of a template",
		"templates/../Account/0.csv is no key of a template", "no JSON",
		"templates/a.yaml is of the object account", `window.last: "soon" is not a number of days`} {
		fl := flows[i]
		if want == "" {
			if fl.Wrong != nil || fl.Row != rows[i].Object {
				t.Errorf("%s: %+v", rows[i].Object, fl)
			}
			continue
		}
		if fl.Wrong == nil || fl.Object != rows[i].Object || !strings.Contains(fl.Wrong.Error(), want) ||
			rows[i].Wrong == nil && !strings.Contains(fl.Wrong.Error(), "control row "+rows[i].Object+": ") {
			t.Errorf("%s: %v, want %s", rows[i].Object, fl.Wrong, want)
		}
	}
	if a := flows[0]; !a.Paused || a.Window.Last != 2 || !slices.Equal(a.Fields, []string{"Name"}) {
		t.Errorf("Account is %+v", a)
	}
	if n := stage.opens.Load(); n != 6 {
		t.Errorf("%d blobs were opened: what is no template isn't looked at", n)
	}
}

// What another try may not meet is no fault of the row: the step is tried again.
func TestStageIsDown(t *testing.T) {
	down := plan.Failf(plan.Retry, "", "slow down")
	p := controlled(t, &shelf{texts: map[string]string{"templates/a.yaml": "object: Account\nnul: fail\n"},
		fails: map[string]error{"templates/b.yaml": down}})
	_, err := p.FlowsOf(t.Context(), []wanted.Row{{Object: "Account", Template: "templates/a.yaml"},
		{Object: "Case", Template: "templates/b.yaml"}})
	if plan.ClassOf(err) != plan.Retry || !strings.Contains(err.Error(), "control row Case: read templates/b.yaml") {
		t.Errorf("%v of class %s", err, plan.ClassOf(err))
	}
}
