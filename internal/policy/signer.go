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

// Wrong says why a key can't sign, or "". It repeats nothing of it: what stands there may be
// the private half.
func (s Signer) Wrong() string {
	words := strings.Fields(s.Key)
	if len(words) < 2 || !slices.Contains(KeyTypes(), words[0]) {
		return "is not a public key of OpenSSH that may sign: " +
			"paste the line of a file such as id_ed25519.pub, of type " +
			strings.Join(KeyTypes(), ", ")
	}
	blob, err := base64.StdEncoding.DecodeString(words[1])
	if err != nil || !bytes.HasPrefix(blob, sized(words[0])) {
		return "is not a whole public key: paste the line of the .pub file as it is"
	}
	if words[0] == "ssh-rsa" && len(blob) < smallestRSA {
		return "is an RSA key of less than 2048 bits, which isn't safe any more: take a newer one"
	}
	return ""
}

// smallestRSA is less than an RSA key of 2048 bits takes, and more than a shorter one does.
const smallestRSA = 277

// Fingerprint is what OpenSSH shows of a key, as SHA256:..., and "" where it can't sign.
func (s Signer) Fingerprint() string {
	if s.Wrong() != "" {
		return ""
	}
	blob, _ := base64.StdEncoding.DecodeString(strings.Fields(s.Key)[1]) // it isn't wrong
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
