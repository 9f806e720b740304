package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
)

// A Signer is somebody who may approve, by a public key as OpenSSH writes it. Who has
// several keys stands there once for each, under the same name.
type Signer struct {
	Name string
	Key  string // as in id_ed25519.pub: type, base64, and a comment that counts for nothing
}

// KeyTypes are the types of keys that may sign, as OpenSSH calls them. DSA isn't safe any
// more, and what a certificate says is for whoever knows its authority.
func KeyTypes() []string {
	return []string{"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
		"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"}
}

// Fingerprint is what OpenSSH shows of a key, as SHA256:..., and "" where it is none that
// may sign.
func (s Signer) Fingerprint() string {
	words := strings.Fields(s.Key)
	if len(words) < 2 || !slices.Contains(KeyTypes(), words[0]) {
		return ""
	}
	blob, err := base64.StdEncoding.DecodeString(words[1])
	if err != nil || !bytes.HasPrefix(blob, sized(words[0])) {
		return ""
	}
	return FingerprintOf(blob)
}

// Identity is how a plan names a signer: the fingerprint, a blank and the name.
func (s Signer) Identity() string { return s.Fingerprint() + " " + s.Name }

// FingerprintOf is the fingerprint of a key in OpenSSH's binary form.
func FingerprintOf(key []byte) string {
	sum := sha256.Sum256(key)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// sized is a text behind its length, as SSH writes texts (RFC 4251, section 5).
func sized(text string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...) // #nosec G115 -- one of KeyTypes
}
