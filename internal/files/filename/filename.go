// Package filename makes names of files out of names that somebody else has given: what
// a user of Salesforce has called a document may hold slashes, control characters, the name of
// a device of Windows, or nothing at all.
//
// A name of ours is one word of a path on every system: it never leads to another folder, hides
// nothing, and is no longer than a disk takes. It can differ from what was given, so that
// whoever writes files tells it. What is on the disk already isn't looked at here.
//
// Start at Safe; a Folder gives each name once.
package filename

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	// What the file systems of Linux, macOS and Windows have room for.
	bytesAtMost = 255
	// An ending longer than this is no ending, but a dot in a sentence.
	endingAtMost = 32
	// What stands for each character that a name can't have.
	instead = '_'
)

// Safe is a name as every system takes it. One that is safe already stays as it is, and so does
// what Safe has given.
func Safe(name string) string {
	name = strings.Map(allowed, strings.ToValidUTF8(name, string(instead)))
	name = norm.NFC.String(name)
	name = strings.TrimSpace(name)
	name = noHiding(name)
	name = cut(name, bytesAtMost)
	name = noTrailing(name)
	if name == "" {
		return "file"
	}
	if isDevice(name) {
		return cut(string(instead)+name, bytesAtMost)
	}
	return name
}

// allowed is a character as a name may have it.
func allowed(r rune) rune {
	switch {
	case strings.ContainsRune(`/\:*?"<>|`, r): // what Windows and the others keep for themselves
		return instead
	case unicode.IsControl(r), unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp):
		return instead
	case r == '\u200b', r == '\ufeff', r == utf8.RuneError: // seen by nobody, or nothing to see
		return instead
	case unicode.IsSpace(r):
		return ' '
	}
	return r
}

// noHiding is a name that no listing leaves out, and no command takes for a switch.
func noHiding(name string) string {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-") || strings.HasPrefix(name, "~") {
		return string(instead) + name[1:]
	}
	return name
}

// noTrailing is a name without the dots and blanks at its end that Windows takes away.
func noTrailing(name string) string { return strings.TrimRight(name, ". ") }

// devices are what Windows calls its own, whatever ending follows (Microsoft, "Naming Files,
// Paths, and Namespaces").
var devices = regexp.MustCompile(`(?i)^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)`)

func isDevice(name string) bool { return devices.MatchString(name) }

// cut shortens a name before its ending, between two characters.
func cut(name string, atMost int) string {
	if len(name) <= atMost {
		return name
	}
	stem, ending := split(name)
	return shortened(stem, atMost-len(ending)) + ending
}

// split takes the ending off a name, with its dot.
func split(name string) (stem, ending string) {
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 || len(name)-dot > endingAtMost || strings.ContainsRune(name[dot:], ' ') {
		return name, ""
	}
	return name[:dot], name[dot:]
}

// shortened is the beginning of a text, of whole characters.
func shortened(text string, atMost int) string {
	if len(text) <= atMost {
		return text
	}
	for !utf8.RuneStart(text[atMost]) {
		atMost--
	}
	return noTrailing(text[:atMost])
}

// A Folder gives each name once, also where upper and lower case are the same, or an accent can
// be written in two ways. The zero value is an empty folder.
type Folder struct{ taken map[string]bool }

// Name is a safe name that the folder hasn't given before. Where it has, the mark makes the
// difference, which no two files share: an Id.
func (f *Folder) Name(name, mark string) string {
	name = Safe(name)
	if f.take(name) {
		return name
	}
	return f.Marked(name, mark)
}

// Marked is a name with a mark in it that no other file has: for one that is taken.
func (f *Folder) Marked(name, mark string) string {
	stem, ending := split(Safe(name))
	for more := ""; ; more += string(instead) {
		behind := " (" + Safe(mark) + ")" + more + ending
		marked := shortened(stem, bytesAtMost-len(behind)) + behind
		if f.take(marked) {
			return marked
		}
	}
}

// take notes a name, and tells whether it was free.
func (f *Folder) take(name string) bool {
	key := alike(name)
	if f.taken[key] {
		return false
	}
	if f.taken == nil {
		f.taken = map[string]bool{}
	}
	f.taken[key] = true
	return true
}

// alike is the same for all names that some disk takes for one.
func alike(name string) string { return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name))) }
