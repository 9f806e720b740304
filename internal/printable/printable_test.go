package printable_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"catchment/internal/printable"
)

// What people write stays as it is.
func TestLineLeaves(t *testing.T) {
	t.Parallel()
	for what, text := range map[string]string{
		"ascii":            `Account (all) "x" \ ~`,
		"accents":          "Zoë Ångström ñandú",
		"combining":        "e\u0301 \u0915\u094d\u0937",
		"chinese":          "客户　名称",
		"japanese":         "顧客ガギグ",
		"korean":           "고객",
		"hebrew":           "שלום עולם",
		"arabic":           "مرحبا بالعالم",
		"thai":             "ลูกค้า",
		"emoji":            "🌧 ❤️ 👍🏽 ☎️",
		"family":           "👨\u200d👩\u200d👧",
		"rainbow flag":     "🏳\ufe0f\u200d🌈",
		"nodding":          "🙂\u200d↔\ufe0f",
		"two letters flag": "🇩🇪",
		"persian":          "می\u200cخواهم",
		"devanagari":       "क्\u200dष",
		"no-break space":   "1\u00a0000 €",
		"replaced":         "a\ufffdb",
	} {
		if got := printable.Line(text); got != text {
			t.Errorf("%s: %q became %q", what, text, got)
		}
	}
}

// What commands, turns or hides is shown as an escape.
func TestLineEscapes(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ text, want string }{
		"erase the screen":       {"a\x1b[2Jb", `a\x1b[2Jb`},
		"title and bell":         {"\x1b]0;title\x07", `\x1b]0;title\x07`},
		"link":                   {"\x1b]8;;http://evil\x1b\\here", `\x1b]8;;http://evil\x1b\here`},
		"nul":                    {"a\x00b", `a\x00b`},
		"backspace":              {"safe\b\b\b\bevil", `safe\x08\x08\x08\x08evil`},
		"line break":             {"a\nok    login", `a\nok    login`},
		"carriage return":        {"failed\rok    ", `failed\rok    `},
		"tab":                    {"a\tb", `a\tb`},
		"delete":                 {"a\x7fb", `a\x7fb`},
		"c1":                     {"a\u009b31mb", `a\u009b31mb`},
		"next line":              {"a\u0085b", `a\u0085b`},
		"override":               {"a\u202eb\u202d", `a\u202eb\u202d`},
		"embedding":              {"\u202aa\u202bb\u202c", `\u202aa\u202bb\u202c`},
		"isolates":               {"\u2066a\u2067b\u2068c\u2069", `\u2066a\u2067b\u2068c\u2069`},
		"marks of direction":     {"a\u200eb\u200fc\u061c", `a\u200eb\u200fc\u061c`},
		"separators":             {"a\u2028b\u2029", `a\u2028b\u2029`},
		"zero width space":       {"Acc\u200bount", `Acc\u200bount`},
		"joiner among latin":     {"Acc\u200dount", `Acc\u200dount`},
		"joiner at the end":      {"👨\u200d", `👨\u200d`},
		"two joiners":            {"👨\u200d\u200d👩", `👨\u200d\u200d👩`},
		"byte order mark":        {"\ufeffa", `\ufeffa`},
		"soft hyphen":            {"a\u00adb", `a\u00adb`},
		"word joiner":            {"a\u2060b", `a\u2060b`},
		"hangul filler":          {"a\u3164b", `a\u3164b`},
		"tag":                    {"a\U000e0041b", `a\U000e0041b`},
		"private use":            {"a\ue000b", `a\ue000b`},
		"unassigned":             {"a\U000fffffb", `a\U000fffffb`},
		"selectors as a message": {"a\ufe00\ufe01", "a\ufe00" + `\ufe01`},
		"selector of nothing":    {"\ufe0f", `\ufe0f`},
		"latin 1":                {"caf\xe9", `caf\xe9`},
		"cut letter":             {"a\xe2\x82", `a\xe2\x82`},
		"surrogate":              {"\xed\xa0\x80", `\xed\xa0\x80`},
	} {
		got := printable.Line(c.text)
		if got != c.want {
			t.Errorf("%s: %q became %q, want %q", what, c.text, got, c.want)
		}
		if again := printable.Line(got); again != got {
			t.Errorf("%s: %q became %q when it was done again", what, got, again)
		}
	}
}

func TestTextKeepsLines(t *testing.T) {
	t.Parallel()
	got := printable.Text("one\ttwo\r\nth\x1bree\n")
	if want := "one\ttwo\\r\nth\\x1bree\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text   string
		atMost int
		want   string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "abc..."},
		{"", 0, ""},
		{"aé", 2, "a..."},
		{"a\x1bb", 5, `a\x1b...`},
		{"a\x1bb", 6, `a\x1bb`},
		{"a\x1bb", 4, "a..."},       // half an escape says something else
		{"ab👩\u200d🚀", 6, "ab👩..."}, // no joiner is left hanging
	} {
		if got := printable.Cut(c.text, c.atMost); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.text, c.atMost, got, c.want)
		}
	}
}

// A reader of the JSON gets what was written, and a terminal nothing that commands.
func TestJSONKeepsValues(t *testing.T) {
	t.Parallel()
	said := map[string]string{
		"controls": "a\x1b\x07\x7f\u009b\u0085\n\tb",
		"bidi":     "\u202e\u2066\u200f",
		"tag":      "\U000e0041\U0001f327",
		"people":   "Zoë 客户 👨\u200d👩 שלום",
		"escape":   `\x1b \u202e`,
	}
	plain, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	line := printable.JSON(append(plain, '\n'))
	if !raw(string(line), "\n") {
		t.Errorf("%q holds what commands a terminal", line)
	}
	if !strings.Contains(string(line), "Zoë 客户 👨\u200d👩 שלום") {
		t.Errorf("%q escapes what people write", line)
	}
	var got map[string]string
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	for k, v := range said {
		if got[k] != v {
			t.Errorf("%s: %q was read as %q", k, v, got[k])
		}
	}
}

// raw tells whether text has only characters that are seen, or are in keep. It asks
// Unicode's categories by itself.
func raw(text, keep string) bool {
	for i, r := range text {
		control := unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
		if control && r != '\u200d' && r != '\u200c' && !strings.ContainsRune(keep, r) {
			return false
		}
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd") {
			return false
		}
	}
	return true
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\x1b[2Jb\u202ec\u009b31m", 5)
	f.Add("👨\u200d👩\xff\u2028", 9)
	f.Fuzz(func(t *testing.T, text string, atMost int) {
		line := printable.Line(text)
		if !raw(line, "") || printable.Line(line) != line {
			t.Errorf("%q became %q", text, line)
		}
		if many := printable.Text(text); !raw(many, "\n\t") || printable.Text(many) != many {
			t.Errorf("%q became the lines %q", text, many)
		}
		atMost = max(0, min(atMost, 1000))
		if cut := printable.Cut(text, atMost); len(cut) > atMost+len("...") || !raw(cut, "") {
			t.Errorf("%q was cut to %q", text, cut)
		}
		plain, err := json.Marshal(text)
		if err != nil {
			t.Skip(err)
		}
		var want, got string
		if err := json.Unmarshal(plain, &want); err != nil {
			t.Fatal(err)
		}
		escaped := printable.JSON(plain)
		if err := json.Unmarshal(escaped, &got); err != nil || got != want || !raw(string(escaped), "") {
			t.Errorf("%q became the JSON %q: %v", text, escaped, err)
		}
	})
}
