package write_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/salesforce/write"
)

const soap = "POST /services/Soap/u/66.0"

// undeleted writes an answer as the WSDL has it.
func undeleted(results ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope ` +
		`xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com">` +
		`<soapenv:Header><LimitInfoHeader><limitInfo><current>1</current></limitInfo></LimitInfoHeader></soapenv:Header>` +
		`<soapenv:Body><undeleteResponse>` + strings.Join(results, "") +
		`</undeleteResponse></soapenv:Body></soapenv:Envelope>`
}

func back(id string) string { return `<result><id>` + id + `</id><success>true</success></result>` }

func soapFault(code, words string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		answer(w, "text/xml; charset=utf-8", 500, `<soapenv:Envelope `+
			`xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" `+
			`xmlns:sf="urn:fault.partner.soap.sforce.com"><soapenv:Body><soapenv:Fault><faultcode>sf:`+code+
			`</faultcode><faultstring>`+code+`: `+words+`</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>`)
	}
}

func xml(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, "text/xml; charset=utf-8", 200, text) }
}

func TestUndelete(t *testing.T) {
	o := newOrg(t)
	o.mux.HandleFunc(soap, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		for _, want := range []string{"<sessionId>" + token + "</sessionId>", "<allOrNone>false</allOrNone>",
			"<undelete><ids>" + id(1) + "</ids><ids>" + id(2) + "</ids></undelete>"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("no %s in the call", want)
			}
		}
		xml(undeleted(back(id(1)), `<result><errors><fields>Id</fields>`+
			`<message>Entity is not in the recycle bin</message><statusCode>UNDELETE_FAILED</statusCode></errors><id>`+id(2)+`</id><success>false</success></result>`))(w, r)
	})
	outcomes, err := o.Undelete(t.Context(), "Account", []string{id(1), id(2)}, write.EachAlone)
	if err != nil {
		t.Fatal(err)
	}
	check(t, outcomes, "0 "+id(1)+" done", "1 "+id(2)+" failed UNDELETE_FAILED not in bin fix")
}

func TestLostUndelete(t *testing.T) {
	whole := undeleted(back(id(1)), back(id(2)))
	for name, lost := range map[string]http.HandlerFunc{
		"no answer":       reset,
		"a cut answer":    cut("text/xml", whole[:len(whole)-40]),
		"another's Ids":   xml(undeleted(back(id(8)), back(id(9)))),
		"too many":        xml(undeleted(back(id(1)), back(id(2)), back(id(3)))),
		"too few":         xml(undeleted(back(id(1)))),
		"none":            xml(undeleted()),
		"another answer":  xml(strings.ReplaceAll(whole, "undeleteResponse", "deleteResponse")),
		"no XML":          xml("nonsense <<"),
		"trouble of SOAP": soapFault("UNKNOWN_EXCEPTION", "x"),
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t)
			o.handle(soap, lost)
			o.handle("GET /services/data/v66.0/queryAll", holds(map[string]bool{id(1): false}))
			outcomes, err := o.Undelete(t.Context(), "Account", []string{id(1), id(2)}, write.EachAlone)
			if err != nil {
				t.Fatal(err)
			}
			second := "1 " + id(2) + " unknown absent"
			if name == "a cut answer" { // both answers came
				second = "1 " + id(2) + " done"
			}
			check(t, outcomes, "0 "+id(1)+" done", second)
			if n := o.sent(soap); n != 1 {
				t.Errorf("%d undeletes were sent", n)
			}
		})
	}
}

// A session that has ended shows as a fault of SOAP, and no error repeats the token.
func TestUndeleteFault(t *testing.T) {
	o := newOrg(t)
	o.handle(soap, soapFault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: "+token))
	outcomes, err := o.Undelete(t.Context(), "Account", []string{id(1)}, write.EachAlone)
	if outcomes != nil || plan.ClassOf(err) != plan.Fix || strings.Contains(err.Error(), token) {
		t.Errorf("%v, %v", outcomes, err)
	}
	if n := o.sent(soap); n != 2 { // once more after the login
		t.Errorf("%d undeletes were sent", n)
	}
}
