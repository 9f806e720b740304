package page_test

import (
	"fmt"
	"strings"
	"testing"

	"catchment/internal/page"
)

func TestLook(t *testing.T) {
	t.Parallel()
	wide := page.Look{Number: &page.Number{Digits: 38, Whole: 38, Fraction: 37}}
	tight := page.Look{Number: &page.Number{Digits: 38, Whole: 36, Fraction: 2}}
	long := page.Look{Number: &page.Number{Bits: 64}}
	short := page.Look{Number: &page.Number{Bits: 32}}
	yes := page.Look{Text: func(text []byte) bool { return string(text) == "yes" }}
	for _, c := range []struct {
		look page.Look
		text string
		want string // the digits, "" where it isn't taken
	}{
		{page.Look{}, "anything", "0.0"}, {page.Look{Longest: 3}, "abc", "0.0"}, {page.Look{Longest: 3}, "abcd", ""},
		{yes, "yes", "0.0"}, {yes, "", "0.0"}, {yes, "no", ""},
		{wide, "", "0.0"}, {wide, "12.5", "2.1 point"}, {wide, "1E37", "38.0 point"}, {wide, "1E38", ""},
		{wide, "0.00000000000000000000000000000000000001", ""}, {wide, "NaN", ""}, {wide, "Infinity", ""},
		{wide, "12345678901234567890.1234567890123456789", ""}, {wide, "1,5", ""}, {wide, " 1", ""},
		{wide, "4.9E-324", ""},
		{tight, "1E35", "36.0 point"}, {tight, "1E36", ""}, {tight, "0.01", "0.2 point"}, {tight, "0.001", ""},
		{long, "2147483647", "10.0"}, {long, "2147483648", "10.0 beyond"}, {long, "-2147483649", "10.0 beyond"},
		{long, "9223372036854775807", "19.0 beyond"}, {long, "9223372036854775808", ""},
		{long, "-9223372036854775808", "19.0 beyond"}, {long, "5.0", "1.0 point"}, {long, "5.5", ""},
		{long, "5E3", "4.0 point"},
		{long, "1E18", "19.0 point beyond"}, {long, "1E19", ""}, {long, "1E1000000000", ""}, {long, "x", ""},
		{long, "0E1000000", "0.0 point"}, {long, "0.001E21", "19.0 point beyond"},
		{short, "2147483647", "10.0"}, {short, "2147483648", ""}, {short, "-2147483648", "10.0"},
	} {
		got := ""
		if d, takes := c.look.Takes([]byte(c.text)); takes {
			got = fmt.Sprintf("%d.%d", d.Whole, d.Fraction)
			if d.Point {
				got += " point"
			}
			if d.Beyond32 {
				got += " beyond"
			}
		}
		if got != c.want {
			t.Errorf("%+v, %q: %q, want %q", c.look.Number, c.text, got, c.want)
		}
	}
}

func TestPlainWhole(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"5": "5", "5.0": "5", "5E3": "5000", "-5.00": "-5", "0.0": "0", "0E999": "0", "0.001E21": "1000000000000000000",
		"1E18": "1000000000000000000", "5.5": "", "1E300": "", "x.": "",
	} {
		if got, err := page.PlainWhole([]byte(text)); string(got) != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
}

// A record that holds a value which its column doesn't take is counted once, however
// many such values it has; one that is deleted apart. What isn't taken widens nothing.
func TestMisfits(t *testing.T) {
	t.Parallel()
	const text = `"Amount","Id","Size","IsDeleted"
"1.25","1","5","false"
"1E40","2","x","false"
"7","3","5.5","false"
"1E40","4","5","true"
"","5","","false"
`
	look := func(field string) page.Look {
		if field == "Size" {
			return page.Look{Number: &page.Number{Bits: 64}}
		}
		return amounts(field)
	}
	for _, portion := range []func() int{whole, single} {
		got, err := scan(text, look, portion)
		if err != nil || got.Records != 5 || got.Misfits != 2 || got.Blanks != 1 || len(got.Digits) != 2 ||
			got.Digits[0] != (page.Digits{Column: "Amount", Whole: 1, Fraction: 2, Point: true}) ||
			got.Digits[1] != (page.Digits{Column: "Size", Whole: 1}) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// A text is as long as its bytes, with quotes that come doubled counted once, however
// long it is.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	const most = 100
	look := func(field string) page.Look {
		if field == "Note" {
			return page.Look{Longest: most}
		}
		return page.Look{}
	}
	for _, c := range []struct {
		note string
		want int64
	}{
		{strings.Repeat("x", most), 0}, {strings.Repeat("x", most+1), 1}, {strings.Repeat(`""`, most), 0},
		{strings.Repeat(`""`, most+1), 1}, {strings.Repeat("\u00e9", most/2), 0}, {strings.Repeat("\u00e9", most), 1},
		{strings.Repeat("long", 1<<20), 1},
	} {
		text := "Id,Name,Note,IsDeleted\n1,\"say \"\"x\"\"\",\"" + c.note + "\",false\n2,y,z,false\n"
		for _, portion := range []func() int{whole, func() int { return 7 }} {
			got, err := scan(text, look, portion)
			if err != nil || got.Records != 2 || got.Misfits != c.want {
				t.Errorf("a text of %d bytes: %+v, %v", len(c.note), got, err)
			}
		}
	}
}
