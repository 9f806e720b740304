// Package csv reads CSV byte for byte, and doubles its quotes.
package csv

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Parse reads a whole text, byte for byte: encoding/csv would turn CRLF
// inside a value into LF. Every line must have as many fields as the first.
func Parse(text string, delimiter byte) ([][]string, error) {
	var lines [][]string
	for text != "" {
		var line []string
		for more := true; more; {
			value, rest, err := csvField(text, delimiter)
			if err != nil {
				return nil, err
			}
			line = append(line, value)
			more = rest != "" && rest[0] == delimiter
			text = strings.TrimPrefix(rest, string(rune(delimiter)))
		}
		if len(lines) > 0 && len(line) != len(lines[0]) {
			return nil, fmt.Errorf("record %d: %d fields, the header has %d", len(lines), len(line), len(lines[0]))
		}
		lines = append(lines, line)
		text = strings.TrimPrefix(text, "\r")
		text = strings.TrimPrefix(text, "\n")
	}
	return lines, nil
}

// csvField cuts the first field off.
func csvField(text string, delimiter byte) (value, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, string(rune(delimiter))+"\r\n")
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], nil
	}
	var parts strings.Builder
	for text = text[1:]; ; text = text[1:] {
		end := strings.IndexByte(text, '"')
		if end < 0 {
			return "", "", errors.New("a quote isn't closed")
		}
		parts.WriteString(text[:end])
		text = text[end+1:]
		if !strings.HasPrefix(text, `"`) {
			break
		}
		parts.WriteByte('"')
	}
	if text != "" && text[0] != delimiter && text[0] != '\r' && text[0] != '\n' {
		return "", "", errors.New("text after a closing quote")
	}
	return parts.String(), text, nil
}

// DoubleQuotes repeats every quote from a position on, in place.
func DoubleQuotes(dst []byte, from int) []byte {
	read := len(dst) - 1
	for range bytes.Count(dst[from:], []byte{'"'}) {
		dst = append(dst, 0)
	}
	for write := len(dst) - 1; write > read; read-- {
		dst[write] = dst[read]
		write--
		if dst[read] == '"' {
			dst[write] = '"'
			write--
		}
	}
	return dst
}
