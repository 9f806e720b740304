package login

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
)

const (
	// assertionLife is how long an assertion works. The guide allows three
	// minutes, by Salesforce's own clock: two leave a minute to either side.
	assertionLife = 2 * time.Minute

	// skewAtMost is how far our clock may be from Salesforce's before that is
	// taken for the reason of a refusal.
	skewAtMost = 20 * time.Second
)

// JWT logs in as a user with an assertion that a private key signs. Its
// certificate is registered with the External Client App, and an administrator
// has allowed the app to the user.
type JWT struct {
	ClientID string
	Username string
	Key      *rsa.PrivateKey
	Audience string // "" for the org's own URL
}

// Login gets a session. A refusal whose cause may be that our clock is wrong
// is answered by one more assertion, by Salesforce's own clock.
func (l JWT) Login(ctx context.Context, at Endpoint) (Session, error) {
	used := at.now()
	s, err := l.login(ctx, at, used)
	if fault.CodeOf(err) != "invalid_grant" || at.now().Sub(used).Abs() < skewAtMost {
		return s, err
	}
	return l.login(ctx, at, at.now())
}

func (l JWT) login(ctx context.Context, at Endpoint, now time.Time) (Session, error) {
	audience := l.Audience
	if audience == "" {
		audience = at.URL
	}
	// RegisteredClaims would write the audience as a list.
	assertion, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": l.ClientID, "sub": l.Username, "aud": audience, "exp": now.Add(assertionLife).Unix(),
	}).SignedString(l.Key)
	if err != nil {
		return Session{}, plan.Fixf(keyHint, "sign the assertion: %w", err)
	}
	return at.Grant(ctx, url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"},
		"assertion":  {assertion},
	}, "assertion")
}

// KeyCommand makes a private key and its certificate.
const KeyCommand = "openssl req -x509 -newkey rsa:2048 -nodes -days 730 -subj /CN=catchment -keyout server.key " +
	"-out server.crt"

const keyHint = "org.login.key is the private key of the app's certificate, made by: " + KeyCommand

// ParseKey reads an RSA private key: PEM, in the form PKCS #1 or PKCS #8. Its
// errors repeat nothing of the text.
func ParseKey(pem string) (*rsa.PrivateKey, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(pem))
	switch {
	case err == nil && key.N.BitLen() >= 2048:
		return key, nil
	case err == nil:
		err = fmt.Errorf("it has %d bits, and Salesforce takes 2048 or more", key.N.BitLen())
	case strings.Contains(pem, "ENCRYPTED"):
		return nil, plan.Fixf("write it without one, readable to this user only: openssl pkey -in server.key "+
			"-out plain.key",
			"the private key is encrypted with a passphrase")
	case strings.Contains(pem, "BEGIN CERTIFICATE"):
		err = errors.New("it is a certificate: that goes to Salesforce, its key stays here")
	case strings.Contains(pem, "BEGIN PUBLIC"):
		err = errors.New("it is a public key")
	case errors.Is(err, jwt.ErrNotRSAPrivateKey):
		err = errors.New("it is not an RSA key, and Salesforce takes RS256 only")
	default:
		err = errors.New("it is not a key in PEM form")
	}
	return nil, plan.Fixf(keyHint, "the private key can't be used: %w", err)
}
