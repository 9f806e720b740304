package fault

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// Only what certainly did nothing is undone: whatever else is said, a write may have happened.
func TestUndone(t *testing.T) {
	answered := func(status int, kind, text string) error {
		return Classify(Decode(&http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}},
			Body: io.NopCloser(strings.NewReader(text))}))
	}
	soap := func(code string) string {
		return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>sf:` +
			code + `</faultcode><faultstring>` + code + `: words</faultstring></s:Fault></s:Body></s:Envelope>`
	}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"refused":           {answered(400, "application/json", `[{"errorCode":"INVALID_FIELD","message":"x"}]`), true},
		"no session":        {answered(401, "application/json", `[{"errorCode":"INVALID_SESSION_ID"}]`), true},
		"too many":          {answered(429, "application/json", `[{"errorCode":"REQUEST_LIMIT_EXCEEDED"}]`), true},
		"nobody listens":    {Broken("/x", syscall.ECONNREFUSED), true},
		"a fault of SOAP":   {answered(500, "text/xml", soap("MALFORMED_ID")), true},
		"trouble of SOAP":   {answered(500, "text/xml", soap("UNKNOWN_EXCEPTION")), false},
		"trouble":           {answered(500, "application/json", `[{"errorCode":"UNKNOWN_EXCEPTION"}]`), false},
		"unavailable":       {answered(503, "application/json", `[{"errorCode":"SERVER_UNAVAILABLE"}]`), false},
		"a timeout":         {answered(408, "application/json", `[{"errorCode":"X"}]`), false},
		"a page":            {answered(403, "text/html", `<html>`), false},
		"no words":          {answered(400, "application/json", ``), false},
		"a broken line":     {Broken("/x", syscall.ECONNRESET), false},
		"another's error":   {errors.New("x"), false},
		"no error":          {nil, false},
		"a gateway's words": {answered(502, "application/json", `{"error":"bad_gateway"}`), false},
	} {
		if got := Undone(c.err); got != c.want {
			t.Errorf("%s: %v, want %v: %v", name, got, c.want, c.err)
		}
	}
}

func TestSOAPFault(t *testing.T) {
	code, words, ok := soapFault([]byte(`<?xml version="1.0"?><a:Envelope xmlns:a="x"><a:Body><a:Fault>` +
		`<faultcode>sf:MALFORMED_ID</faultcode><faultstring>MALFORMED_ID: bad</faultstring>` +
		`</a:Fault></a:Body></a:Envelope>`))
	if code != "MALFORMED_ID" || words != "bad" || !ok {
		t.Errorf("%q, %q, %v", code, words, ok)
	}
	for _, text := range []string{"", "[]", "<html></html>", "<Envelope>", "<Envelope></Envelope>", "<"} {
		if _, _, ok := soapFault([]byte(text)); ok {
			t.Errorf("%q is a fault", text)
		}
	}
}
