package fakeorg_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"catchment/internal/fakeorg"
)

// The page for users of the fake org is executed: every bash block that asks an
// org something, in one shell, from the first to the last.
func TestHowtoPage(t *testing.T) {
	for _, tool := range []string{"sh", "curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the page can't be executed, make deps installs what it needs: %v", err)
		}
	}
	page, err := os.ReadFile("../../docs/howto/fake-org.md")
	if err != nil {
		t.Fatal(err)
	}
	script := ""
	for _, block := range strings.Split(string(page), "```bash\n")[1:] {
		if block, _, _ = strings.Cut(block, "```"); strings.Contains(block, "curl") {
			script += block
		}
	}
	c := serve(t, fakeorg.Options{PersonAccounts: true}, generated(500))
	login := c.org.Credentials()
	cmd := exec.Command("sh", "-eux", "-c", script)
	cmd.Env = append(os.Environ(), "URL="+c.url, "TOKEN="+c.token, "CLIENT_ID="+login.ClientID,
		"CLIENT_SECRET="+login.ClientSecret)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
