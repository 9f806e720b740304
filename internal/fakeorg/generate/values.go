package generate

import (
	"strconv"
	"time"

	"catchment/internal/fakeorg/chance"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/recordid"
)

// one of a few texts.
func oneOf(texts ...string) maker {
	return func(_ *World, dst []byte, p pick) []byte {
		return append(dst, texts[p.h%uint64(len(texts))]...)
	}
}

// sometimes leaves out of per of the values null.
func sometimes(out, per uint64, value maker) maker {
	return func(w *World, dst []byte, p pick) []byte {
		if p.h>>40%per < out {
			return dst
		}
		return value(w, dst, p)
	}
}

// rarely writes one of the odd texts once in per records.
func rarely(per uint64, value maker, odd ...string) maker {
	return func(w *World, dst []byte, p pick) []byte {
		if p.h>>36%per == 0 {
			return append(dst, odd[p.h>>20%uint64(len(odd))]...)
		}
		return value(w, dst, p)
	}
}

// ownID is the record's own Id.
func ownID(prefix string) maker {
	return func(_ *World, dst []byte, p pick) []byte { return recordid.Append(dst, prefix, p.n+1) }
}

// lookup points to a record of another object that exists, or is null where
// that object has none.
func lookup(object, prefix string) maker {
	return func(w *World, dst []byte, p pick) []byte {
		n := w.counts[object]
		if n == 0 {
			return dst
		}
		return recordid.Append(dst, prefix, 1+int(p.h%uint64(n)))
	}
}

// user points to the User who owns, created or modified: a few of all.
func user(shift uint) maker {
	return func(w *World, dst []byte, p pick) []byte {
		return recordid.Append(dst, "005", 1+int(p.own>>shift%uint64(w.counts["User"])))
	}
}

// earlier points to a record of the same object with a lower number, so that
// trees have no circles.
func earlier(prefix string) maker {
	return func(_ *World, dst []byte, p pick) []byte {
		if p.n == 0 {
			return dst
		}
		return recordid.Append(dst, prefix, 1+int(p.h%uint64(p.n)))
	}
}

// either takes one of several makers.
func either(values ...maker) maker {
	return func(w *World, dst []byte, p pick) []byte {
		return values[p.h>>50%uint64(len(values))](w, dst, p)
	}
}

func null(_ *World, dst []byte, _ pick) []byte { return dst }

func no(_ *World, dst []byte, _ pick) []byte { return append(dst, "false"...) }

func flag(_ *World, dst []byte, p pick) []byte { return strconv.AppendBool(dst, p.h&3 == 0) }

func createdAt(w *World, dst []byte, p pick) []byte {
	created, _, _ := w.times(p.own)
	return orgtime.AppendStamp(dst, created)
}

func modifiedAt(w *World, dst []byte, p pick) []byte {
	_, modified, _ := w.times(p.own)
	return orgtime.AppendStamp(dst, modified)
}

func touchedAt(w *World, dst []byte, p pick) []byte {
	_, _, touched := w.times(p.own)
	return orgtime.AppendStamp(dst, touched)
}

// dayAround is a date within a year of the record's creation.
func dayAround(w *World, dst []byte, p pick) []byte {
	created, _, _ := w.times(p.own)
	return orgtime.AppendDate(dst, time.Unix(created+int64(p.h%365)*86400, 0).UTC())
}

// birthday is a date of the last century.
func birthday(_ *World, dst []byte, p pick) []byte {
	return orgtime.AppendDate(dst, time.Unix(-int64(p.h%(60*365))*86400, 0).UTC())
}

// whole is a number from 0 to limit-1.
func whole(limit uint64) maker {
	return func(_ *World, dst []byte, p pick) []byte { return strconv.AppendUint(dst, p.h%limit, 10) }
}

// numbered is a text with a number of its own and leading zeros.
func numbered(prefix string, width int) maker {
	return func(_ *World, dst []byte, p pick) []byte {
		return orgtime.AppendPadded(append(dst, prefix...), p.n+1, width)
	}
}

// decimal is a number with up to digits before the comma, mostly far fewer, and
// scale after it.
func decimal(digits, scale int) maker {
	return func(_ *World, dst []byte, p pick) []byte {
		if p.h&7 == 0 {
			dst = append(dst, '-')
		}
		size := 1 + int(p.h>>3%6)
		if p.h>>8%97 == 0 {
			size = digits
		}
		dst = append(dst, byte('1'+p.h>>16%9))
		more := chance.Mix(p.h)
		for range size - 1 {
			dst = append(dst, byte('0'+more%10))
			more /= 10
		}
		if scale == 0 {
			return dst
		}
		return orgtime.AppendPadded(append(dst, '.'), int(p.h>>24%chance.Pow10(scale)), scale)
	}
}

// scientific is a number as Salesforce writes large ones: with an exponent.
func scientific(_ *World, dst []byte, p pick) []byte {
	dst = append(dst, byte('1'+p.h%9), '.')
	dst = orgtime.AppendPadded(dst, int(p.h>>8%10_000_000), 7)
	return append(dst, 'E', byte('7'+p.h>>4%3))
}
