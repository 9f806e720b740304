package hostile

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/hostile/place"
)

// open opens the network of an org, and gives a client that reaches it as any
// program does. It follows whatever it is told to.
func open(t *testing.T, way Way) (*Net, *http.Client) {
	t.Helper()
	org, err := fakeorg.New(fakeorg.Options{
		Clock: fakeorg.StillClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), ClientID: "id",
		ClientSecret: "cl1ent-s3cret",
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	n, err := Open(org, way, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	// As http.ProxyFromEnvironment does, which reads the environment once only.
	proxy, _ := strings.CutPrefix(n.Environment()[0], "HTTP_PROXY=")
	transport.Proxy = func(r *http.Request) (*url.URL, error) {
		if strings.HasPrefix(r.URL.Host, "127.") {
			return nil, nil
		}
		return url.Parse(proxy)
	}
	return n, &http.Client{Transport: transport}
}

func get(t *testing.T, c *http.Client, url string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer 00D!x")
	resp, err := c.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		text = err.Error()
	}
	return resp.StatusCode, string(body) + text
}

func TestAnHonestOrgIsReached(t *testing.T) {
	t.Parallel()
	for _, way := range []Way{Clear, Secure} {
		n, c := open(t, way)
		if status, text := get(t, c, n.URL()+"/services/data"); status != 200 || !strings.Contains(text, "version") {
			t.Errorf("%s: %d %s", way, status, text)
		}
		if strays := n.Strays(); strays != nil || n.Bites() != 0 {
			t.Errorf("%s: strays %v, %d bites", way, strays, n.Bites())
		}
	}
}

// Whoever does as a hostile server says is found out: that none was is worth
// something.
func TestWhoStraysIsSeen(t *testing.T) {
	t.Parallel()
	for _, way := range []Way{Clear, Secure} {
		n, c := open(t, way)
		for _, to := range []string{"https://evil.example", "http://evil.example", "http://" + Home,
			n.Elsewhere("http"), n.Elsewhere("https")} {
			before := len(n.Strays())
			n.Attack(Attack{On: place.Objects, Do: MovedTo(307, to)})
			get(t, c, n.URL()+"/services/data/v66.0/sobjects")
			strays := n.Strays()[before:]
			if len(strays) != 1 || !strings.Contains(strays[0], strings.TrimPrefix(to, "http")) || n.Bites() != 1 {
				t.Errorf("%s to %s: %v, %d bites", way, to, strays, n.Bites())
			}
		}
		n.Attack(Attack{On: place.Token, Do: MovedTo(308, "https://evil.example")})
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"id"},
			"client_secret": {"cl1ent-s3cret"}}
		resp, err := c.PostForm(n.URL()+"/services/oauth2/token", form)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		strays := n.Strays()
		if last := strays[len(strays)-1]; !strings.Contains(last, "client_secret=") ||
			!strings.Contains(last, "a secret") {
			t.Errorf("%s: %s", way, last)
		}
	}
}

func TestTrustedHosts(t *testing.T) {
	t.Parallel()
	n, c := open(t, Secure)
	n.Trust("na1.salesforce.com")
	get(t, c, "https://na1.salesforce.com/services/data")
	if strays := n.Strays(); strays != nil {
		t.Error(strays)
	}
	get(t, c, "http://na1.salesforce.com/services/data")
	get(t, c, "https://na2.salesforce.com/services/data")
	if strays := n.Strays(); len(strays) != 2 {
		t.Error(strays)
	}
}

func TestAttacksMeetTheirPlace(t *testing.T) {
	t.Parallel()
	n, c := open(t, Clear)
	n.Attack(Attack{On: place.Versions, From: 2, Times: 1, Do: Refuse(400, "X", "no")})
	for i, want := range []int{200, 400, 200} {
		if status, _ := get(t, c, n.URL()+"/services/data"); status != want {
			t.Errorf("answer %d: status %d, want %d", i+1, status, want)
		}
	}
	n.Attack(Attack{On: place.Anything, About: "Contact", Do: Refuse(400, "X", "no")})
	if status, _ := get(t, c, n.URL()+"/services/data"); status != 200 {
		t.Errorf("status %d of another subject", status)
	}
}

// A flood is as long as it says, packed or not.
func TestFlood(t *testing.T) {
	t.Parallel()
	n, c := open(t, Secure)
	for _, packed := range []bool{false, true} {
		n.Attack(Attack{On: place.Versions, Do: Flood{Before: "[", Text: "abc", Behind: "]", Size: 20_000_000,
			Packed: packed}.Trick})
		status, text := get(t, c, n.URL()+"/services/data")
		if inner := strings.Trim(text, "[]"); status != 200 || len(inner) < 20_000_000 || len(inner)%3 != 0 ||
			strings.Trim(inner, "abc") != "" {
			t.Errorf("packed %v: status %d, %d bytes", packed, status, len(text))
		}
	}
	n.Attack(Attack{On: place.Versions, Do: Promise(10)})
	if _, text := get(t, c, n.URL()+"/services/data"); !strings.Contains(text, "unexpected EOF") {
		t.Errorf("a body shorter than promised: %.80s", text)
	}
}
