// Package printable makes text that somebody else wrote fit to be shown: what
// Salesforce, a warehouse, a file or its name says may hold characters that command
// a terminal, turn the direction of a line around, or can't be seen at all.
//
// Such characters are not taken away: they are written as an escape, \x1b or \u202e,
// so that a reader sees what was there. What people write stays as it is, in any
// script: accents, combining marks, emoji, letters that are joined. All functions
// may be used on what they returned, which then stays the same.
//
// Text from outside goes through Line or Message where it enters a message, and all
// that is printed goes through Text or JSON once more, at the end. Start at Line.
package printable

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Line makes text printable on one line: line breaks and tabs are escaped, too.
func Line(text string) string {
	line, _ := escaped(text, "", len(text)*longest)
	return line
}

// Text makes text of several lines printable, which stay lines: for what was put
// together of texts that went through Line.
func Text(text string) string {
	lines, _ := escaped(text, "\n\t", len(text)*longest)
	return lines
}

// Indented is Text with its later lines indented, so that none of them poses as a
// line of ours.
func Indented(text string) string { return strings.ReplaceAll(Text(text), "\n", "\n      ") }

// Cut is Line with a bound: of a result that would have more than atMost bytes it
// keeps the beginning, and "..." behind it.
func Cut(text string, atMost int) string {
	line, whole := escaped(text, "", atMost)
	if whole {
		return line
	}
	return line + "..."
}

// Message makes what a server said one line of a message: line breaks and blanks in
// a row become one blank, and what is longer than anybody reads is cut.
func Message(text string) string {
	return Cut(strings.Join(strings.Fields(text), " "), messageAtMost)
}

// messageAtMost is in bytes.
const messageAtMost = 500

// An unprintable is an error whose text comes from outside.
type unprintable struct{ err error }

func (u unprintable) Error() string { return Line(u.err.Error()) }
func (u unprintable) Unwrap() error { return u.err }

// Error is err, a server's or of a library that repeats one, with a printable text;
// nil stays nil.
func Error(err error) error {
	if err == nil {
		return nil
	}
	return unprintable{err}
}

// longest is the most bytes that one byte of a text can become: \xff.
const longest = 4

// escaped is text with escapes, but for the characters in keep. It ends before the
// first character that atMost bytes have no room for, and is not whole then.
func escaped(text, keep string, atMost int) (_ string, whole bool) {
	var b strings.Builder
	before := ' '
	for i, size := 0, 0; i < len(text); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(text[i:])
		one := text[i : i+size]
		switch {
		case r == utf8.RuneError && size == 1:
			one = fmt.Sprintf(`\x%02x`, text[i])
		case strings.ContainsRune(keep, r), seen(r, before, text[i+size:]):
		default:
			one = escape(r)
		}
		if b.Len()+len(one) > atMost {
			return b.String(), false
		}
		b.WriteString(one)
		before, _ = utf8.DecodeLastRuneInString(one)
	}
	return b.String(), true
}

// escape writes a character as Go and most languages do.
func escape(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < utf8.RuneSelf:
		return fmt.Sprintf(`\x%02x`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// seen tells whether a reader sees a character, and it does nothing but being seen.
// Unicode's classes decide: letters, marks, numbers, punctuation, symbols and spaces
// are; controls, format characters, private and unknown ones aren't.
func seen(r, before rune, after string) bool {
	switch {
	case r >= ' ' && r < 0x7f:
		return true
	case r == zwj || r == zwnj:
		next, _ := utf8.DecodeRuneInString(after)
		return joins(before) && joins(next) && seen(next, ' ', "")
	case unicode.Is(unicode.Variation_Selector, r): // of the character before, as of an emoji
		return unicode.IsGraphic(before) && before != ' ' && !unicode.Is(unicode.Variation_Selector, before)
	case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r): // fillers, which have the class of a letter
		return false
	}
	return unicode.IsGraphic(r)
}

// The zero width joiner makes one emoji of several, and with the non-joiner says how
// letters of Persian and of the scripts of India are written.
const (
	zwnj = '\u200c'
	zwj  = '\u200d'
)

// joins tells whether a joiner beside r has a meaning, which it hasn't among letters
// that have cases: there it hides that two names differ.
func joins(r rune) bool {
	return r != utf8.RuneError && unicode.In(r, unicode.Lo, unicode.Mn, unicode.Mc, unicode.Symbol)
}

// JSON escapes in a text of JSON what its encoder leaves as it is: DEL, C1 controls,
// marks of direction and whatever else can't be seen. Whoever reads the JSON gets
// the same values.
func JSON(text []byte) []byte {
	var b strings.Builder
	before := ' '
	for i, size := 0, 0; i < len(text); i += size {
		var r rune
		r, size = utf8.DecodeRune(text[i:])
		one := string(text[i : i+size])
		rest := string(text[i+size : min(i+size+utf8.UTFMax, len(text))])
		switch high, low := utf16.EncodeRune(r); {
		case r < ' ' || seen(r, before, rest): // below are the encoder's own line breaks: it escapes the values'
		case r > 0xffff:
			one = fmt.Sprintf(`\u%04x\u%04x`, high, low)
		default:
			one = fmt.Sprintf(`\u%04x`, r)
		}
		b.WriteString(one)
		before, _ = utf8.DecodeLastRuneInString(one)
	}
	return []byte(b.String())
}
