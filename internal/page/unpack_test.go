package page

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"catchment/internal/plan"
)

func TestIsBomb(t *testing.T) {
	tests := []struct {
		packed, text int64
		want         bool
	}{
		{10, 100, false},
		{1000, ratioFrom, false}, // small ones may pack well
		{ratioFrom / ratioAtMost, ratioFrom + 1, false},
		{ratioFrom/ratioAtMost - 1, ratioFrom + ratioAtMost, true},
		{1 << 30, 1 << 30, false}, // the largest page that there is
		{1 << 24, 1 << 30, false}, // and one of a sparse object
		{1 << 30, textAtMost + 1, true},
	}
	for _, tt := range tests {
		if got := isBomb(tt.packed, tt.text); got != tt.want {
			t.Errorf("%d packed bytes of %d: %v", tt.packed, tt.text, got)
		}
	}
}

// A page that packs a thousandfold is given up long before its end.
func TestBombIsNotUnpacked(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, "\"Description\"\n\"")
	some := strings.Repeat("x", 1<<20)
	for range 256 {
		_, _ = io.WriteString(w, some)
	}
	_ = w.Close()
	checked := Check(bytes.NewReader(packed.Bytes()), true, -1, nil)
	_, err := io.ReadAll(checked)
	if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
		t.Errorf("class %s: %v", plan.ClassOf(err), err)
	}
	if err := checked.Close(); err != nil {
		t.Error(err)
	}
	n, err := io.Copy(io.Discard, Unpack(bytes.NewReader(packed.Bytes())))
	if plan.ClassOf(err) != plan.Fix || n > ratioFrom+1<<20 {
		t.Errorf("class %s after %d bytes: %v", plan.ClassOf(err), n, err)
	}
}
