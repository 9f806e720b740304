// Package pubsub follows the events of an org by Salesforce's Pub/Sub API, and loses none.
//
// A Client has the connections, the schemas and the session. A Subscription is one topic from one position on: Next
// hands out what comes, in the order of the stream, and with each thing where to go on after it. It
// reconnects by itself, from the last of these: after an error that passes, after a silence, with a new
// session where one has ended. What it can't mend is an answer to the caller, and the first of them is a lost
// position (Lost): no subscription begins anywhere but where it was told to, and none falls back to the tip.
//
// The package leaves to its caller what to keep of positions, and to the room change what is in an event. Start at
// New and Subscription.Next. The facts are those of the guide "Pub/Sub API"; codes.go has its error codes.
package pubsub

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"catchment/internal/plan"
	"catchment/internal/salesforce/login"
	"catchment/internal/salesforce/wire"
)

// DefaultEndpoint is where the API answers; orgs whose data stays in the EU have one of their own, on the same port.
const (
	DefaultEndpoint = "api.pubsub.salesforce.com:" + DefaultPort
	DefaultPort     = "7443"
)

// A Config is what a Client needs. What is zero has a default, but for Session.
type Config struct {
	Endpoint  string // host:port
	Plaintext bool   // without TLS: on this machine alone
	UserAgent string
	// Session gives the session to show, with the org's Id; ended is the token of one that works no more.
	Session func(ctx context.Context, ended string) (login.Session, error)
	Dial    func(ctx context.Context, address string) (net.Conn, error) // nil for the network

	Silence time.Duration // after which a stream is taken for dead: 300 s, as Salesforce sends something each 270
	Retries int           // in a row that bring nothing, before the error is the caller's: 10
}

const (
	defaultSilence = 300 * time.Second
	defaultRetries = 10

	messageAtMost = 8 << 20 // bytes; Salesforce sends 4 MB at most
	// window is how many events may be asked for and not be there yet; Salesforce counts more as 100.
	window = 100
)

// A Client talks to the Pub/Sub API of one org. It may be used by many goroutines at once.
type Client struct {
	config  Config
	conns   pool
	schemas schemas
	session sessions
}

// New makes a Client. It sends nothing: the first subscription connects.
func New(c Config) (*Client, error) {
	if c.Endpoint == "" {
		c.Endpoint = DefaultEndpoint
	}
	host, _, err := net.SplitHostPort(c.Endpoint)
	if err != nil || host == "" {
		return nil, plan.Fixf("set org.pubsub to a host and a port, as "+DefaultEndpoint,
			"the address of the Pub/Sub API isn't one")
	}
	if c.Plaintext && !wire.Loopback(host) {
		return nil, plan.Fixf("set org.pubsub to a host and a port, as "+DefaultEndpoint,
			"without TLS the Pub/Sub API is only spoken to on this machine: the token would go in clear")
	}
	if c.Session == nil {
		return nil, plan.Failf(plan.Bug, "", "a client needs a session")
	}
	if c.Silence == 0 {
		c.Silence = defaultSilence
	}
	if c.Retries == 0 {
		c.Retries = defaultRetries
	}
	client := &Client{config: c, session: sessions{get: c.Session}}
	client.conns.dial = client.dial
	return client, nil
}

// Close ends the connections. Subscriptions end with them.
func (c *Client) Close() error { return c.conns.close() }

// dial makes a connection, which connects when it is used first. What a server says of other servers
// and of how to repeat calls isn't listened to.
func (c *Client) dial() (*grpc.ClientConn, error) {
	secured := credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	if c.config.Plaintext {
		secured = insecure.NewCredentials()
	}
	target := "dns:///" + c.config.Endpoint
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(secured), grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(),
		grpc.WithUserAgent(c.config.UserAgent),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(messageAtMost)),
	}
	if c.config.Dial != nil {
		target = "passthrough:///" + c.config.Endpoint
		options = append(options, grpc.WithContextDialer(c.config.Dial))
	}
	return grpc.NewClient(target, options...)
}

// sessions gives the session of all calls. Of many that find it ended, the first renews it.
type sessions struct {
	get     func(ctx context.Context, ended string) (login.Session, error)
	mu      sync.Mutex
	current login.Session
}

// show gives the session, another one where its token is the ended one.
func (s *sessions) show(ctx context.Context, ended string) (login.Session, error) {
	s.mu.Lock()
	known := s.current
	s.mu.Unlock()
	if known.Token != "" && known.Token != ended {
		return known, nil
	}
	got, err := s.get(ctx, ended)
	if err != nil {
		return login.Session{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = got
	return got, nil
}
