package orgserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"
)

// An Identity is a key that lives as long as the process, and the certificate that goes with it.
type Identity struct {
	Certificate string // that a client has to trust, as PEM
	pair        tls.Certificate
}

// NewIdentity makes one that is good for localhost, and for the addresses of these listeners.
func NewIdentity(now time.Time, random io.Reader, listeners ...net.Listener) (Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return Identity{}, fmt.Errorf("make a key: %w", err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "catchment org"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	for _, listener := range listeners {
		if host, _, err := net.SplitHostPort(listener.Addr().String()); err == nil && net.ParseIP(host) != nil {
			about.IPAddresses = append(about.IPAddresses, net.ParseIP(host))
		}
	}
	der, err := x509.CreateCertificate(random, about, about, &key.PublicKey, key)
	if err != nil {
		return Identity{}, fmt.Errorf("make a certificate: %w", err)
	}
	return Identity{
		Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		pair:        tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
	}, nil
}

// Secure wraps a listener in TLS. protocols are those of its clients: h2 for gRPC, http/1.1 for all else.
func (i Identity) Secure(listener net.Listener, protocols ...string) net.Listener {
	return tls.NewListener(listener, &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: protocols, Certificates: []tls.Certificate{i.pair},
	})
}
