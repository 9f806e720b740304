package cloud

import (
	"testing"

	"catchment/internal/secret"
)

// Both programs read every secret that a configuration may name.
func TestSecretsHaveReaders(t *testing.T) {
	readers := New().Secrets()
	for _, b := range secret.Backends() {
		if b.Outside != "" && readers[b.Scheme] == nil {
			t.Errorf("nothing reads %s, from %s", b.Form, b.Outside)
		}
		delete(readers, b.Scheme)
	}
	for scheme := range readers {
		t.Errorf("a reader of %s, which no configuration may name", scheme)
	}
}
