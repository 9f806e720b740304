package fault

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"catchment/internal/plan"
)

// Whatever stands in the body of an error, it becomes one short line with a class, in which no
// secret is repeated.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		``, `{}`, `[]`, `[{"message":"no such column s3cr3t","errorCode":"INVALID_FIELD"}]`, `<html>`, `null`,
		`{"error":"invalid_grant","error_description":"s3cr3t"}`, `[{"message":7}]`, "\x1f\x8b\x08",
		`[{"errorCode":"s3cr3t s3cr3t\n"}]`,
	} {
		for _, head := range []string{"application/json", "text/html", "", "gzip"} {
			f.Add([]byte(text), head, 400)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, head string, status int) {
		h := http.Header{"Content-Type": {head}}
		if head == "gzip" {
			h = http.Header{"Content-Encoding": {head}}
		}
		e := Decode(&http.Response{StatusCode: status, Header: h, Body: io.NopCloser(bytes.NewReader(text))})
		e.Resource = "/services/data"
		e.Hide([]string{"s3cr3t"})
		err := Classify(e)
		classes := []plan.Class{plan.Retry, plan.Wait, plan.Fix, plan.Bug}
		if class := plan.ClassOf(err); !slices.Contains(classes, class) {
			t.Errorf("class %q", class)
		}
		said := err.Error()
		if len(said) > 1200 || strings.Contains(said, "s3cr3t") || strings.ContainsAny(said, "\r\n") {
			t.Errorf("%d bytes: %q", len(said), said)
		}
	})
}
