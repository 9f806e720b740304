package deployment_test

import (
	"reflect"
	"strings"
	"testing"

	"catchment/internal/deployment"
)

// A secret is told once, with all of its keys; what isn't in AWS is nobody's to
// fill there.
func TestFillings(t *testing.T) {
	const command = "aws secretsmanager put-secret-value"
	both := []deployment.Filling{{Secret: "catchment/salesforce", Keys: []string{"client_id", "client_secret"},
		Command: command}}
	if got := deployment.Fillings(parse(t, same)); !reflect.DeepEqual(got, both) {
		t.Errorf("%+v", got)
	}
	apart := parse(t, func(s string) string {
		s = strings.Replace(s, "aws-sm:catchment/salesforce#client_id", "env:SF_CLIENT_ID", 1)
		return strings.Replace(s, "aws-sm:catchment/salesforce#client_secret", "aws-sm:whole", 1)
	})
	whole := []deployment.Filling{{Secret: "whole", Command: command}}
	if got := deployment.Fillings(apart); !reflect.DeepEqual(got, whole) {
		t.Errorf("%+v", got)
	}
}
