package bulk

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// Classic answers Bulk API 1, which this org doesn't have, in its own words:
// clients that have another way take it when they read them.
type Classic struct{ works func(session string) bool }

// NewClassic makes a Classic that asks works whether a session is a good one.
func NewClassic(works func(session string) bool) *Classic { return &Classic{works} }

// Routes are the ways into Bulk API 1.
func (b *Classic) Routes() map[string]web.Resource {
	all := web.Methods{}
	for _, method := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	} {
		all[method] = b.refuse
	}
	return map[string]web.Resource{"/services/async/{rest...}": {Kind: "bulk-v1", Open: true, Methods: all}}
}

// A classicRefusal is how Bulk API 1 writes a no.
type classicRefusal struct {
	XMLName xml.Name `xml:"http://www.force.com/2009/06/asyncapi/dataload error" json:"-"`
	Code    string   `xml:"exceptionCode" json:"exceptionCode"`
	Message string   `xml:"exceptionMessage" json:"exceptionMessage"`
}

func (b *Classic) refuse(w http.ResponseWriter, c *web.Call) error {
	no := classicRefusal{Code: "FeatureNotEnabled", Message: "Bulk API is not enabled for this organization"}
	if !b.works(c.Header.Get("X-SFDC-Session")) {
		no.Code, no.Message = "InvalidSessionId", "Invalid session id"
	}
	if wantsJSON(c.Request) {
		reply.JSON(w, http.StatusBadRequest, no)
		return nil
	}
	text, err := xml.Marshal(no)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/xml;charset=UTF-8")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, xml.Header+string(text)) // a broken connection is the client's to notice
	return nil
}

// wantsJSON tells whether the client speaks JSON: by what it takes, what it
// sends, or the end of the path. Who says nothing gets XML.
func wantsJSON(r *http.Request) bool {
	for _, said := range []string{r.Header.Get("Accept"), r.Header.Get("Content-Type"), r.URL.Path} {
		asJSON, asXML := strings.Index(said, "json"), strings.Index(said, "xml")
		switch {
		case asJSON >= 0 && asXML >= 0:
			return asJSON < asXML // the one that it names first
		case asJSON >= 0 || asXML >= 0:
			return asJSON >= 0
		}
	}
	return false
}
