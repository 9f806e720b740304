package page_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"catchment/internal/page"
	"catchment/internal/plan"

	"pgregory.net/rapid"
)

func rewritten(text io.Reader, edit page.Edit) (string, error) {
	got, err := io.ReadAll(page.Rewrite(text, func([]string) (page.Edit, error) { return edit, nil }))
	return string(got), err
}

func TestRewrite(t *testing.T) {
	const text = "Id,\"A\",B\r\n1,\"x\r\ny\"\"\x00\",z\r\n2,,\"\"\n3,\"é,\",\"b\"" // without a line break at the end
	set := func(id, value string) page.Edit {
		return func(r *page.Record) (bool, error) {
			if string(r.Value(0)) == id {
				r.Set(1, []byte(value))
				if string(r.Value(1)) != value {
					return false, errors.New("a set value can't be read")
				}
			}
			return true, nil
		}
	}
	tests := []struct {
		name, want string
		edit       page.Edit
	}{
		{"nothing", text, func(*page.Record) (bool, error) { return true, nil }},
		{"one value", strings.Replace(text, ",,", `,"say ""hi""",`, 1), set("2", `say "hi"`)},
		{"a value with quotes, to none", strings.Replace(text, "\"x\r\ny\"\"\x00\"", `""`, 1), set("1", "")},
		{"all in order", text, func(r *page.Record) (bool, error) {
			if v := string(r.Value(1)); string(r.Value(0)) == "1" && v != "x\r\ny\"\x00" {
				return false, fmt.Errorf("%q", v)
			}
			return true, nil
		}},
		{"the last", "Id,\"A\",B\r\n1,\"x\r\ny\"\"\x00\",z\r\n2,,\"\"\n", func(r *page.Record) (bool, error) {
			return string(r.Value(0)) != "3", nil
		}},
		{"none", "Id,\"A\",B\r\n", func(*page.Record) (bool, error) { return false, nil }},
	}
	for _, test := range tests {
		for _, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			if got, err := rewritten(in, test.edit); got != test.want || err != nil {
				t.Errorf("%s: %q, %v", test.name, got, err)
			}
		}
	}
}

func TestRewriteFails(t *testing.T) {
	sad := errors.New("sad")
	keep := func(*page.Record) (bool, error) { return true, nil }
	if _, err := rewritten(strings.NewReader("\"Id\"\n\"1\"\n"),
		func(*page.Record) (bool, error) { return true, sad }); !errors.Is(err, sad) {
		t.Error(err)
	}
	if _, err := rewritten(strings.NewReader("\"Id\"\n\"1"), keep); plan.ClassOf(err) != plan.Retry {
		t.Errorf("cut: %v", err)
	}
	if _, err := rewritten(iotest.ErrReader(sad), keep); !errors.Is(err, sad) {
		t.Error(err)
	}
	r := page.Rewrite(strings.NewReader("\"Id\"\n"), func([]string) (page.Edit, error) { return nil, sad })
	if _, err := io.ReadAll(r); !errors.Is(err, sad) {
		t.Error(err)
	}
	if _, err := io.ReadAll(page.Pack(iotest.ErrReader(sad))); !errors.Is(err, sad) {
		t.Error(err)
	}
	if _, err := io.ReadAll(page.Unpack(strings.NewReader(packed("text")[:9]))); plan.ClassOf(err) != plan.Retry {
		t.Errorf("packed and cut: %v", err)
	}
}

// Whatever is in a page and wherever it is divided: one column changes, and
// nothing else does.
func TestRewriteKeepsTheRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringOf(rapid.SampledFrom([]rune{'"', ',', '\r', '\n', 0, 'a', 'é', '😀', '\uFEFF'}))
		records := rapid.SliceOfN(rapid.SliceOfN(value, 3, 3), 0, 30).Draw(t, "records")
		var before, after bytes.Buffer
		was, want := page.NewWriter(&before, []string{"Id", "A", "B"}), page.NewWriter(&after, []string{"Id", "A", "B"})
		for _, r := range records {
			if err := errors.Join(was.Write(r), want.Write([]string{r[0], r[1] + "!", r[2]})); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(was.Flush(), want.Flush()); err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		in := page.Unpack(page.Pack(&portions{r: &before, next: func() int { return 1 + random.IntN(40) }}))
		got, err := rewritten(in, func(r *page.Record) (bool, error) {
			r.Set(1, append(bytes.Clone(r.Value(1)), '!'))
			return true, nil
		})
		if err != nil || got != after.String() {
			t.Fatalf("%v: %q, want %q", err, got, after.String())
		}
	})
}

// portions reads so many bytes at a time.
type portions struct {
	r    io.Reader
	next func() int
}

func (p *portions) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.next())]) }

// An endless page has so many records, and isn't in memory.
type endless struct {
	records int
	left    []byte
	begun   bool
}

const endlessRecord = "\"0015f00000AbCdEAAZ\",\"Some \"\"company\"\" " +
	"name\",\"1234.56\",\"someone@acme.example\",\"2026-01-02T03:04:05.000Z\",\"true\",\"a longer text,\r\n" +
	"of two lines\"\n"

func (e *endless) Read(p []byte) (int, error) {
	if !e.begun {
		e.begun, e.left = true,
			[]byte("\"Id\",\"Name\",\"Amount\",\"Email\",\"SystemModstamp\",\"IsDeleted\",\"Note\"\n")
	}
	n := 0
	for n < len(p) {
		if len(e.left) == 0 {
			if e.records == 0 {
				return n, io.EOF
			}
			e.records--
			e.left = append(e.left, endlessRecord...)
		}
		c := copy(p[n:], e.left)
		n, e.left = n+c, e.left[:copy(e.left, e.left[c:])]
	}
	return n, nil
}

// treat takes a page through all that a flow with a mask does to it.
func treat(records int) (int64, error) {
	came := page.Check(&endless{records: records}, false, int64(records), nil)
	defer came.Close()
	digest := sha256.New()
	var sum, text []byte
	stays := page.Check(page.Rewrite(came, func([]string) (page.Edit, error) {
		return func(r *page.Record) (bool, error) {
			digest.Reset()
			digest.Write(r.Value(3))
			sum = digest.Sum(sum[:0])
			text = hex.AppendEncode(text[:0], sum)
			r.Set(3, text)
			return true, nil
		}, nil
	}), false, -1, amounts)
	defer stays.Close()
	_, err := io.Copy(io.Discard, page.Pack(stays))
	return stays.Shape().Records, err
}

// What a page takes of the memory doesn't grow with the number of its records,
// whether it is only checked or also changed (13 million records filled it in
// airbyte#11695).
func TestPainAirbyte11695(t *testing.T) {
	used := func(records int) uint64 {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		if n, err := treat(records); n != int64(records) || err != nil {
			t.Fatalf("%d records, %v", n, err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	used(1000)
	few, many := used(2000), used(100_000)
	if many > few+1<<20 {
		t.Errorf("2,000 records took %d bytes, 100,000 took %d", few, many)
	}
}

func BenchmarkTreat(b *testing.B) {
	const records = 20_000
	b.SetBytes(records * int64(len(endlessRecord)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := treat(records); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	const records = 20_000
	b.SetBytes(records * int64(len(endlessRecord)))
	for b.Loop() {
		in := page.Check(&endless{records: records}, false, records, amounts)
		if _, err := io.Copy(io.Discard, in); err != nil {
			b.Fatal(err)
		}
		if err := in.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
