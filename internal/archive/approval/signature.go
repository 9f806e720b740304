package approval

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"catchment/internal/policy"
)

// Namespace is what a signature has to be for: one that was made for e-mail or git says
// nothing here.
const Namespace = "catchment-archive"

// What a signature looks like, and how large it is at most: an RSA key of 16384 bits takes less.
const (
	armorBegin       = "-----BEGIN SSH SIGNATURE-----"
	armorEnd         = "-----END SSH SIGNATURE-----"
	longestSignature = 16 << 10
)

// A blobSig is what the armor holds behind the word SSHSIG (OpenSSH, PROTOCOL.sshsig).
type blobSig struct {
	Version   uint32
	PublicKey []byte
	Namespace string
	Reserved  string
	Hash      string
	Signature []byte
}

// magic begins a signature, and what it is made over.
const magic = "SSHSIG"

// signed tells the fingerprint of the key by which a text was signed. Its errors repeat nothing
// of a signature: by mistake it may be the key.
func signed(text, armored string) (fingerprint string, err error) {
	sig, err := unarmored(armored)
	if err != nil {
		return "", err
	}
	if sig.Namespace != Namespace {
		return "", errors.New("it was made for something else: sign with -n " + Namespace)
	}
	digest, err := hashed(sig.Hash, text)
	if err != nil {
		return "", err
	}
	key, err := ssh.ParsePublicKey(sig.PublicKey)
	if err != nil || !slices.Contains(policy.KeyTypes(), key.Type()) {
		return "", fmt.Errorf("its key is of no type that counts: %s", strings.Join(policy.KeyTypes(), ", "))
	}
	var made ssh.Signature
	if err := ssh.Unmarshal(sig.Signature, &made); err != nil {
		return "", errors.New("it is damaged")
	}
	if what := weak(key, made.Format); what != "" {
		return "", errors.New(what)
	}
	over := append([]byte(magic), ssh.Marshal(struct{ Namespace, Reserved, Hash, Digest string }{
		sig.Namespace, sig.Reserved, sig.Hash, string(digest)})...)
	if err := key.Verify(over, &made); err != nil {
		return "", errors.New("it is of another text, or was changed: " +
			"sign what catchment archive approve --text prints")
	}
	return policy.FingerprintOf(sig.PublicKey), nil
}

// unarmored reads the text of a .sig file.
func unarmored(text string) (sig blobSig, err error) {
	wrong := errors.New("it is no signature of ssh-keygen -Y sign")
	if len(text) > longestSignature {
		return sig, wrong
	}
	body, begins := strings.CutPrefix(strings.TrimSpace(text), armorBegin)
	body, ends := strings.CutSuffix(body, armorEnd)
	if !begins || !ends {
		return sig, wrong
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.Join(strings.Fields(body), ""))
	if err != nil {
		return sig, wrong
	}
	rest, is := bytes.CutPrefix(raw, []byte(magic))
	if !is || ssh.Unmarshal(rest, &sig) != nil || sig.Version != 1 {
		return sig, wrong
	}
	return sig, nil
}

// hashed is the digest of a text that a signature is made over.
func hashed(hash, text string) ([]byte, error) {
	switch hash {
	case "sha256":
		sum := sha256.Sum256([]byte(text))
		return sum[:], nil
	case "sha512":
		sum := sha512.Sum512([]byte(text))
		return sum[:], nil
	}
	return nil, errors.New("it is made over another digest than sha256 or sha512")
}

// weak says why a signature of an RSA key is worth nothing, or "": SHA-1, which the type's own
// name stands for, or a modulus that was short years ago.
func weak(key ssh.PublicKey, format string) string {
	if key.Type() != ssh.KeyAlgoRSA {
		return ""
	}
	if format != ssh.KeyAlgoRSASHA256 && format != ssh.KeyAlgoRSASHA512 {
		return "it is made with SHA-1, which isn't safe any more: sign with a newer ssh-keygen"
	}
	public, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return "its key can't be read"
	}
	if k, ok := public.CryptoPublicKey().(*rsa.PublicKey); !ok || k.N.BitLen() < 2048 {
		return "its key has less than 2048 bits, which isn't safe any more"
	}
	return ""
}
