package soap

import (
	"encoding/xml"

	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// A null is an element without a value.
type null struct {
	Nil bool `xml:"xsi:nil,attr"`
}

// A user tells who is logged in, in the order of the WSDL.
type user struct {
	AccessibilityMode bool   `xml:"accessibilityMode"`
	ChatterExternal   bool   `xml:"chatterExternal"`
	CurrencySymbol    string `xml:"currencySymbol"`
	AttachmentLimit   int    `xml:"orgAttachmentFileSizeLimit"`
	OrgCurrency       string `xml:"orgDefaultCurrencyIsoCode"`
	OrgLocale         string `xml:"orgDefaultCurrencyLocale"`
	DisallowHTML      bool   `xml:"orgDisallowHtmlAttachments"`
	PersonAccounts    bool   `xml:"orgHasPersonAccounts"`
	OrganizationID    string `xml:"organizationId"`
	MultiCurrency     bool   `xml:"organizationMultiCurrency"`
	OrganizationName  string `xml:"organizationName"`
	ProfileID         string `xml:"profileId"`
	RoleID            null   `xml:"roleId"`
	SecondsValid      int    `xml:"sessionSecondsValid"`
	UserCurrency      null   `xml:"userDefaultCurrencyIsoCode"`
	Email             string `xml:"userEmail"`
	FullName          string `xml:"userFullName"`
	ID                string `xml:"userId"`
	Language          string `xml:"userLanguage"`
	Locale            string `xml:"userLocale"`
	Name              string `xml:"userName"`
	TimeZone          string `xml:"userTimeZone"`
	Type              string `xml:"userType"`
	Skin              string `xml:"userUiSkin"`
}

func (s *Server) user() user {
	who := s.Login.Identity()
	return user{
		CurrencySymbol: "$", AttachmentLimit: 5 << 20, OrgCurrency: "USD", OrgLocale: "en_US",
		OrganizationID: who.Org, OrganizationName: who.Name, ProfileID: recordid.New("00e", 1), RoleID: null{true},
		SecondsValid: int(who.Life.Seconds()), UserCurrency: null{true}, Email: who.Username, FullName: who.Username,
		ID: recordid.RunningUser(), Language: "en_US", Locale: "en_US", Name: who.Username, TimeZone: "UTC",
		Type: "Standard", Skin: "Theme3",
	}
}

type loginResult struct {
	XMLName         xml.Name `xml:"loginResponse"`
	MetadataURL     string   `xml:"result>metadataServerUrl"`
	PasswordExpired bool     `xml:"result>passwordExpired"`
	Sandbox         bool     `xml:"result>sandbox"`
	ServerURL       string   `xml:"result>serverUrl"`
	SessionID       string   `xml:"result>sessionId"`
	UserID          string   `xml:"result>userId"`
	User            user     `xml:"result>userInfo"`
}

// enter opens a session.
func (s *Server) enter(c call) ([]byte, error) {
	session, ok := s.Login.Enter(c.Username, c.Password)
	if !ok {
		return nil, reply.Bad("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.")
	}
	who := s.Login.Identity()
	at := web.BaseURL(c.Request) + "/services/Soap/"
	tail := "/" + c.PathValue("number") + "/" + who.Org[:recordid.Short]
	return xml.Marshal(loginResult{
		MetadataURL: at + "m" + tail, ServerURL: at + "u" + tail, Sandbox: who.Sandbox,
		SessionID: session, UserID: recordid.RunningUser(), User: s.user(),
	})
}

func (s *Server) logout(c call) ([]byte, error) {
	s.Login.Leave(c.Session)
	return []byte(`<logoutResponse/>`), nil
}

func (s *Server) userInfo(call) ([]byte, error) {
	type result struct {
		XMLName xml.Name `xml:"getUserInfoResponse"`
		Result  user     `xml:"result"`
	}
	return xml.Marshal(result{Result: s.user()})
}

func (s *Server) timestamp(call) ([]byte, error) {
	return []byte(`<getServerTimestampResponse><result><timestamp>` + orgtime.Stamp(s.Clock.Now()) +
		`</timestamp></result></getServerTimestampResponse>`), nil
}
