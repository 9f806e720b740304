package login

import (
	"strings"
	"testing"

	"catchment/internal/plan"
)

func TestInstance(t *testing.T) {
	const acme, fake = "https://acme.my.salesforce.com", "http://127.0.0.1:8080"
	tests := []struct {
		name, org, text string
		allowed         []string
		want            string // "" where a token isn't sent there
		class           plan.Class
	}{
		{"org.url itself", acme, acme, nil, acme, ""},
		{"with what goes without saying", acme, "HTTPS://ACME.my.salesforce.com:443/", nil, acme, ""},
		{"a sandbox", "https://test.salesforce.com", "https://acme--dev.sandbox.my.salesforce.com", nil,
			"https://acme--dev.sandbox.my.salesforce.com", ""},
		{"an instance of old", acme, "https://na1.salesforce.com", nil, "https://na1.salesforce.com", ""},
		{"China", acme, "https://acme.my.sfcrmproducts.cn", nil, "https://acme.my.sfcrmproducts.cn", ""},
		{"the same site", "https://crm.acme.co.uk", "https://api.acme.co.uk", nil, "https://api.acme.co.uk", ""},
		{"another customer of one registry", "https://acme.co.uk", "https://evil.co.uk", nil, "", plan.Fix},
		{"another bucket", "https://a.s3.amazonaws.com", "https://b.s3.amazonaws.com", nil, "", plan.Fix},
		{"another host", acme, "https://evil.com", nil, "", plan.Fix},
		{"one that only looks like it", acme, "https://evilsalesforce.com", nil, "", plan.Fix},
		{"a domain below another", acme, "https://acme.my.salesforce.com.evil.com", nil, "", plan.Fix},
		{"without TLS", acme, "http://acme.my.salesforce.com", nil, "", plan.Fix},
		{"without TLS, as an allowed one", acme, "http://gateway.acme.com", []string{"gateway.acme.com"}, "", plan.Fix},
		{"another port", acme, "https://acme.my.salesforce.com:8443", nil, "", plan.Fix},
		{"that port, allowed", acme, "https://acme.my.salesforce.com:8443", []string{"acme.my.salesforce.com:8443"},
			"https://acme.my.salesforce.com:8443", ""},
		{"an allowed host", acme, "https://gateway.acme.com", []string{"gateway.acme.com"},
			"https://gateway.acme.com", ""},
		{"another port of one", acme, "https://gateway.acme.com:444", []string{"gateway.acme.com"}, "", plan.Fix},
		{"a user", acme, "https://acme.my.salesforce.com@evil.com", nil, "", plan.Bug},
		{"a user of the right host", acme, "https://u:p@acme.my.salesforce.com", nil, "", plan.Bug},
		{"a dot at the end", acme, "https://acme.my.salesforce.com.", nil, "", plan.Bug},
		{"no letters of a host", acme, "https://\u0430cme.my.salesforce.com", nil, "", plan.Bug},
		{"no host", acme, "https:///services", nil, "", plan.Bug},
		{"no scheme", acme, "acme.my.salesforce.com", nil, "", plan.Bug},
		{"another scheme", acme, "ftp://acme.my.salesforce.com", nil, "", plan.Bug},
		{"an escape", acme, "https://a\x1b.my.salesforce.com", nil, "", plan.Bug},
		{"nothing", acme, "", nil, "", plan.Bug},
		{"this machine, from outside", acme, "http://127.0.0.1:8080", nil, "", plan.Fix},
		{"a number", acme, "https://93.184.216.34", nil, "", plan.Fix},
		{"the cloud's own", acme, "http://169.254.169.254", nil, "", plan.Fix},
		{"a fake org's other port", fake, "http://127.0.0.1:9090", nil, "http://127.0.0.1:9090", ""},
		{"its other names", fake, "https://localhost:9090", nil, "https://localhost:9090", ""},
		{"the same of IPv6", fake, "http://[::1]:9090", nil, "http://[::1]:9090", ""},
		{"another server of this machine", fake, "http://127.0.0.9:8080", nil, "", plan.Fix},
		{"that one, allowed", fake, "http://127.0.0.9:8080", []string{"127.0.0.9"}, "http://127.0.0.9:8080", ""},
		{"an org from a fake one", fake, acme, nil, acme, ""},
	}
	for _, tt := range tests {
		got, err := instance(tt.text, tt.org, tt.allowed)
		if got != tt.want || (err == nil) != (tt.want != "") || err != nil && plan.ClassOf(err) != tt.class {
			t.Errorf("%s: %q, class %s: %v", tt.name, got, plan.ClassOf(err), err)
		}
		if err != nil && plan.HintOf(err) == "" {
			t.Errorf("%s: no hint", tt.name)
		}
	}
	_, err := instance("https://api.example.net", acme, nil)
	if !strings.Contains(plan.HintOf(err), "instance_hosts: [api.example.net]") {
		t.Error(plan.HintOf(err))
	}
}

func TestKindsOfTokens(t *testing.T) {
	for text, class := range map[string]plan.Class{
		`{"access_token":"t","token_type":"Bearer"}`: "",
		`{"access_token":"t"}`:                       "",
		`{"access_token":"t","token_type":"DPoP"}`:   plan.Fix,
		`{"access_token":"t","token_type":"mac"}`:    plan.Bug,
		`{"access_token":"t\r\nX: y"}`:               plan.Bug,
		`{"access_token":"t"} {}`:                    plan.Bug,
	} {
		_, err := readGranted(strings.NewReader(text))
		if (err == nil) != (class == "") || err != nil && plan.ClassOf(err) != class {
			t.Errorf("%s: class %s: %v", text, plan.ClassOf(err), err)
		}
		if class == plan.Fix && !strings.Contains(plan.HintOf(err), "Require DPoP") {
			t.Error(plan.HintOf(err))
		}
	}
}

// Whatever a token endpoint answers, a token is sent to a host that may have it, or not at all,
// and what is said about the answer repeats none of it.
func FuzzTokenAnswer(f *testing.F) {
	for _, text := range []string{
		``, `{}`, `null`, `[1]`, `{"access_token":"s3cr3t","instance_url":"https://acme.my.salesforce.com"}`,
		`{"access_token":"s3cr3t","instance_url":"https://evil.com","id":"https://x/id/00D000000000001/005000000000001"}`,
		`{"access_token":7}`, `{"access_token":"s3cr3t","token_type":"DPoP"}`, `{"access_token":"s3cr3t"`,
	} {
		f.Add([]byte(text))
	}
	at := Endpoint{URL: "https://acme.my.salesforce.com"}
	f.Fuzz(func(t *testing.T, text []byte) {
		answer, err := readGranted(strings.NewReader(string(text)))
		var s Session
		if err == nil {
			s, err = answer.session(at)
		}
		if err != nil {
			if s.Token != "" || strings.Contains(err.Error(), "s3cr3t") || len(err.Error()) > 1000 {
				t.Errorf("%v", err)
			}
			return
		}
		host, tls := strings.CutPrefix(s.InstanceURL, "https://")
		if !tls || s.Token == "" || !isSalesforces("."+host) {
			t.Errorf("a token for %q, which is none of %v", s.InstanceURL, homes())
		}
	})
}

// Whatever an identity URL is, it gives two Ids of 18 characters or none.
func FuzzIdentity(f *testing.F) {
	for _, text := range []string{
		"", "/", "https://x/id/00D000000000001/005000000000001AAA", "https://x/id/1/2", "%zz",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		org, user, err := Identity(text)
		if err == nil && (len(org) != len(user) || org != "" && len(org) != 18) {
			t.Errorf("%q gives %q and %q", text, org, user)
		}
		if err != nil && len(text) > 20 && strings.Contains(err.Error(), text) {
			t.Errorf("%v repeats it", err)
		}
	})
}
