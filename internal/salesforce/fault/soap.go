package fault

import (
	"bytes"
	"encoding/xml"
	"strings"
)

// soapFault reads a fault of SOAP: its code, without the namespace before it, and its words, which begin
// with the code once more.
func soapFault(text []byte) (code, message string, ok bool) {
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("<")) {
		return "", "", false
	}
	var envelope struct {
		XMLName xml.Name
		Code    string `xml:"Body>Fault>faultcode"`
		Words   string `xml:"Body>Fault>faultstring"`
	}
	if xml.Unmarshal(text, &envelope) != nil || envelope.XMLName.Local != "Envelope" || envelope.Code == "" {
		return "", "", false
	}
	code = strings.TrimSpace(envelope.Code)
	if _, local, found := strings.Cut(code, ":"); found {
		code = local
	}
	message = strings.TrimPrefix(strings.TrimSpace(envelope.Words), code+": ")
	return code, message, true
}
