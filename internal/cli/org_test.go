package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"catchment/internal/cli"
	"catchment/internal/eventbus"
	"catchment/internal/project"
)

// serveOrg runs `catchment org` until the test ends, and returns its first line.
func serveOrg(t *testing.T, args ...string) map[string]string {
	t.Helper()
	return serveOrgSaying(t, io.Discard, args...)
}

// serveOrgSaying is serveOrg with what the command says on stderr.
func serveOrgSaying(t *testing.T, said io.Writer, args ...string) map[string]string {
	t.Helper()
	out, in := io.Pipe()
	signals, ended := make(chan os.Signal, 1), make(chan int)
	go func() {
		ended <- cli.Main(context.Background(), cli.Program{
			Args: append([]string{"org", "--records", "100"}, args...), Stdout: in, Stderr: said,
			World:   project.World{Getenv: func(string) string { return "" }, Now: time.Now, Random: rand.Reader},
			Signals: signals,
		})
	}()
	t.Cleanup(func() {
		signals <- os.Interrupt
		if code := <-ended; code != 0 {
			t.Errorf("exit code %d", code)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	about := map[string]string{}
	if err := json.Unmarshal(line, &about); err != nil {
		t.Fatal(err)
	}
	return about
}

func TestOrgFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(`[{"path":"/limits","nth":1,"answer":"unavailable"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	org := serveOrg(t, "--tls", "--faults", file, "--clock", "2026-03-14T15:09:26Z", "--still")
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM([]byte(org["certificate"])) {
		t.Fatalf("no certificate in %v", org)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	defer client.CloseIdleConnections()
	for _, want := range []int{503, 200} {
		r, err := http.NewRequest("GET", org["url"]+"/services/data/v66.0/limits", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+org["access_token"])
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want || resp.Header.Get("Date") != "Sat, 14 Mar 2026 15:09:26 GMT" {
			t.Errorf("%d at %s, want %d", resp.StatusCode, resp.Header.Get("Date"), want)
		}
	}
}

// Beyond this machine the admin API wants the token that the first line has; everywhere
// the secrets are random unless a seed is given.
func TestOrgIsGuarded(t *testing.T) {
	ask := func(org map[string]string, token string) int {
		t.Helper()
		port := org["url"][strings.LastIndex(org["url"], ":"):]
		r, err := http.NewRequest("GET", "http://127.0.0.1"+port+"/_org/requests", nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	near, seeded, again := serveOrg(t), serveOrg(t, "--seed", "1"), serveOrg(t, "--seed", "1")
	if near["admin_token"] != "" || ask(near, "") != 200 {
		t.Errorf("on this machine: token %q, %d", near["admin_token"], ask(near, ""))
	}
	for _, secret := range []string{"client_id", "client_secret", "username", "password", "refresh_token",
		"access_token"} {
		if seeded[secret] != again[secret] || seeded[secret] == near[secret] || near[secret] == "" {
			t.Errorf("%s: %q, with a seed %q and %q", secret, near[secret], seeded[secret], again[secret])
		}
	}
	far := serveOrg(t, "--addr", "0.0.0.0:0")
	if far["admin_token"] == "" || ask(far, "") != 401 || ask(far, far["access_token"]) != 401 ||
		ask(far, far["admin_token"]) != 200 {
		t.Errorf("beyond it: token %q, without it %d, with it %d", far["admin_token"], ask(far, ""),
			ask(far, far["admin_token"]))
	}
}

// What is asked is logged, and nothing that opens the org.
func TestOrgLog(t *testing.T) {
	said := &lockedBuffer{}
	org := serveOrgSaying(t, said, "--log", "--newest-version", "66", "--no-password-flow", "--person-accounts",
		"--multi-currency", "--refresh-token-idle", "720h", "--dpop", "bound", "--files", "3", "--external-files", "1",
		"--file-size", "20", "--largest-file", "50", "--attachments", "2", "--documents", "1", "--ranges",
		"--no-query-all-files", "--link-fields")
	send := func(method, path, body string) string {
		t.Helper()
		r, err := http.NewRequest(method, org["url"]+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+org["access_token"])
		if strings.Contains(body, "=") {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.Status + " " + string(text)
	}
	if got := send("GET", "/services/data/v66.0/sobjects/Account/describe", ""); !strings.Contains(got,
		`"PersonEmail"`) || !strings.Contains(got, `"CurrencyIsoCode"`) {
		t.Errorf("an Account is no person, or has no currency: %.100s", got)
	}
	first := send("GET", "/services/data/v66.0/sobjects/ContentVersion/068Ho0000000001IAA/VersionData", "")
	if len(first) != len("200 OK ")+50 {
		t.Errorf("%q", first)
	}
	send("GET", "/services/data/v67.0/limits", "")
	send("GET", "/services/data/v66.0/query?q=SELECT+Id+FROM+Account+WHERE+Name='%1b'&batch="+org["client_secret"], "")
	login := "client_id=" + org["client_id"] + "&client_secret=" + org["client_secret"]
	send("POST", "/services/oauth2/token?"+login, "grant_type=client_credentials")
	got := send("POST", "/services/oauth2/token", "grant_type=client_credentials&"+login)
	if !strings.Contains(got, `"token_type":"DPoP"`) {
		t.Error(got)
	}
	got = send("POST", "/services/oauth2/token", "grant_type=password&"+login+"&username="+org["username"]+"&password="+
		org["password"])
	if !strings.Contains(got, "authentication failure") {
		t.Error(got)
	}
	send("POST", "/_org/faults", `[{"path":"/limits","reset":true}]`)
	send("GET", "/services/data/v66.0/limits", "")
	for _, want := range []string{
		" GET /services/data/v66.0/sobjects/Account/describe 200 ", " GET /services/data/v67.0/limits 404 ",
		` GET /services/data/v66.0/query "batch"=... q="SELECT Id FROM Account WHERE Name='\x1b'" 200 `,
		` POST /services/oauth2/token "client_id"=... "client_secret"=... 400 `, " POST /services/oauth2/token 200 ",
		" POST /services/oauth2/token 400 ",
		" POST /_org/faults 204 0 bytes ", " GET /services/data/v66.0/limits broken off 0 bytes ",
	} {
		for !strings.Contains(said.String(), want) { // a line is written when its request has ended
			time.Sleep(time.Millisecond)
		}
	}
	log := said.String()
	for _, secret := range []string{"client_secret", "client_id", "access_token", "password", "refresh_token"} {
		if strings.Contains(log, org[secret]) {
			t.Errorf("the log has the %s", secret)
		}
	}
}

// A lockedBuffer is written to by a server while a test reads.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String is what was written so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestOrgRefusesFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(`[{"answer":"sunshine"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"--clock noon":            "hint: write it as 2026-",
		"--newest-version 69":     "must be versions of the API, from 31 to 68",
		"--dpop perhaps":          "dpop must be required, bound or empty",
		"--faults " + file:        "locator-gone",
		"--faults " + file + ".x": "hint: docs/howto/fake-org.md",
	} {
		var said bytes.Buffer
		code := cli.Main(context.Background(), cli.Program{
			Args: append([]string{"org"}, strings.Fields(args)...), Stdout: io.Discard, Stderr: &said,
			World: project.World{Getenv: func(string) string { return "" }, Now: time.Now, Random: rand.Reader},
		})
		if code != 2 || !strings.Contains(said.String(), want) {
			t.Errorf("%s: %d %s", args, code, said.String())
		}
	}
}

// Events come over TLS, by the one certificate that the first line has, and in plain text.
func TestOrgPublishesEvents(t *testing.T) {
	for _, flags := range [][]string{{"--pubsub"}, {"--pubsub=localhost:0", "--tls"}} {
		org := serveOrg(t, append(flags, "--events", "Account,Invoice__c")...)
		how := insecure.NewCredentials()
		if pem := org["certificate"]; pem != "" {
			trusted := x509.NewCertPool()
			trusted.AppendCertsFromPEM([]byte(pem))
			how = credentials.NewClientTLSFromCert(trusted, "")
		}
		conn, err := grpc.NewClient(org["pubsub"], grpc.WithTransportCredentials(how))
		if err != nil {
			t.Fatal(err)
		}
		ctx := metadata.AppendToOutgoingContext(t.Context(), "accesstoken", org["access_token"], "instanceurl",
			org["url"], "tenantid", org["org_id"])
		topic, err := eventbus.NewPubSubClient(conn).GetTopic(ctx,
			&eventbus.TopicRequest{TopicName: "/data/Invoice__ChangeEvent"})
		if err != nil || topic.SchemaId == "" {
			t.Errorf("%v: %v, %v", flags, topic, err)
		}
		conn.Close()
	}
}

func TestOrgPublishesNothingThatNobodyCanHear(t *testing.T) {
	for _, args := range [][]string{{"--events", "Account"}, {"--pubsub", "--events", "Nope"}} {
		said := &bytes.Buffer{}
		code := cli.Main(context.Background(), cli.Program{
			Args: append([]string{"org", "--records", "10"}, args...), Stdout: io.Discard, Stderr: said,
			World: project.World{Getenv: func(string) string { return "" }, Now: time.Now, Random: rand.Reader},
		})
		if code == 0 || !strings.Contains(said.String(), "--events") {
			t.Errorf("%v: exit code %d, %s", args, code, said)
		}
	}
}
