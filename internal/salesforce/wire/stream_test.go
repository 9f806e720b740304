package wire

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"catchment/internal/plan"
)

func TestExactly(t *testing.T) {
	for _, wrap := range []func(io.Reader) io.Reader{
		func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.DataErrReader,
	} {
		for _, text := range []string{"", "a", "abcdef"} {
			got, err := io.ReadAll(Exactly(wrap(strings.NewReader(text)), int64(len(text))))
			if string(got) != text || err != nil {
				t.Errorf("%q: %q, %v", text, got, err)
			}
		}

		got, err := io.ReadAll(Exactly(wrap(strings.NewReader("abc")), 4))
		if len(got) > 3 || plan.ClassOf(err) != plan.Fix {
			t.Errorf("a short file: %q, %v", got, err)
		}

		got, err = io.ReadAll(Exactly(wrap(strings.NewReader("abcde")), 4))
		if len(got) >= 4 || plan.ClassOf(err) != plan.Fix {
			t.Errorf("a long file: %q was given, %v", got, err)
		}
	}
}

func TestExactlyHandsOnErrors(t *testing.T) {
	broken := errors.New("broken")
	if _, err := io.ReadAll(Exactly(iotest.ErrReader(broken), 4)); !errors.Is(err, broken) {
		t.Error(err)
	}
	after := io.MultiReader(strings.NewReader("abcd"), iotest.ErrReader(broken))
	if got, err := io.ReadAll(Exactly(after, 4)); !errors.Is(err, broken) || len(got) == 4 {
		t.Errorf("%q, %v", got, err)
	}
}

// A body that goes slowly is waited for longer than an answer is; one that has gone is not.
func TestSlowBodyIsSent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "Fri, 02 Jan 2026 03:04:05 GMT")
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	defer server.Client().CloseIdleConnections()
	h := NewHTTP(Options{Client: server.Client(), Org: server.URL, Now: time.Now,
		Patience: Patience{Answer: 200 * time.Millisecond, Stall: 150 * time.Millisecond}})
	const size = 10 << 20 // at the slowest pace, minutes
	resp, err := h.Send(t.Context(), &Request{Method: http.MethodPost, Base: server.URL, Path: "/", Once: true,
		Stream: &Stream{Size: size, Open: func() (io.ReadCloser, error) {
			return io.NopCloser(io.LimitReader(&slow{}, size)), nil
		}}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

// slow gives 1 MiB, and a rest.
type slow struct{ given int }

func (s *slow) Read(p []byte) (int, error) {
	if s.given>>20 < (s.given+len(p))>>20 {
		time.Sleep(50 * time.Millisecond)
	}
	s.given += len(p)
	return len(p), nil
}
