package fakeorg

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// Ids that Salesforce itself made, from recorded answers.
func TestChecksumsOfRealIDs(t *testing.T) {
	for _, id := range []string{"01254000001upcKAAQ", "012000000000000AAA", "001Ho000000009zIAA", "00KHo0000000001MAA"} {
		if got, ok := fullID(id[:shortID]); !ok || got != id {
			t.Errorf("%s: got %s", id, got)
		}
	}
	for _, bad := range []string{"", "001", "01254000001upcKAAA", "01254000001upc-AAQ", "01254000001upcKAAQx"} {
		if _, ok := fullID(bad); ok {
			t.Errorf("%q passes", bad)
		}
	}
	if got, ok := fullID("01254000001upcKaaq"); !ok || got != "01254000001upcKAAQ" {
		t.Errorf("lower-case checksum: %q", got)
	}
}

func TestNumbersOfIDs(t *testing.T) {
	last := ""
	for _, n := range []int{0, 1, 9, 10, 35, 36, 61, 62, 3843, 3844, 1_000_000, 13_537_086_546_263_551} {
		id := makeID("a0I", n)
		if got, ok := idNumber(id, "a0I"); !ok || got != n || id <= last || len(id) != longID {
			t.Errorf("%d: %s is %d", n, id, got)
		}
		last = id
	}
	for _, bad := range []string{"", "a0IHo", "a0IHo0-00000001", "a0IXx0000000001", "001Ho0000000001"} {
		if _, ok := idNumber(bad, "a0I"); ok {
			t.Errorf("%q has a number", bad)
		}
	}
}

func TestAppendStampIsStamp(t *testing.T) {
	d := newDice(4)
	for range 2000 {
		unix := int64(d.next()%72_000_000_000) - 8_500_000_000 // 1700 to 4000
		if got, want := string(appendStamp(nil, unix)), stamp(time.Unix(unix, 0)); got != want {
			t.Fatalf("%d: got %s, want %s", unix, got, want)
		}
	}
}

func TestTimesAreInOrder(t *testing.T) {
	w := &world{birth: 1_773_500_966}
	for i := range uint64(20_000) {
		created, modified, touched := w.times(mix(i))
		if created > modified || modified > touched || touched > w.birth || created < w.birth-span-3600 {
			t.Fatalf("%d: %d %d %d", i, created, modified, touched)
		}
	}
}

func TestSpread(t *testing.T) {
	for _, n := range []int{1, 2, 99, 1000, 1_000_000} {
		sum := 0
		for _, count := range Spread(n) {
			sum += count
		}
		if sum != n {
			t.Errorf("%d spreads to %d", n, sum)
		}
	}
}

func FuzzParseCSV(f *testing.F) {
	for _, seed := range []string{"", "a,b\r\n\"x\"\"\n\",\n", "\"", "a\n\"b\"c\n", "a\r\rb", ",\n,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := parseCSV(text, ',')
		if err != nil {
			return
		}
		var again strings.Builder
		for _, line := range lines {
			for i, value := range line {
				if i > 0 {
					again.WriteByte(',')
				}
				again.Write(doubleQuotes(append([]byte{'"'}, value...), 1))
				again.WriteByte('"')
			}
			again.WriteByte('\n')
		}
		back, err := parseCSV(again.String(), ',')
		if err != nil || !slices.EqualFunc(back, lines, slices.Equal) {
			t.Errorf("%q comes back as %q: %v", lines, back, err)
		}
	})
}

func FuzzJSONText(f *testing.F) {
	for _, seed := range []string{"", "a\"b\\c", "\x00\x1f\r\n\t", "🎈é大", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var back string
		if err := json.Unmarshal(appendJSONText(nil, []byte(text)), &back); err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(text) && back != text {
			t.Errorf("%q comes back as %q", text, back)
		}
	})
}

func FuzzPageStart(f *testing.F) {
	f.Add("", 10)
	f.Add(locator(7), 10)
	f.Fuzz(func(t *testing.T, text string, total int) {
		from, err := pageStart(text, total)
		if err == nil && from != 0 && (from < 0 || from >= total) {
			t.Errorf("%q of %d leads to %d", text, total, from)
		}
	})
}

func FuzzReferences(f *testing.F) {
	f.Add("/sobjects/Account/@{a.id}", `{"id":"001"}`)
	f.Add("@{a.records[1].Id}@{a[0]}@{b}", `{"records":[{},{"Id":"x"}]}`)
	f.Fuzz(func(t *testing.T, url, answer string) {
		var value any
		if json.Unmarshal([]byte(answer), &value) != nil {
			return
		}
		in := innerRequest{URL: url}
		if err := in.resolve(map[string]any{"a": value}); err == nil && !referenceForm.MatchString(url) && in.URL != url {
			t.Errorf("%q became %q without a reference", url, in.URL)
		}
	})
}
