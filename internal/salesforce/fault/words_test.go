package fault_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"catchment/internal/printable"
	"catchment/internal/salesforce/fault"
)

// What Salesforce says of itself commands no terminal, in whichever form it says it.
func TestWordsArePrintable(t *testing.T) {
	t.Parallel()
	for what, body := range map[string]string{
		"REST":  `[{"errorCode":"X\u001b]0;title\u0007","message":"a\u001b[2J\nb\u202ec\u009b31m"}]`,
		"OAuth": `{"error":"X\u001b]0;title\u0007","error_description":"a\u001b[2J\nb\u202ec\u009b31m"}`,
		"bytes": "[{\"errorCode\":\"X\\u001b]0;title\\u0007\",\"message\":\"a\\u001b[2J b\u202ec\u009b31m\"}]",
	} {
		resp := &http.Response{StatusCode: 400, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
		e := fault.Decode(resp)
		e.Resource = "/services/\x1b[2J"
		if want := `/services/\x1b[2J: HTTP 400 X\x1b]0;title\x07: a\x1b[2J b\u202ec\u009b31m`; e.Error() != want {
			t.Errorf("%s: %q, want %q", what, e.Error(), want)
		}
	}
	if got := fault.Broken("/", errors.New("proxy says \x1b[2J")).Error(); printable.Line(got) != got {
		t.Errorf("%q", got)
	}
	if got := fault.Bearable(strings.Repeat("\u202e", 10_000)); len(got) > 510 || printable.Line(got) != got {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}
