package events

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"

	"catchment/internal/fakeorg/orgtime"
)

// Payload writes the event in Avro's binary form, by its schema.
func (e *Event) Payload() []byte { return e.append(nil, bitmaps(e.changed)) }

// Odd is Payload with a changed field that the schema doesn't have.
func (e *Event) Odd() []byte { return e.append(nil, []string{e.Schema.beyond()}) }

func (e *Event) append(dst []byte, changed []string) []byte {
	dst = appendText(dst, e.Entity)
	dst = appendTexts(dst, e.RecordIDs)
	dst = binary.AppendVarint(dst, int64(e.Type))
	dst = appendText(dst, e.Origin)
	dst = appendText(dst, e.TransactionKey)
	dst = binary.AppendVarint(dst, int64(e.SequenceNumber))
	dst = binary.AppendVarint(dst, e.CommitTimestamp)
	dst = binary.AppendVarint(dst, e.CommitNumber)
	dst = appendText(dst, e.CommitUser)
	dst = appendTexts(dst, bitmaps(e.nulled))
	dst = appendTexts(dst, bitmaps(e.diffs))
	dst = appendTexts(dst, changed)
	rest := e.values
	for at, f := range e.Schema.fields {
		n := 0
		for n < len(rest) && rest[n].field == at {
			n++
		}
		dst = f.append(dst, rest[:n])
		rest = rest[n:]
	}
	return dst
}

// append writes a field with the values that it has: its own, or those of its parts, or none. The branch of the union
// is written first.
func (f field) append(dst []byte, values []value) []byte {
	switch {
	case len(values) == 0:
		return append(dst, 0)
	case values[0].part < 0:
		return f.kind.append(dst, values[0].text)
	case f.slot >= 0:
		dst = binary.AppendVarint(dst, 2)
	default:
		dst = binary.AppendVarint(dst, 1)
	}
	for at, p := range f.parts {
		if len(values) == 0 || values[0].part != at {
			dst = append(dst, 0)
			continue
		}
		dst = p.kind.append(dst, values[0].text)
		values = values[1:]
	}
	return dst
}

// append writes the second branch of a union, which the value is, or the first where it can't be one.
func (k kind) append(dst []byte, stored string) []byte {
	const null, there = 0, 2
	switch k {
	case boolean:
		dst = append(dst, there)
		if stored == "true" {
			return append(dst, 1)
		}
		return append(dst, 0)
	case double:
		if n, err := strconv.ParseFloat(stored, 64); err == nil {
			return binary.LittleEndian.AppendUint64(append(dst, there), math.Float64bits(n))
		}
		return append(dst, null)
	case text:
		return appendText(append(dst, there), stored)
	}
	if n, ok := k.number(stored); ok {
		return binary.AppendVarint(append(dst, there), n)
	}
	return append(dst, null)
}

// number is a value of a kind that Avro has as a whole number.
func (k kind) number(stored string) (n int64, ok bool) {
	switch k {
	case integer, long:
		n, err := strconv.ParseFloat(stored, 64) // it may have been written as 1e3
		if err != nil || n != math.Trunc(n) || math.Abs(n) >= 1<<53 {
			whole, err := strconv.ParseInt(stored, 10, 64)
			return whole, err == nil
		}
		return int64(n), true
	case date:
		t, err := time.Parse(time.DateOnly, stored)
		return t.UnixMilli(), err == nil
	case moment:
		t, ok := orgtime.Parse(stored)
		return t.UnixMilli(), ok
	case timeOfDay:
		t, err := time.Parse("15:04:05.999999999", strings.TrimSuffix(stored, "Z"))
		return t.Sub(t.Truncate(24 * time.Hour)).Milliseconds(), err == nil
	}
	return 0, false
}

// appendText writes a text. Half of a pair of UTF-16 is a question mark, as Java writes one that it can't.
func appendText(dst []byte, s string) []byte {
	s = strings.ToValidUTF8(s, "?")
	return append(binary.AppendVarint(dst, int64(len(s))), s...)
}

// appendTexts writes a list: one block, where there is anything in it, and the end.
func appendTexts(dst []byte, all []string) []byte {
	if len(all) > 0 {
		dst = binary.AppendVarint(dst, int64(len(all)))
		for _, s := range all {
			dst = appendText(dst, s)
		}
	}
	return append(dst, 0)
}
