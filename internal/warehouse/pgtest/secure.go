package pgtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A secure server has TLS, by a certificate of an authority of its own, and asks
// everybody but "postgres" for a password: as one has it to whom others come.
const (
	secureSettings = "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n"
	secureAccess   = "host all postgres 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
)

// Secure starts the server as a secure one, unless it runs, and gives its host
// with the port, and the file of the certificate that its own is signed by.
func (c *Cluster) Secure(ctx context.Context) (host, root string, err error) {
	c.secure = true
	if _, err := c.Create(ctx); err != nil {
		return "", "", err
	}
	return c.addr, filepath.Join(c.dir, "root.crt"), nil
}

// writeCertificates makes the authority, which signs one certificate and is
// forgotten, and the files of the server, for whom it shall run as.
func (c *Cluster) writeCertificates(data string, owner *syscall.SysProcAttr) error {
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Acme database root"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	root, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "db.acme.test"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, server, ca, &key.PublicKey, caKey)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		writePEM(filepath.Join(c.dir, "root.crt"), "CERTIFICATE", root, owner),
		writePEM(filepath.Join(data, "server.crt"), "CERTIFICATE", certificate, owner),
		writePEM(filepath.Join(data, "server.key"), "PRIVATE KEY", secret, owner))
}

func writePEM(path, kind string, der []byte, owner *syscall.SysProcAttr) error {
	err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
	if err != nil || owner == nil {
		return err
	}
	return os.Chown(path, int(owner.Credential.Uid), int(owner.Credential.Gid))
}
