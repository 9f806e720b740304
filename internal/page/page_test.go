package page_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"catchment/internal/page"
	"catchment/internal/plan"

	"pgregory.net/rapid"
)

// scan writes text to a Scanner in portions of the sizes that next gives.
func scan(text string, look func(string) page.Look, next func() int) (page.Shape, error) {
	s := page.NewScanner(look)
	for len(text) > 0 {
		n := min(next(), len(text))
		if _, err := s.Write([]byte(text[:n])); err != nil {
			return page.Shape{}, err
		}
		text = text[n:]
	}
	return s.Close()
}

// anyNumber takes a number of any digits.
var anyNumber = &page.Number{Whole: 1 << 20, Fraction: 1 << 20}

// amounts looks at one column of numbers, as of a wide decimal.
func amounts(field string) page.Look {
	if field == "Amount" {
		return page.Look{Number: &page.Number{Digits: 38, Whole: 38, Fraction: 38}}
	}
	return page.Look{}
}

func whole() int  { return 1 << 30 }
func single() int { return 1 }

// read gives all records, the header first.
func read(r io.Reader) ([][]string, error) {
	reader := page.NewReader(r)
	header, err := reader.Header()
	if err != nil {
		return nil, err
	}
	records := [][]string{header}
	for {
		fields, err := reader.Next()
		if err == io.EOF {
			return records, nil
		}
		if err != nil {
			return nil, err
		}
		record := make([]string, len(fields))
		for i, f := range fields {
			record[i] = string(f)
		}
		records = append(records, record)
	}
}

func TestBadPages(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // in the error
		class      plan.Class
	}{
		{"zero bytes", "", "no bytes at all", plan.Retry},
		{"cut in the header", `"Id","Na`, "header, byte 8", plan.Retry},
		{"cut in quotes", "\"Id\",\"Name\"\n\"1\",\"a", "record 1, field Name, byte 18: the page ends within a record",
			plan.Retry},
		{"cut behind a comma", "\"Id\",\"Name\"\n\"1\",", "the page ends within a record", plan.Retry},
		{"cut between fields", "\"Id\",\"Name\"\n\"1\"", "1 fields, the header has 2", plan.Retry},
		{"cut in a bare field", "Id,Name\n1,ab", "the page ends within a record", plan.Retry},
		{"cut behind CR", "\"Id\"\r\n\"1\"\r", "the page ends within a record", plan.Retry},
		{"cut in a character", "\"Id\"\n\"\xe2\x90", "the page ends within a character", plan.Retry},
		{"a field too many", "\"Id\",\"Name\"\n\"1\",\"a\",\"b\"\n",
			"record 1, field Name, byte 19: more than the 2 fields", plan.Bug},
		{"a field too few", "\"Id\",\"Name\"\n\"1\"\n\"2\",\"b\"\n", "record 1, field Id, byte 16: 1 fields", plan.Bug},
		{"text after a quote", "\"Id\"\n\"1\"x\n", "byte 8: text after the closing quote", plan.Bug},
		{"a quote in a bare field", "Id\nab\"c\n", "byte 5: a quote in a field without quotes", plan.Bug},
		{"CR alone", "\"Id\"\n\"1\"\r\"2\"\n", "CR without LF", plan.Bug},
		{"an empty line", "\"Id\"\n\n\"1\"\n", "record 1, field Id, byte 5: an empty line", plan.Bug},
		{"a second blank line end", "\"Id\"\n\"1\"\n\n", "record 2, field Id, byte 9: an empty line", plan.Bug},
		{"cut in half a pair", "\"Id\"\n\"\xed\xa0", "the page ends within a character", plan.Retry},
		{"an Id that is no text", "\"Name\",\"Id\"\n\"a\",\"1\xff\"\n",
			"record 1, field Id, byte 21: an Id that is no text", plan.Bug},
		{"a name that is no text", "\"Id\",\"N\xff\"\n", "a column without a proper name", plan.Bug},
		{"a column twice", "\"Id\",\"ID\"\n", "header, byte 10: a column without a proper name", plan.Bug},
		{"a column without a name", "\"Id\",\"\"\n", "a column without a proper name", plan.Bug},
		{"NUL in the header", "\"I\x00d\"\n", "a column without a proper name", plan.Bug},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := scan(tt.text, nil, whole)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("scan: %v, want %q", err, tt.want)
			}
			if got := plan.ClassOf(err); got != tt.class {
				t.Errorf("class %s, want %s", got, tt.class)
			}
			if _, single := scan(tt.text, nil, single); single == nil || single.Error() != err.Error() {
				t.Errorf("byte by byte: %v, in one: %v", single, err)
			}
			if _, err := read(strings.NewReader(tt.text)); err == nil {
				t.Error("the reader accepts it")
			}
		})
	}
}

func TestErrorsHoldNoValues(t *testing.T) {
	for _, text := range []string{
		"\"Id\",\"Name\"\n\"1\",\"secret\"x\n",
		"\"Id\",\"Name\"\n\"1\",\"secret",
	} {
		_, err := scan(text, nil, whole)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestGoodPages(t *testing.T) {
	tests := []struct {
		name, text string
		records    [][]string
	}{
		{"header only", "\"Id\",\"Name\"\n", [][]string{{"Id", "Name"}}},
		{"CRLF line ends", "\"Id\",\"Name\"\r\n\"1\",\"a\"\r\n", [][]string{{"Id", "Name"}, {"1", "a"}}},
		{"CRLF in a value", "\"Id\",\"Name\"\n\"1\",\"a\r\nb\nc\rd\"\n",
			[][]string{{"Id", "Name"}, {"1", "a\r\nb\nc\rd"}}},
		{"quotes", "\"Id\",\"Name\"\n\"1\",\"\"\"a\"\"\"\n", [][]string{{"Id", "Name"}, {"1", `"a"`}}},
		{"no last line break", "\"Id\"\n\"1\"", [][]string{{"Id"}, {"1"}}},
		{"bare fields", "Id,Name,X\n1,,a b\n", [][]string{{"Id", "Name", "X"}, {"1", "", "a b"}}},
		{"values kept", "\"Id\"\n\"N/A\"\n\"null\"\n\"007\"\n\"\xf0\x9f\x98\x80\"\n\" x \"\n",
			[][]string{{"Id"}, {"N/A"}, {"null"}, {"007"}, {"😀"}, {" x "}}},
		{"what is no text", "\"Id\",\"Name\"\n\"1\",\"ab\xffc\xed\xa0\x80\"\n2,\xed\n",
			[][]string{{"Id", "Name"}, {"1", "ab\xffc\xed\xa0\x80"}, {"2", "\xed"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := read(iotest.OneByteReader(strings.NewReader(tt.text)))
			if err != nil || !reflect.DeepEqual(got, tt.records) {
				t.Errorf("read %q, %v", got, err)
			}
			shape, err := scan(tt.text, nil, single)
			if err != nil || shape.Records != int64(len(tt.records)-1) || shape.Bytes != int64(len(tt.text)) ||
				!reflect.DeepEqual(shape.Header, tt.records[0]) {
				t.Errorf("scan %+v, %v", shape, err)
			}
		})
	}
}

func TestShape(t *testing.T) {
	text := "\"Name\",\"Id\",\"Amount\"\n" +
		"\"a\",\"001A\",\"1.25E3\"\n" +
		"\"b\x00\x00\",\"001B\",\"\"\n" +
		"\"c\x00\",\"001C\",\"-0.0125\"\n"
	got, err := scan(text, amounts, single)
	if err != nil {
		t.Fatal(err)
	}
	want := page.Shape{
		Header:  []string{"Name", "Id", "Amount"},
		Records: 3,
		Bytes:   int64(len(text)),
		Digest:  got.Digest,
		NUL:     &page.Flaw{Count: 3, Record: 2, Field: "Name", ID: "001B"},
		Digits:  []page.Digits{{Column: "Amount", Whole: 4, Fraction: 4, Point: true}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	empty, err := scan("\"Id\"\n", nil, whole)
	if err != nil || empty.Digest != fmt.Sprintf("%x", sha256.Sum256([]byte("\"Id\"\n"))) {
		t.Errorf("digest %q, %v", empty.Digest, err)
	}
}

func TestReaderTellsQuotedFromBare(t *testing.T) {
	r := page.NewReader(strings.NewReader("Id,A,B\n1,\"\",\n"))
	fields, err := r.Next()
	if err != nil || len(fields) != 3 || len(fields[1])+len(fields[2]) != 0 {
		t.Fatalf("%q, %v", fields, err)
	}
	if r.Quoted(0) || !r.Quoted(1) || r.Quoted(2) {
		t.Errorf("quoted: %v %v %v", r.Quoted(0), r.Quoted(1), r.Quoted(2))
	}
}

func TestReaderPassesErrorsOn(t *testing.T) {
	broken := errors.New("line is down")
	r := io.MultiReader(strings.NewReader("\"Id\"\n\"1"), iotest.ErrReader(broken))
	if _, err := read(r); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestWriterRefuses(t *testing.T) {
	w := page.NewWriter(io.Discard, []string{"Id", "Name"})
	if err := w.Write([]string{"1"}); err == nil {
		t.Error("a record of one field under a header of two")
	}
	if err := w.Flush(); err == nil {
		t.Error("the error was forgotten")
	}
}

func TestReplaceNUL(t *testing.T) {
	for _, text := range []string{"", "a", "\x00", "a\x00b", "\x00\x00", strings.Repeat("ab\x00", 50_000)} {
		want := strings.ReplaceAll(text, "\x00", "\u2400")
		for _, r := range []io.Reader{
			page.ReplaceNUL(strings.NewReader(text)),
			iotest.OneByteReader(page.ReplaceNUL(strings.NewReader(text))),
			page.ReplaceNUL(iotest.DataErrReader(strings.NewReader(text))),
		} {
			got, err := io.ReadAll(r)
			if err != nil || string(got) != want {
				t.Errorf("%.20q became %.20q, %v", text, got, err)
			}
		}
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 5).Draw(t, "columns")
		header := []string{"Id", "Name", "A", "B", "C"}[:columns]
		value := rapid.OneOf(
			rapid.StringOf(rapid.SampledFrom([]rune{'"', ',', '\r', '\n', 0, 'a', 'é', '😀', ' '})),
			rapid.SampledFrom([]string{"N/A", "null", "", "007", strings.Repeat("x", 131_072)}),
		)
		records := rapid.SliceOfN(rapid.SliceOfN(value, columns, columns), 0, 8).Draw(t, "records")
		var text bytes.Buffer
		w := page.NewWriter(&text, header)
		for _, record := range records {
			if err := w.Write(record); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		shape, err := scan(text.String(), nil, func() int { return 1 + rnd.IntN(5000) })
		if err != nil || shape.Records != int64(len(records)) {
			t.Fatalf("%d records, %v", shape.Records, err)
		}
		got, err := read(&text)
		if err != nil || !reflect.DeepEqual(got, append([][]string{header}, records...)) {
			t.Fatalf("read %.200q, %v", got, err)
		}
	})
}

func FuzzScannerAndReaderAgree(f *testing.F) {
	for _, text := range []string{
		"", "\"Id\"\n", "Id,Name\r\n1,\"a\"\"b\"\r\n", "\"Id\",\"A\"\n\"1\",\"\r\n\x00\"", "a\nb\"\n",
		"\"Id\"\n\"\xe2\x90\x80\"\n", "\xff", "\"Id\",\"A\"\n\"\xed\xa0\xf0\x9f\",\"\xed\xb0\x80\xed\"\n",
		"Id\n1\xed\xa0", "\"a\"\"b\"\n", "a,b\n1,2,3",
	} {
		f.Add(text, uint64(1))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		look := func(f string) page.Look {
			if len(f) == 1 {
				return page.Look{Number: anyNumber}
			}
			return page.Look{}
		}
		shape, err := scan(text, nil, whole)
		records, readErr := read(strings.NewReader(text))
		if (err == nil) != (readErr == nil) {
			t.Fatalf("scanner: %v, reader: %v", err, readErr)
		}
		if err == nil && (!reflect.DeepEqual(shape.Header, records[0]) || shape.Records != int64(len(records)-1)) {
			t.Fatalf("scanner: %+v, reader: %q", shape, records)
		}
		first, err1 := scan(text, look, whole)
		second, err2 := scan(text, look, func() int { return 1 + rnd.IntN(4) })
		if !reflect.DeepEqual(first, second) || (err1 == nil) != (err2 == nil) ||
			err1 != nil && err1.Error() != err2.Error() {
			t.Fatalf("in one: %+v, %v; in portions: %+v, %v", first, err1, second, err2)
		}
	})
}

func BenchmarkScanner(b *testing.B) {
	record := "\"0015f00000AbCdEAAZ\",\"Some company name\",\"1234.56\",\"\",\"2026-01-02T03:04:05.000Z\",\"true\",\"" +
		strings.Repeat("text ", 20) + "\"\n"
	text := []byte("\"Id\",\"Name\",\"Amount\",\"X\",\"SystemModstamp\",\"IsDeleted\",\"Note\"\n" +
		strings.Repeat(record, 10_000))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		s := page.NewScanner(amounts)
		if _, err := s.Write(text); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	record := "\"0015f00000AbCdEAAZ\",\"Some company name\",\"1234.56\",\"\",\"2026-01-02T03:04:05.000Z\"\n"
	text := []byte("\"Id\",\"Name\",\"Amount\",\"X\",\"SystemModstamp\"\n" + strings.Repeat(record, 10_000))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r := page.NewReader(bytes.NewReader(text))
		for {
			if _, err := r.Next(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}
