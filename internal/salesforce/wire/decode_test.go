package wire

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"catchment/internal/plan"
)

// repeated gives the same text again and again, as much of it as is asked for.
type repeated struct {
	text string
	at   int
	read int64
}

func (r *repeated) Read(p []byte) (int, error) {
	for n := range p {
		p[n] = r.text[r.at]
		r.at = (r.at + 1) % len(r.text)
	}
	r.read += int64(len(p))
	return len(p), nil
}

func TestDecoderIsBounded(t *testing.T) {
	small := Bounds{Value: 1 << 10, Depth: 8}
	values := func(d *Decoder) error { return d.Object(func(string) error { return d.Skip() }) }
	tests := []struct {
		name, start, again string
		decode             func(d *Decoder) error
	}{
		{"a text without an end", `"`, "x", func(d *Decoder) error { var s string; return d.Value(&s) }},
		{"a record without an end", `[`, `{"a":1},`, func(d *Decoder) error { var s []any; return d.Value(&s) }},
		{"a text that is skipped", `{"k":"`, `\"`, values},
		{"a key without an end", `{"`, "x", values},
		{"blanks", ``, " ", (*Decoder).Skip},
		{"blanks in an array", `[`, "\n", func(d *Decoder) error { return d.Array(d.Skip) }},
		{"blanks behind the end", `{}`, "\t", func(d *Decoder) error { return errors.Join(d.Skip(), d.End()) }},
		{"digits", ``, "9", (*Decoder).Skip},
		{"brackets", ``, "[", (*Decoder).Skip},
		{"brackets that are decoded", ``, `{"a":`, func(d *Decoder) error {
			var r json.RawMessage
			return d.Value(&r)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rest := &repeated{text: tt.again}
			err := tt.decode(NewDecoder(io.MultiReader(strings.NewReader(tt.start), rest), small))
			if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
				t.Errorf("class %s: %v", plan.ClassOf(err), err)
			}
			if rest.read > 64<<10 {
				t.Errorf("%d bytes were read", rest.read)
			}
		})
	}
}

// What is large as a whole may be read, as long as its parts are small.
func TestDecoderReadsOn(t *testing.T) {
	const element = `{"Id":"001","Name":"a \"quoted\" [bracket","N":1e999},`
	text := "[" + strings.Repeat(element, 10_000) + `null] `
	d := NewDecoder(strings.NewReader(text), Bounds{Value: 4 << 10, Depth: 3})
	n := 0
	err := d.Array(func() error {
		if n++; n%2 == 0 {
			return d.Skip()
		}
		var r map[string]json.RawMessage
		return d.Value(&r)
	})
	if err = errors.Join(err, d.End()); err != nil || n != 10_001 {
		t.Errorf("%d elements, %v", n, err)
	}
}

func TestErrorsOfJSONRepeatNoValue(t *testing.T) {
	r := &Request{Method: "GET", Path: "/x?q=secret"}
	var into struct {
		N int64 `json:"n"`
		S string
	}
	for _, text := range []string{`{"n":98765432109876543210}`, `{"n":"98765"}`, `{"S":98765}`, `98765`, `{"n":98765`} {
		err := NewDecoder(strings.NewReader(text), Bounds{}).Value(&into)
		if err = r.BadJSON(err); plan.ClassOf(err) != plan.Bug || strings.Contains(err.Error(), "98765") ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Whatever comes, a decoder ends, holds no more than it may, and agrees with encoding/json about
// what is JSON.
func FuzzDecoder(f *testing.F) {
	for _, text := range []string{
		``, `{}`, `[1,"a",{"b":[null]}]`, `{"a":1}{`, `[1,]`, `{"a"`, "\"\\u12", `[[[[[[[[[`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for name, decode := range map[string]func(*Decoder) error{
			"skip":  (*Decoder).Skip,
			"value": func(d *Decoder) error { var r json.RawMessage; return d.Value(&r) },
		} {
			d := NewDecoder(strings.NewReader(string(text)), Bounds{Value: 1 << 10, Depth: 8})
			err := decode(d)
			if err == nil {
				err = d.End()
			}
			if _, bounds := errors.AsType[*plan.Failure](err); !bounds && json.Valid(text) != (err == nil) {
				t.Errorf("%s of %q: %v", name, text, err)
			}
		}
	})
}

// Usage is what the header says, or nothing.
func FuzzUsage(f *testing.F) {
	f.Add("api-usage=25/5000; per-app-api-usage=17/250(appName=x)")
	f.Add("api-usage=-1/99999999999999999999")
	f.Add(";;=")
	f.Fuzz(func(t *testing.T, text string) {
		used, most, ok := parseUsage(text)
		if ok && !strings.Contains(text, "api-usage=") || ok && (used < 0 || most < 0) {
			t.Errorf("%q: %d of %d", text, used, most)
		}
	})
}
