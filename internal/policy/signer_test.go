package policy_test

import (
	"strings"
	"testing"

	"catchment/internal/policy"
)

// The keys are OpenSSH's own, of which nobody has the other half; the fingerprints are what
// ssh-keygen -l shows of them.
const (
	edKey   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop ann@acme"
	edPrint = "SHA256:tAXFyTXI8xtDaujAEcwJslAYc9/6FKcUkd2Lw0xDhPo"
)

func TestFingerprint(t *testing.T) {
	t.Parallel()
	for _, key := range []string{edKey, "  " + edKey + "\n", strings.TrimSuffix(edKey, " ann@acme")} {
		s := policy.Signer{Name: "ann", Key: key}
		if s.Wrong() != "" || s.Fingerprint() != edPrint || s.Identity() != edPrint+" ann" {
			t.Errorf("%q: %q, %q", key, s.Wrong(), s.Identity())
		}
	}
}

// What can't sign has no fingerprint, and is repeated nowhere: it may be a private key.
func TestWrongKeys(t *testing.T) {
	t.Parallel()
	words := strings.Fields(edKey)
	for what, key := range map[string]string{
		"nothing":            "",
		"a private key":      "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2",
		"its type alone":     words[0],
		"no base64":          words[0] + " hunter2!",
		"of another type":    "ssh-rsa " + words[1],
		"DSA":                "ssh-dss AAAAB3NzaC1kc3MAAACBAP",
		"a certificate":      "ssh-ed25519-cert-v01@openssh.com " + words[1],
		"options before it":  `command="hunter2" ` + edKey,
		"a short key of RSA": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==",
	} {
		s := policy.Signer{Name: "ann", Key: key}
		if s.Wrong() == "" || s.Fingerprint() != "" || strings.Contains(s.Wrong(), "hunter2") {
			t.Errorf("%s: %q, %q", what, s.Wrong(), s.Fingerprint())
		}
	}
}
