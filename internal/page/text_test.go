package page_test

import (
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"catchment/internal/page"
)

// Half a pair is three bytes and becomes one character, as it does where it comes
// as JSON; every other byte that is no UTF-8 becomes one as well. Where the text
// was divided changes nothing.
func TestReplaceNoText(t *testing.T) {
	t.Parallel()
	const bad = "\uFFFD"
	for text, want := range map[string]string{
		"": "", "é😀\uFFFD\x00": "é😀\uFFFD\x00", // one that was replaced before is a character
		"a\xed\xa0\x80b": "a" + bad + "b", "\xed\xbf\xbf": bad, "\xed\xa0\x80\xed\xb0\x80": bad + bad,
		"\xff": bad, "\xff\xfe": bad + bad, "\xc3\"": bad + "\"",
		"\xed\xa0x": bad + bad + "x", "\xed\x9f\xbf": "\ud7ff",
		"\xed\xa0\xf0\x9f\x98\x80": bad + bad + "😀", "\xf0\x9f\xc3\xa9": bad + bad + "é", "\xf0\x9f": bad + bad,
		"\xed": bad, "\xed\xa0": bad + bad, "\xf4\x90\x80\x80": bad + bad + bad + bad, "\xc0\x80": bad + bad,
		strings.Repeat("\xed\xa0\x80é", 50_000): strings.Repeat(bad+"é", 50_000),
	} {
		for _, r := range []io.Reader{
			page.ReplaceNoText(strings.NewReader(text)),
			iotest.OneByteReader(page.ReplaceNoText(strings.NewReader(text))),
			page.ReplaceNoText(iotest.OneByteReader(strings.NewReader(text))),
			page.ReplaceNoText(iotest.DataErrReader(strings.NewReader(text))),
		} {
			got, err := io.ReadAll(r)
			if err != nil || string(got) != want {
				t.Errorf("%.20q became %.20q, %v", text, got, err)
			}
		}
	}
}

// What is no text is counted, and the first is named, beside the NUL bytes. The
// digest is that of the bytes as they came.
func TestNoTextIsCounted(t *testing.T) {
	t.Parallel()
	text := "\"Name\",\"Id\",\"Fax\"\n" +
		"\"é\",\"001A\",\"\"\n" +
		"\"\x00\xed\xa0\x80\xed\xa0\x80\",\"001B\",\"\xff\x00\"\n" +
		"\"c\x00\",\"001C\",\"\xe2\x90\"\n"
	got, err := scan(text, nil, single)
	if err != nil {
		t.Fatal(err)
	}
	if want := (&page.Flaw{Count: 5, Record: 2, Field: "Name", ID: "001B"}); !reflect.DeepEqual(got.NoText, want) {
		t.Errorf("no text: %+v", got.NoText)
	}
	if want := (&page.Flaw{Count: 3, Record: 2, Field: "Name", ID: "001B"}); !reflect.DeepEqual(got.NUL, want) {
		t.Errorf("NUL: %+v", got.NUL)
	}
	stored, err := page.OnlyText(io.NopCloser(strings.NewReader(text)), false)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := io.ReadAll(stored)
	if err != nil || !utf8.Valid(shown) {
		t.Fatal(err)
	}
	if clean, err := scan(string(shown), nil, whole); err != nil || clean.NoText != nil || clean.Records != 3 {
		t.Errorf("what a warehouse sees: %+v, %v", clean, err)
	}
}

// What a warehouse sees is text, whatever came, and as many of its characters were
// replaced as were counted.
func FuzzNoText(f *testing.F) {
	for _, text := range []string{"a", "\xed\xa0\x80", "\xed\xa0", "\xf0\x9f\x98", "\xff\xc3\xa9"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value := strings.NewReplacer("\"", "", "\uFFFD", "").Replace(text)
		whole, err := scan("\"A\"\n\""+value+"\"\n", nil, whole)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := io.ReadAll(page.ReplaceNoText(iotest.OneByteReader(strings.NewReader(value))))
		if err != nil || !utf8.Valid(shown) {
			t.Fatalf("%q, %v", shown, err)
		}
		counted := 0
		if whole.NoText != nil {
			counted = int(whole.NoText.Count)
		}
		if n := strings.Count(string(shown), "\uFFFD"); n != counted {
			t.Fatalf("%d were replaced, %d counted", n, counted)
		}
	})
}
