package deployment_test

import (
	"strings"
	"testing"

	"catchment/internal/deployment"
	"catchment/internal/warehouse/reach"
)

// tended has a warehouse whose tables are made of files.
type tended struct{ known }

func (tended) Reach(string) (reach.Way, error) {
	return reach.Way{Upkeep: true, Password: true}, nil
}

// A warehouse whose tables are made of files has a step that keeps them few. It reaches the warehouse, and
// neither the org nor the pages. Others have no such function.
func TestUpkeepOfFiles(t *testing.T) {
	files, err := deployment.Render(configuration(t, "bulk-postgres"), tended{})
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(files.Machine), "${MaintainFunction}"); n != 2 {
		t.Errorf("the machine looks after files in %d states: those of flows are one, those of none another", n)
	}
	d := read(t, files.Template)
	for action, may := range map[string]bool{"dynamodb:PutItem": true, "secretsmanager:GetSecretValue": true,
		"s3:PutObject": false, "s3:DeleteObject": false} {
		if is := allowed(t, d, action); is != may {
			t.Errorf("it may do %s: %t", action, is)
		}
	}

	without, err := render(configuration(t, "bulk-postgres"))
	if err != nil || strings.Contains(string(without.Template)+string(without.Machine), "MaintainFunction") {
		t.Errorf("a function that nobody needs: %v", err)
	}
}

// allowed tells whether the function that looks after files may do something.
func allowed(t *testing.T, d document, action string) bool {
	t.Helper()
	for _, g := range d.rights(t, "MaintainFunctionRole") {
		if g.action == action {
			return true
		}
	}
	return false
}
