package dns_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"catchment/internal/dns"
)

// resolver knows a name from a moment on.
type resolver struct {
	from  time.Time
	asked atomic.Int64
}

func (r *resolver) find(_ context.Context, host string) ([]string, error) {
	r.asked.Add(1)
	if time.Now().Before(r.from) {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return []string{"127.0.0.1"}, nil
}

func isUnknown(err error) bool {
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}

func TestNameThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &resolver{from: time.Now().Add(40 * time.Second)}
		var told []string
		p := &dns.Patience{For: time.Minute, Tell: func(host string) { told = append(told, host) }}
		began := time.Now()
		addresses, err := p.Lookup(r.find)(t.Context(), "acme.example")
		took := time.Since(began)
		if err != nil || len(addresses) != 1 || took < 40*time.Second || took > 48*time.Second {
			t.Errorf("%v, %v after %s", addresses, err, took)
		}
		if len(told) != 1 || told[0] != "acme.example" {
			t.Errorf("told of %q", told)
		}
		// The next time that it is lost is another one.
		r.from = time.Now().Add(30 * time.Second)
		if _, err := p.Lookup(r.find)(t.Context(), "acme.example"); err != nil || len(told) != 2 {
			t.Errorf("%v, told of %q", err, told)
		}
	})
}

// A name that nobody has is tried for a minute, however many ask for it; and then each
// hears at once that it isn't there.
func TestNameThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &resolver{from: time.Now().Add(time.Hour)}
		p := &dns.Patience{For: time.Minute}
		began := time.Now()
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := p.Lookup(r.find)(t.Context(), "acme.example"); !isUnknown(err) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took != time.Minute {
			t.Errorf("%s", took)
		}
		began, asked := time.Now(), r.asked.Load()
		if _, err := p.Lookup(r.find)(t.Context(), "acme.example"); !isUnknown(err) || time.Since(began) != 0 ||
			r.asked.Load() != asked+1 {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

// Who stops doesn't wait, and nothing but a name is tried again.
func TestOtherEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		p, began := &dns.Patience{For: time.Minute}, time.Now()
		r := &resolver{from: began.Add(time.Hour)}
		if _, err := p.Lookup(r.find)(ctx, "acme.example"); !isUnknown(err) || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		refused := errors.New("connection refused")
		dialed := 0
		_, err := p.Dial(func(context.Context, string, string) (net.Conn, error) {
			dialed++
			return nil, refused
		})(t.Context(), "tcp", "acme.example:443")
		if !errors.Is(err, refused) || dialed != 1 {
			t.Errorf("%v after %d tries", err, dialed)
		}
		none := &dns.Patience{}
		if _, err := none.Lookup(r.find)(t.Context(), "acme.example"); !isUnknown(err) {
			t.Error(err)
		}
	})
}
