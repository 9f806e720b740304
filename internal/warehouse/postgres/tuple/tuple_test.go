package tuple

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// everyType has a column of each type, in the order of their names.
var everyType = []string{"BIGINT", "BOOLEAN", "DATE", "INTEGER", "NUMERIC", "TEXT", "TIME", "TIMESTAMPTZ"}

const everyHeader = "big,bool,date,int,number,text,time,at\n"

func TestTakes(t *testing.T) {
	if !Takes(everyType) {
		t.Error("some type is missing")
	}
	if Takes([]string{"TEXT", "JSONB"}) || Takes(nil) {
		t.Error("a type is taken that nobody can write")
	}
}

// A page is the same however it is read, and is divided as PostgreSQL's documentation of COPY says.
func TestReader(t *testing.T) {
	text := everyHeader + "1,true,2026-11-29,-5,1.50,\"a\r\n\"\"b\"\"\",12:00:00.000Z,2026-11-29T00:00:00.000Z\n" +
		",\"\",,,,,,\n"
	whole, err := io.ReadAll(New(strings.NewReader(text), everyType))
	if err != nil {
		t.Fatal(err)
	}
	slowly, err := io.ReadAll(iotest.OneByteReader(New(iotest.OneByteReader(strings.NewReader(text)), everyType)))
	if err != nil || !bytes.Equal(whole, slowly) {
		t.Errorf("%x read slowly, %v; want %x", slowly, err, whole)
	}
	records := divide(t, whole)
	if len(records) != 2 || string(records[0][5]) != "a\r\n\"b\"" || slices.ContainsFunc(records[1],
		func(value []byte) bool { return value != nil }) {
		t.Errorf("%q", records)
	}
}

// What isn't as Salesforce writes it is left to the server.
func TestOtherForms(t *testing.T) {
	for typ, values := range map[string][]string{
		"BOOLEAN": {"t", "TRUE", "1", " true"},
		"INTEGER": {"2147483648", "-2147483649", "1.0", "+1", "-", " 1", "1e3"},
		"BIGINT":  {"9223372036854775808", "1_000", "0x10"},
		"NUMERIC": {"NaN", "Infinity", ".5", "5.", "-", "1e", "1e101", "1,5", "+1", "--1", strings.Repeat("9", 101)},
		"DATE": {"2026-02-29", "2026-13-01", "2026-00-10", "0000-01-01", "10000-01-01", "2026-1-1", "20260101",
			"now"},
		"TIME": {"24:00:00.000Z", "12:60:00.000Z", "12:00:60.000Z", "12:00:00", "12:00Z", "12:00:00.Z"},
		"TIMESTAMPTZ": {"2026-01-01", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.1234567Z",
			"2026-01-01T00:00:00+01:00", "2026-01-01T00:00:00.000-0000", "infinity"},
	} {
		for _, value := range values {
			r := New(strings.NewReader("Value\n\""+value+"\"\n"), []string{typ})
			if _, err := io.ReadAll(r); !errors.Is(err, ErrOtherForm) || !errors.Is(r.Err(), ErrOtherForm) {
				t.Errorf("%s %q: %v", typ, value, err)
			}
		}
	}
}

// A page that can't be read isn't written as if it had ended.
func TestBadPages(t *testing.T) {
	for _, text := range []string{"", "A,B\n1\n", "A,B\n1,\"2\n", "A\n1\n", "A,B,C\n"} {
		r := New(strings.NewReader(text), []string{"TEXT", "TEXT"})
		if _, err := io.ReadAll(r); err == nil || r.Err() == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// Whatever a page holds, it is written whole or not at all.
func FuzzReader(f *testing.F) {
	f.Add("1,true,2026-11-29,-5,1.50,x,12:00:00.000Z,2026-11-29T00:00:00.000Z\n")
	f.Add("-0,false,0001-01-01,0,-1.2345678E-7,\"\",23:59:59.999Z,9999-12-31T23:59:59+0000\n")
	f.Fuzz(func(t *testing.T, records string) {
		r := New(strings.NewReader(everyHeader+records), everyType)
		all, err := io.ReadAll(r)
		if err != nil {
			if r.Err() == nil {
				t.Errorf("%v is forgotten", err)
			}
			return
		}
		divide(t, all)
	})
}

// divide takes apart what PostgreSQL would get; null is nil.
func divide(t *testing.T, all []byte) (records [][][]byte) {
	t.Helper()
	rest, ok := bytes.CutPrefix(all, []byte(signature))
	if !ok {
		t.Fatalf("%x has no signature", all)
	}
	for {
		columns := int16(binary.BigEndian.Uint16(rest))
		rest = rest[2:]
		if columns == ends {
			if len(rest) > 0 {
				t.Fatalf("%x follows the end", rest)
			}
			return records
		}
		record := make([][]byte, columns)
		for i := range record {
			length := binary.BigEndian.Uint32(rest)
			rest = rest[4:]
			if length != null {
				record[i], rest = rest[:length], rest[length:]
			}
		}
		records = append(records, record)
	}
}
