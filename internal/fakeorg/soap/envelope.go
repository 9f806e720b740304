package soap

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// The namespaces of an envelope.
const (
	envelope = "http://schemas.xmlsoap.org/soap/envelope/"
	instance = "http://www.w3.org/2001/XMLSchema-instance"
	partner  = "urn:partner.soap.sforce.com"
	records  = "urn:sobject.partner.soap.sforce.com"
	faults   = "urn:fault.partner.soap.sforce.com"
)

// A call is an envelope that was read.
type call struct {
	*web.Call
	name string // of the operation
	header
	arguments
}

type header struct {
	Session   string `xml:"SessionHeader>sessionId"`
	BatchSize int    `xml:"QueryOptions>batchSize"`
	AllOrNone bool   `xml:"AllOrNoneHeader>allOrNone"`
}

// arguments are those of all operations.
type arguments struct {
	XMLName     xml.Name
	Username    string   `xml:"username"`
	Password    string   `xml:"password"`
	QueryString string   `xml:"queryString"`
	Locator     string   `xml:"queryLocator"`
	Objects     []string `xml:"sObjectType"`
	IDs         []string `xml:"ids"`
	ID          []string `xml:"id"` // as beatbox and its heirs call them, for many years
}

func readCall(r *web.Call) (call, error) {
	var asked struct {
		XMLName xml.Name `xml:"Envelope"`
		Header  header   `xml:"Header"`
		Body    struct {
			Inside arguments `xml:",any"`
		} `xml:"Body"`
	}
	if err := xml.NewDecoder(r.Body).Decode(&asked); err != nil {
		return call{}, clientFault("The request is no SOAP envelope")
	}
	inside := asked.Body.Inside
	inside.IDs = append(inside.IDs, inside.ID...)
	return call{r, inside.XMLName.Local, asked.Header, inside}, nil
}

// A clientFault is a refusal of what is no call at all.
type clientFault string

// Error implements error.
func (e clientFault) Error() string { return string(e) }

// faultTypes are the elements that tell of a refusal in the detail of a fault,
// by its code.
func faultTypes() map[string]string {
	return map[string]string{
		"INVALID_LOGIN":         "LoginFault",
		"MALFORMED_QUERY":       "MalformedQueryFault",
		"INVALID_FIELD":         "InvalidFieldFault",
		"INVALID_TYPE":          "InvalidSObjectFault",
		"INVALID_QUERY_LOCATOR": "InvalidQueryLocatorFault",
		"MALFORMED_ID":          "InvalidIdFault",
	}
}

// refuse answers with a fault, which is a 500.
func refuse(w http.ResponseWriter, err error) error {
	code, text, detail := "soapenv:Server", err.Error(), ""
	if fault, ok := errors.AsType[clientFault](err); ok {
		code, text = "soapenv:Client", fault.Error()
	}
	if e, ok := errors.AsType[*reply.Refusal](err); ok {
		typ, known := faultTypes()[e.Code]
		if !known {
			typ = "UnexpectedErrorFault"
		}
		code, text = "sf:"+e.Code, e.Code+": "+e.Message
		detail = `<detail><sf:` + typ + ` xsi:type="sf:` + typ + `"><sf:exceptionCode>` + e.Code +
			`</sf:exceptionCode><sf:exceptionMessage>` + escaped(e.Message) + `</sf:exceptionMessage>`
		if strings.HasPrefix(typ, "Invalid") && typ != "InvalidIdFault" || typ == "MalformedQueryFault" {
			detail += `<sf:row>-1</sf:row><sf:column>-1</sf:column>`
		}
		detail += `</sf:` + typ + `></detail>`
	}
	send(w, http.StatusInternalServerError, `<soapenv:Envelope xmlns:soapenv="`+envelope+`" xmlns:sf="`+faults+
		`" xmlns:xsi="`+instance+`"><soapenv:Body><soapenv:Fault><faultcode>`+code+`</faultcode><faultstring>`+
		escaped(text)+`</faultstring>`+detail+`</soapenv:Fault></soapenv:Body></soapenv:Envelope>`)
	return nil
}

// write answers with an envelope, on which the namespaces stand.
func write(w http.ResponseWriter, header string, inside []byte) error {
	var text strings.Builder
	text.WriteString(`<soapenv:Envelope xmlns:soapenv="` + envelope + `" xmlns="` + partner +
		`" xmlns:xsi="` + instance + `" xmlns:sf="` + records + `">` + header + `<soapenv:Body>`)
	text.Write(inside)
	text.WriteString(`</soapenv:Body></soapenv:Envelope>`)
	send(w, http.StatusOK, text.String())
	return nil
}

// limitHeader tells how many calls are used.
func (s *Server) limitHeader() string {
	used, most := s.Usage.Calls()
	return `<soapenv:Header><LimitInfoHeader><limitInfo><current>` + strconv.Itoa(used) + `</current><limit>` +
		strconv.Itoa(most) + `</limit><type>API REQUESTS</type></limitInfo></LimitInfoHeader></soapenv:Header>`
}

// send answers. A broken connection is the client's to notice.
func send(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?>`+text)
}

func escaped(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a builder takes everything
	return out.String()
}
