package body_test

import (
	"slices"
	"strings"
	"testing"

	"catchment/internal/blob"
	"catchment/internal/body"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	sha := strings.Repeat("0a", 32)
	key := body.Key(sha)
	if key != "bodies/0a/"+sha || !blob.ValidKey(key) {
		t.Error(key)
	}
	if got, ok := body.DigestOf(key); !ok || got != sha {
		t.Errorf("%q, %v", got, ok)
	}
	for _, other := range []string{"", "bodies/", "bodies/0b/" + sha, "Account/0a/" + sha, "bodies/0a/" + sha[2:],
		"bodies/0a/" + strings.ToUpper(sha), "bodies/0a/../" + sha} {
		if _, ok := body.DigestOf(other); ok {
			t.Errorf("%q is said to be a body", other)
		}
	}
}

func TestObjects(t *testing.T) {
	t.Parallel()
	for _, object := range body.Objects() {
		f, ok := body.Of(strings.ToLower(object))
		if !ok || f.Body == "" || f.Size == "" || slices.Contains(f.Needed(), f.Body) {
			t.Errorf("%s: %+v", object, f)
		}
		if (f.Stamp == "") != (f.Checksum != "") { // what tells that the body is another one
			t.Errorf("%s: %+v", object, f)
		}
	}
	if _, ok := body.Of("Account"); ok {
		t.Error("Account is no file")
	}
}
