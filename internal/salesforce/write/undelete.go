package write

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"

	"catchment/internal/plan"
	"catchment/internal/salesforce/wire"
)

// Undelete brings up to 200 records back from the recycle bin, by one call, with what was deleted along with
// them. Only SOAP can do that; the session's token serves there, too. Its outcomes are as those of Delete.
func (w *Writer) Undelete(ctx context.Context, object string, ids []string, mode Mode) ([]Outcome, error) {
	b, err := w.batchOf(Undelete, object, ids, mode)
	if err != nil {
		return nil, err
	}
	call := func() ([]saved, error) {
		resp, err := w.api.Send(ctx, &wire.Request{
			Method: http.MethodPost,
			Path:   "/services/Soap/u/" + w.api.Version,
			Header: http.Header{"Content-Type": {"text/xml; charset=UTF-8"}, "Soapaction": {`""`}},
			Sealed: func(token string) []byte { return undeleteEnvelope(token, b.ids(), mode) },
			Once:   true,
		})
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		return readUndeleted(resp.Body, len(b.sent))
	}
	outcomes, err := b.send(ctx, w, call, w.lookDeleted(object, Live, looksAfter()))
	return outcomes, named(Undelete, object, err)
}

// The namespaces of an envelope.
const (
	envelope = "http://schemas.xmlsoap.org/soap/envelope/"
	partner  = "urn:partner.soap.sforce.com"
)

// undeleteEnvelope writes the call.
func undeleteEnvelope(token string, ids []string, mode Mode) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header + `<soapenv:Envelope xmlns:soapenv="` + envelope + `" xmlns="` + partner + `">` +
		`<soapenv:Header><SessionHeader><sessionId>`)
	_ = xml.EscapeText(&b, []byte(token)) // a Buffer takes everything
	b.WriteString(`</sessionId></SessionHeader><AllOrNoneHeader><allOrNone>` + strconv.FormatBool(bool(mode)) +
		`</allOrNone></AllOrNoneHeader></soapenv:Header><soapenv:Body><undelete>`)
	for _, id := range ids {
		b.WriteString(`<ids>`)
		_ = xml.EscapeText(&b, []byte(id))
		b.WriteString(`</ids>`)
	}
	b.WriteString(`</undelete></soapenv:Body></soapenv:Envelope>`)
	return b.Bytes()
}

// undeletedAtMost bounds an answer: 200 records with some errors each take a small part of it.
const undeletedAtMost = 4 << 20

// readUndeleted reads the answers to so many records, up to where the text is cut.
func readUndeleted(from io.Reader, asked int) (answers []saved, err error) {
	d := xml.NewDecoder(io.LimitReader(from, undeletedAtMost))
	var open []xml.Name
	for {
		t, err := d.Token()
		switch {
		case err == io.EOF && len(open) == 0 && d.InputOffset() > 0 && answers != nil:
			return answers, nil
		case err == io.EOF:
			return answers, plan.Strangef("the answer isn't that to an undelete")
		case err != nil:
			return answers, notXML(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if !isResult(open, t.Name) {
				open = append(open, t.Name)
				continue
			}
			var one saved
			if len(answers) == asked {
				return nil, errNotOurs
			}
			if err := d.DecodeElement(&one, &t); err != nil {
				return answers, notXML(err)
			}
			answers = append(answers, one)
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
}

// isResult tells whether name, within the open elements, is the answer to one record.
func isResult(open []xml.Name, name xml.Name) bool {
	return len(open) == 3 && open[0] == xml.Name{Space: envelope, Local: "Envelope"} &&
		open[1] == xml.Name{Space: envelope, Local: "Body"} &&
		open[2] == xml.Name{Space: partner, Local: "undeleteResponse"} &&
		name == xml.Name{Space: partner, Local: "result"}
}

// notXML is err of a text that isn't XML, without quoting it: the parser's errors repeat what they met.
func notXML(err error) error {
	if _, ok := errors.AsType[*plan.Failure](err); ok || plan.ClassOf(err) == plan.Retry {
		return err
	}
	return plan.Strangef("the answer isn't the XML of the guide")
}
