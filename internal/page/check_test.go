package page_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/platform"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func packed(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

func TestCheckHandsTheWireOn(t *testing.T) {
	text := "\"Id\"\n" + strings.Repeat("\"001\"\n", 10_000)
	for _, wire := range []string{text, packed(text)} {
		in := page.Check(strings.NewReader(wire), wire != text, 10_000, nil)
		got, err := io.ReadAll(in)
		if string(got) != wire || err != nil || in.Shape().Records != 10_000 || in.Shape().Bytes != int64(len(text)) {
			t.Errorf("%d bytes, %+v, %v", len(got), in.Shape(), err)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	const text = "\"Id\"\n\"001\"\n"
	whole := packed(text)
	flipped := []byte(whole)
	flipped[len(flipped)-8] ^= 1 // in the checksum
	down := errors.New("line is down")
	tests := []struct {
		name    string
		wire    io.Reader
		packed  bool
		records int64
		class   plan.Class
	}{
		{"fewer records than said", strings.NewReader(text), false, 2, plan.Retry},
		{"fewer packed records than said", strings.NewReader(whole), true, 2, plan.Retry},
		{"no bytes", strings.NewReader(""), false, -1, plan.Retry},
		{"no packed bytes", strings.NewReader(""), true, -1, plan.Retry},
		{"an empty text, packed", strings.NewReader(packed("")), true, 0, plan.Retry},
		{"packed and cut", strings.NewReader(whole[:len(whole)-3]), true, -1, plan.Retry},
		{"packed and damaged", bytes.NewReader(flipped), true, -1, plan.Retry},
		{"not packed", strings.NewReader(text), true, -1, plan.Retry},
		{"more behind the end", strings.NewReader(whole + "more"), true, -1, plan.Retry},
		{"cut", strings.NewReader(text[:8]), false, -1, plan.Retry},
		{"no page", strings.NewReader("\"Id\"\n\"a\"b\n"), false, -1, plan.Bug},
		{"broken line", io.MultiReader(strings.NewReader(text), iotest.ErrReader(down)), false, -1, plan.Bug},
		{"broken packed line", io.MultiReader(strings.NewReader(whole[:5]), iotest.ErrReader(down)),
			true, -1, plan.Bug},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := page.Check(tt.wire, tt.packed, tt.records, nil)
			_, err := io.ReadAll(in)
			if err == nil || plan.ClassOf(err) != tt.class {
				t.Errorf("class %s: %v", plan.ClassOf(err), err)
			}
			if _, again := in.Read(make([]byte, 9)); again == nil || again == io.EOF {
				t.Errorf("reading on: %v", again)
			}
			if err := in.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCheckLeftInTheMiddle(t *testing.T) {
	in := page.Check(strings.NewReader(packed(strings.Repeat("\"Id\"\n", 10_000))), true, -1, nil)
	if _, err := in.Read(make([]byte, 10)); err != nil {
		t.Error(err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if _, err := in.Read(make([]byte, 10)); err == nil || err == io.EOF {
		t.Error(err)
	}
}

// again is a text over and over.
type again string

func (a again) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], a)
	}
	return n, nil
}

// What no record of Salesforce can be ends a page before much of it has come, so that it
// is never stored.
// What comes off the wire has Ids that a query can ask for.
func TestCheckWantsIds(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"\"Id\"\n\"001\"\n\"0\x1b[2J\"\n":    "record 2, field Id, byte 19: an Id that isn't of letters and digits",
		"\"Name\",\"Id\"\n\"a\",\"1'\"\n":    "record 1, field Id, byte 21: an Id that isn't of letters and digits",
		"\"Name\",\"Id\"\n\"a\",\"1\xff\"\n": "record 1, field Id, byte 21: an Id that is no text",
	} {
		in := page.Check(strings.NewReader(text), false, -1, nil)
		_, err := io.Copy(io.Discard, in)
		if err == nil || !strings.Contains(err.Error(), says) || plan.ClassOf(err) != plan.Bug ||
			plan.HintOf(err) == "" {
			t.Errorf("%q: %v (hint: %s)", text, err, plan.HintOf(err))
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCheckBoundsRecords(t *testing.T) {
	t.Parallel()
	value := strings.Repeat("x", platform.ValueAtMost-len(`"",`))
	tests := []struct {
		name string
		text io.Reader
		says string
		most int64 // bytes that are read of it
	}{
		{"a value without end", io.MultiReader(strings.NewReader("Id,Name\n1,\""), again("x")),
			"record 1, field Name, byte 10: a value of more than 8 MiB", platform.ValueAtMost + 1<<20},
		{"quotes without end", io.MultiReader(strings.NewReader("Name\n1\n"), again(`"`)),
			"record 2, field Name, byte 7: a value of more than 8 MiB", platform.ValueAtMost + 1<<20},
		{"a value too large by one byte", strings.NewReader("Id,Name\n1,\"" + value + "xx\"\n"),
			"field Name, byte 10: a value of more than 8 MiB", 2 * platform.ValueAtMost},
		{"a record of large values", strings.NewReader("Id,A,B,C\n1" + strings.Repeat(",\""+value+"\"", 3) + "\n"),
			"record 1, field B, byte 8388619: a record of more than 16 MiB", 3 * platform.ValueAtMost},
		{"a name without end", again("x"), "header, byte 0: a header of more than 1 MiB", 2 << 20},
		{"names without end", again("x,"), "header", 2 << 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := page.Check(tt.text, false, -1, nil)
			n, err := io.Copy(io.Discard, in)
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "xx") {
				t.Errorf("%v", err)
			}
			if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
				t.Errorf("class %s, hint %q", plan.ClassOf(err), plan.HintOf(err))
			}
			if n > tt.most {
				t.Errorf("it went on for %d bytes", n)
			}
			if err := in.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	text := "Id,Name\n" + strings.Repeat("1,\""+value+"\"\n", 3)
	for _, wire := range []string{text, packed(text)} {
		in := page.Check(strings.NewReader(wire), wire != text, 3, nil)
		if _, err := io.Copy(io.Discard, in); err != nil {
			t.Errorf("three records with a value of 8 MiB: %v", err)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}
