package login_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/salesforce/login"
)

func TestParseKey(t *testing.T) {
	const secret = "s3cr3t-value"
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	encoded := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	for _, text := range []string{
		encoded("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)),
		encoded("PRIVATE KEY", pkcs8),
		strings.ReplaceAll(encoded("PRIVATE KEY", pkcs8), "\n", "\r\n"),
	} {
		if got, err := login.ParseKey(text); err != nil || !got.Equal(key) {
			t.Errorf("%v", err)
		}
	}
	for text, words := range map[string]string{
		"":                                  "PEM",
		secret:                              "PEM",
		encoded("CERTIFICATE", certificate): "certificate",
		encoded("PUBLIC KEY", x509.MarshalPKCS1PublicKey(&key.PublicKey)):  "public",
		encoded("ENCRYPTED PRIVATE KEY", pkcs8[8:]):                        "passphrase",
		encoded("EC PRIVATE KEY", pkcs8[:40]):                              "PEM",
		encoded("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small)):     "1024 bits",
		encoded("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)[:100]): "PEM",
	} {
		_, err := login.ParseKey(text)
		if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), words) ||
			!strings.Contains(plan.HintOf(err), "openssl") || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v (hint: %s)", words, err, plan.HintOf(err))
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		if key, err := login.ParseKey(text); (key == nil) == (err == nil) {
			t.Errorf("%v, %v", key, err)
		}
	})
}
