package login

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// The partner SOAP API, as far as old clients need it to log in. login was
// never carried over to v65.0.
const newestSoapLogin = 64

// A soapRequest is what can be asked; the elements tell which.
type soapRequest struct {
	Login *struct {
		Username string `xml:"username"`
		Password string `xml:"password"`
	} `xml:"Body>login"`
	UserInfo *struct{} `xml:"Body>getUserInfo"`
	Session  string    `xml:"Header>SessionHeader>sessionId"`
}

// A soapUser tells who is logged in.
type soapUser struct {
	OrganizationID   string `xml:"organizationId"`
	OrganizationName string `xml:"organizationName"`
	UserEmail        string `xml:"userEmail"`
	UserFullName     string `xml:"userFullName"`
	UserID           string `xml:"userId"`
	UserLanguage     string `xml:"userLanguage"`
	UserLocale       string `xml:"userLocale"`
	UserName         string `xml:"userName"`
	UserTimeZone     string `xml:"userTimeZone"`
	UserType         string `xml:"userType"`
}

type soapLogin struct {
	XMLName         xml.Name `xml:"urn:partner.soap.sforce.com loginResponse"`
	MetadataURL     string   `xml:"result>metadataServerUrl"`
	PasswordExpired bool     `xml:"result>passwordExpired"`
	Sandbox         bool     `xml:"result>sandbox"`
	ServerURL       string   `xml:"result>serverUrl"`
	SessionID       string   `xml:"result>sessionId"`
	UserID          string   `xml:"result>userId"`
	UserInfo        soapUser `xml:"result>userInfo"`
}

type soapUserInfo struct {
	XMLName xml.Name `xml:"urn:partner.soap.sforce.com getUserInfoResponse"`
	Result  soapUser `xml:"result"`
}

// A soapFault is a refusal.
type soapFault struct {
	XMLName xml.Name `xml:"soapenv:Fault"`
	Code    string   `xml:"faultcode"`
	Text    string   `xml:"faultstring"`
}

func (l *Server) soap(w http.ResponseWriter, c *web.Call) error {
	body, err := io.ReadAll(c.Body)
	if err != nil {
		return reply.Bad("INVALID_REQUEST", "The request couldn't be read to its end")
	}
	var asked soapRequest
	if err := xml.NewDecoder(bytes.NewReader(body)).Decode(&asked); err != nil {
		return refuseSoap(w, "soapenv:Client", "The request is no SOAP envelope")
	}
	version, err := strconv.ParseFloat(c.PathValue("number"), 32)
	switch {
	case err != nil || asked.Login != nil && version > newestSoapLogin:
		return refuseSoap(w, "sf:UNSUPPORTED_API_VERSION",
			"UNSUPPORTED_API_VERSION: login() isn't there in this version")
	case asked.Login != nil:
		if asked.Login.Username != l.creds.Username || asked.Login.Password != l.creds.Password {
			return refuseSoap(w, "sf:INVALID_LOGIN",
				"INVALID_LOGIN: Invalid username, password, security token; or user locked out.")
		}
		return writeSoap(w, l.soapLogin(c))
	case !l.Works(asked.Session):
		return refuseSoap(w, "sf:INVALID_SESSION_ID",
			"INVALID_SESSION_ID: Invalid Session ID found in SessionHeader")
	case asked.UserInfo != nil:
		return writeSoap(w, soapUserInfo{Result: l.soapUser()})
	}
	return refuseSoap(w, "soapenv:Client", "No operation available for this request")
}

func (l *Server) soapLogin(c *web.Call) soapLogin {
	at := web.BaseURL(c.Request) + "/services/Soap/"
	tail := "/" + c.PathValue("number") + "/" + l.org[:recordid.Short]
	return soapLogin{
		MetadataURL: at + "m" + tail, ServerURL: at + "u" + tail, Sandbox: l.sandbox,
		SessionID: l.open(nil), UserID: recordid.RunningUser(), UserInfo: l.soapUser(),
	}
}

func (l *Server) soapUser() soapUser {
	return soapUser{
		OrganizationID: l.org, OrganizationName: l.name, UserEmail: l.creds.Username, UserFullName: l.creds.Username,
		UserID: recordid.RunningUser(), UserLanguage: "en_US", UserLocale: "en_US", UserName: l.creds.Username,
		UserTimeZone: "UTC", UserType: "Standard",
	}
}

// refuseSoap answers with a fault.
func refuseSoap(w http.ResponseWriter, code, text string) error {
	return writeSoap(w, soapFault{Code: code, Text: text})
}

// writeSoap answers with an envelope; a fault is a 500.
func writeSoap(w http.ResponseWriter, body any) error {
	inside, err := xml.Marshal(body)
	if err != nil {
		return err
	}
	var text strings.Builder
	text.WriteString(xml.Header + `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"` +
		` xmlns:sf="urn:fault.partner.soap.sforce.com"><soapenv:Body>`)
	text.Write(inside)
	text.WriteString(`</soapenv:Body></soapenv:Envelope>`)
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	if _, fault := body.(soapFault); fault {
		w.WriteHeader(http.StatusInternalServerError)
	}
	_, _ = io.WriteString(w, text.String()) // a broken connection is the client's to notice
	return nil
}
