package hostile

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// A Trick answers a request in the place of the org.
type Trick func(*Exchange)

// An Exchange is one request that is attacked.
type Exchange struct {
	W http.ResponseWriter
	R *http.Request

	body []byte // of the request
	net  *Net
}

// An Answer is what the org says.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Honest asks the org itself; its answer isn't packed.
func (x *Exchange) Honest() *Answer {
	r := x.R.Clone(x.R.Context())
	r.Header.Del("Accept-Encoding")
	r.Body = io.NopCloser(bytes.NewReader(x.body))
	rec := httptest.NewRecorder()
	x.net.org.ServeHTTP(rec, r)
	return &Answer{Status: rec.Code, Header: rec.Result().Header, Body: rec.Body.Bytes()}
}

// Send sends an answer whole.
func (x *Exchange) Send(a *Answer) {
	x.begin(a.Header, len(a.Body), a.Status)
	_, _ = x.W.Write(a.Body)
}

// begin sends the header of an answer, with the length that it promises; -1
// promises none.
func (x *Exchange) begin(h http.Header, length, status int) {
	to := x.W.Header()
	for name, values := range h {
		to[name] = values
	}
	to.Del("Content-Length")
	if length >= 0 {
		to.Set("Content-Length", strconv.Itoa(length))
	}
	if _, set := to["Date"]; !set { // nil is an answer without one
		to.Set("Date", x.net.org.Clock().Now().Format(http.TimeFormat))
	}
	x.W.WriteHeader(status)
}

// flush sends what was written so far.
func (x *Exchange) flush() { _ = http.NewResponseController(x.W).Flush() }

// wait does nothing until the client is gone.
func (x *Exchange) wait() {
	select {
	case <-x.R.Context().Done():
	case <-x.net.ended:
	}
}

// pause waits for d; false means that nobody is there any more.
func (x *Exchange) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-x.R.Context().Done():
		return false
	case <-x.net.ended:
		return false
	case <-timer.C:
		return true
	}
}

// Change changes the org's answer.
func Change(change func(*Answer)) Trick {
	return func(x *Exchange) {
		a := x.Honest()
		change(a)
		x.Send(a)
	}
}

// ChangeJSON changes the org's answer where it is an object in JSON.
func ChangeJSON(change func(map[string]any)) Trick {
	return Change(func(a *Answer) { a.ChangeJSON(change) })
}

// ChangeJSON changes an answer that is an object in JSON, and no other.
func (a *Answer) ChangeJSON(change func(map[string]any)) {
	d := json.NewDecoder(bytes.NewReader(a.Body))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil || m == nil {
		return
	}
	change(m)
	a.Body, _ = json.Marshal(m)
}

// Set puts a value into the org's answer, an object in JSON.
func Set(key string, value any) Trick {
	return ChangeJSON(func(m map[string]any) { m[key] = value })
}

// SetHeader puts a header into the org's answer; "" removes it.
func SetHeader(name, value string) Trick {
	return Change(func(a *Answer) {
		a.Header[http.CanonicalHeaderKey(name)] = []string{value}
		if value == "" {
			a.Header[http.CanonicalHeaderKey(name)] = nil
		}
	})
}

// SetBody answers with a text in the place of the org's own.
func SetBody(text string) Trick {
	return Change(func(a *Answer) { a.Body = []byte(text) })
}

// Refuse answers with an error in the form of the REST API.
func Refuse(status int, code, message string) Trick {
	return func(x *Exchange) {
		body, _ := json.Marshal([]map[string]string{{"errorCode": code, "message": message}})
		x.Send(&Answer{Status: status, Body: body, Header: http.Header{"Content-Type": {"application/json"}}})
	}
}

// RefuseLogin answers with an error in the form of OAuth.
func RefuseLogin(code, description string) Trick {
	return func(x *Exchange) {
		body, _ := json.Marshal(map[string]string{"error": code, "error_description": description})
		x.Send(&Answer{Status: http.StatusBadRequest, Body: body,
			Header: http.Header{"Content-Type": {"application/json"}}})
	}
}

// EachField changes the fields of a describe.
func EachField(change func(i int, field map[string]any)) Trick {
	return ChangeJSON(func(m map[string]any) {
		fields, _ := m["fields"].([]any)
		for i, f := range fields {
			if field, ok := f.(map[string]any); ok {
				change(i, field)
			}
		}
	})
}

// MoreFields adds fields to a describe, each like its last one but for what
// change does to it.
func MoreFields(n int, change func(i int, field map[string]any)) Trick {
	return ChangeJSON(func(m map[string]any) {
		fields, _ := m["fields"].([]any)
		for i := range n {
			more := map[string]any{}
			for key, value := range textField {
				more[key] = value
			}
			change(i, more)
			fields = append(fields, more)
		}
		m["fields"] = fields
	})
}

// textField is a field as describe has it.
var textField = map[string]any{
	"name": "More__c", "label": "More", "type": "string", "soapType": "xsd:string", "length": 255, "byteLength": 765,
	"precision": 0, "scale": 0, "digits": 0, "nillable": true, "calculated": false, "custom": true, "filterable": true,
	"sortable": true, "groupable": true, "createable": true, "updateable": true, "deprecatedAndHidden": false,
	"referenceTo": []string{}, "picklistValues": []any{}, "compoundFieldName": nil, "extraTypeInfo": nil,
	"encrypted": false, "externalId": false, "idLookup": false, "autoNumber": false, "defaultedOnCreate": false,
}

// MoreObjects adds objects to the list of all, each like Account but for its
// name.
func MoreObjects(names ...string) Trick {
	return ChangeJSON(func(m map[string]any) {
		list, _ := m["sobjects"].([]any)
		var like map[string]any
		for _, o := range list {
			if object, ok := o.(map[string]any); ok && object["name"] == "Account" {
				like = object
			}
		}
		for _, name := range names {
			more := map[string]any{}
			for key, value := range like {
				more[key] = value
			}
			more["name"], more["label"] = name, name
			list = append(list, more)
		}
		m["sobjects"] = list
	})
}
