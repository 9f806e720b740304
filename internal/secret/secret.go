// Package secret turns references into secrets: env:NAME reads an environment
// variable, file:PATH a file, aws-sm:NAME#KEY the key of a secret in AWS Secrets
// Manager. A config file holds references only. What is to be known of each way
// stands in one table, Backends; whoever checks, hints at or deploys references
// asks it.
//
// A secret travels as a Value, which prints as "[secret]" whatever it is
// printed with; only Reveal gives it away (invariant 9). A secret that its
// issuer replaces is kept in a Place. Start at Resolver.Resolve.
package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"

	"catchment/internal/plan"
)

// A Value is one secret; the zero Value is an empty one. The text is behind a
// function because fmt doesn't ask the methods of a Value that is in a private
// field of something else: it prints what it finds there, and of a function
// that is an address.
type Value struct{ reveal func() string }

// New makes a Value of a secret that came from elsewhere, such as a token.
func New(text string) Value { return Value{func() string { return text }} }

// Reveal gives the secret itself: for the request that needs it, nothing else.
func (v Value) Reveal() string {
	if v.reveal == nil {
		return ""
	}
	return v.reveal()
}

const hidden = "[secret]"

// String hides the secret.
func (Value) String() string { return hidden }

// GoString hides the secret from %#v.
func (Value) GoString() string { return hidden }

// Format hides the secret from every other verb.
func (Value) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

// MarshalJSON hides the secret.
func (Value) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText hides the secret from YAML, XML and the keys of maps.
func (Value) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the secret from slog.
func (Value) LogValue() slog.Value { return slog.StringValue(hidden) }

// A Resolver knows where references point to.
type Resolver struct {
	Getenv   func(name string) string          // os.Getenv
	ReadFile func(path string) ([]byte, error) // os.ReadFile
	Outside  map[string]Reader                 // by scheme: what is read over the network, as far as a program can
}

// Resolve reads the secret that ref points to. Its errors are of class Fix and
// name the reference, never the value; a ref that is no reference isn't
// repeated either, since it may be the secret itself.
//
// A file may end in one newline, which is not part of the secret. Who else may
// read the file is not judged: secrets that a container mounts are readable to
// all of it.
func (r Resolver) Resolve(ref string) (Value, error) {
	b, rest, ok := BackendOf(ref)
	if !ok {
		return New(""), plan.Fixf("write "+Forms()+", and put the secret there",
			"a secret is given that is no reference")
	}
	var text string
	var err error
	if b.Outside != "" {
		text, err = r.outside(b, ref, rest)
	} else {
		text, err = b.read(r, rest)
	}
	return New(text), err
}

func (r Resolver) env(name string) (string, error) {
	text := r.Getenv(name)
	if text == "" {
		return "", plan.Fixf("export "+name+"=..., in the shell or the service that starts catchment",
			"secret env:%s: the variable is not set, or empty", name)
	}
	return text, nil
}

func (r Resolver) file(path string) (string, error) {
	data, err := r.ReadFile(path)
	if err != nil {
		hint := "look whether " + path + " is a file that this user may read"
		if errors.Is(err, fs.ErrNotExist) {
			hint = "write the secret into " + path + ", or correct the path; relative ones begin at the config file"
		}
		return "", plan.Fixf(hint, "secret file:%s: %w", path, err)
	}
	text, cut := strings.CutSuffix(string(data), "\n")
	if cut {
		text = strings.TrimSuffix(text, "\r")
	}
	if text == "" {
		return "", plan.Fixf("write the secret into "+path, "secret file:%s: the file is empty", path)
	}
	return text, nil
}
