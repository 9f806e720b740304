package filename

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestSafe(t *testing.T) {
	long := strings.Repeat("a", 300)
	for given, want := range map[string]string{
		"report.pdf":             "report.pdf",
		"Übersicht 2024.xlsx":    "Übersicht 2024.xlsx",
		"U\u0308ber.txt":         "Über.txt", // written in the other way
		"契約書.pdf":                "契約書.pdf",
		"../../etc/passwd":       "_._.._etc_passwd",
		"..":                     "_",
		".":                      "_",
		"":                       "file",
		" ":                      "file",
		"...":                    "_",
		"/":                      "_",
		`C:\Windows\x`:           "C__Windows_x",
		"a\x00b":                 "a_b",
		"a\nb\tc\x1b[2J\x7f":     "a_b_c_[2J_",
		"evil\u202egnp.exe":      "evil_gnp.exe",
		"in\u200bvisible":        "in_visible",
		"bad\xff.txt":            "bad_.txt",
		"a<b>|c?*\".txt":         "a_b__c___.txt",
		".bashrc":                "_bashrc",
		"-rf":                    "_rf",
		"~root":                  "_root",
		"trailing. . ":           "trailing",
		"CON":                    "_CON",
		"nul.txt":                "_nul.txt",
		"Aux.tar.gz":             "_Aux.tar.gz",
		"com1":                   "_com1",
		"LPT³.doc":               "_LPT³.doc",
		"CON .txt":               "_CON .txt",
		"console.txt":            "console.txt",
		"com10.txt":              "com10.txt",
		long + ".pdf":            long[:251] + ".pdf",
		long:                     long[:255],
		strings.Repeat("é", 200): strings.Repeat("é", 127),
		"no ending. " + long:     ("no ending. " + long)[:255],
		"a\u00a0b\u2003c\u2028":  "a b c_",
	} {
		if got := Safe(given); got != want {
			t.Errorf("%q is %q, want %q", given, got, want)
		}
	}
}

// Whatever somebody has called a file, its name is one word of a path, and stays what it is.
func TestAnyNameIsSafe(t *testing.T) {
	odd := rapid.SampledFrom([]rune("aA./\\:\x00\n \u202e\u0308éÉßſ-~()_CONnul\ufeff💥\U0010ffff"))
	rapid.Check(t, func(t *rapid.T) {
		folder := &Folder{}
		given := map[string]bool{}
		for range rapid.IntRange(1, 8).Draw(t, "files") {
			name := rapid.OneOf(rapid.StringOfN(odd, 0, 300, -1), rapid.String()).Draw(t, "name")
			safe := Safe(name)
			if Safe(safe) != safe {
				t.Fatalf("%q is %q, and that is %q", name, safe, Safe(safe))
			}
			one := folder.Name(name, "068000000000001AAA")
			for _, n := range []string{safe, one} {
				if n == "" || len(n) > 255 || !utf8.ValidString(n) || !filepath.IsLocal(n) || filepath.Base(n) != n ||
					strings.ContainsAny(n, "/\\\x00\n") || strings.HasPrefix(n, ".") || strings.HasSuffix(n, ".") {
					t.Fatalf("%q is %q", name, n)
				}
			}
			if key := strings.ToLower(one); given[key] {
				t.Fatalf("%q was given twice", one)
			} else {
				given[key] = true
			}
		}
	})
}

func TestAFolderGivesANameOnce(t *testing.T) {
	f := &Folder{}
	for _, c := range []struct{ name, mark, want string }{
		{"a.txt", "068A", "a.txt"},
		{"A.TXT", "068B", "A (068B).TXT"},
		{"a.txt", "068C", "a (068C).txt"},
		{"a (068D).txt", "068X", "a (068D).txt"},
		{"a.txt", "068D", "a (068D)_.txt"},
		{"Straße", "068E", "Straße"},
		{"STRASSE", "068F", "STRASSE (068F)"},
		{"é", "068G", "é"},
		{"e\u0301", "068H", "é (068H)"},
		{"a/b", "068I", "a_b"},
		{"a_b", "068J", "a_b (068J)"},
		{strings.Repeat("x", 255), "068K", strings.Repeat("x", 255)},
		{strings.Repeat("x", 300), "068L", strings.Repeat("x", 248) + " (068L)"},
	} {
		if got := f.Name(c.name, c.mark); got != c.want {
			t.Errorf("%q is %q, want %q", c.name, got, c.want)
		}
	}
}
