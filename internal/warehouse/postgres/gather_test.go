package postgres

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"catchment/internal/golden"
	"catchment/internal/page"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

var gatheredColumns = []dialect.CopyColumn{{Name: "id", Kind: shape.Text},
	{Name: "a__c", Kind: shape.Text, Apart: true}, {Name: "at", Kind: shape.Timestamp},
	{Name: `b"\ü`, Kind: shape.Text, Apart: true}, {Name: "n", Kind: shape.Decimal, Apart: true}}

func TestGather(t *testing.T) {
	for _, test := range []struct{ what, in, want string }{
		{"plain", "1,x,2026,y,1.50\n", `"1","2026","{""a__c"":""x"",""b\""\\ü"":""y"",""n"":1.50}"` + "\n"},
		{"nothing apart", "1,,2026,,\n", `"1","2026",` + "\n"},
		{"nothing at all", ",,,\"\",\n", ",,\n"},
		{"quotes and backslashes", `1,"a ""b"" \ c",,,` + "\n", `"1",,"{""a__c"":""a \""b\"" \\ c""}"` + "\n"},
		{"line breaks", "1,\"a\r\nb\n\",,c,\n",
			`"1",,"{""a__c"":""a\u000d\u000ab\u000a""` + "\n\n" + `,""b\""\\ü"":""c""}"` + "\n"},
		{"control characters", "1,\x01\t\x1f\x7f,,,\n", `"1",,"{""a__c"":""\u0001\u0009\u001f` + "\x7f\"\"}\"\n"},
		{"beyond ASCII", "1,ü😀\u2028,,,\n", `"1",,"{""a__c"":""ü😀` + "\u2028\"\"}\"\n"},
		{"no line end", "1,x,,,\n2,,,,\"3\"", `"1",,"{""a__c"":""x""}"` + "\n" + `"2",,"{""n"":3}"` + "\n"},
		{"a quoted field that stays", `"1,""2""",x,,,` + "\n", `"1,""2""",,"{""a__c"":""x""}"` + "\n"},
	} {
		in := "Id,A__c,At,B,N\n" + test.in
		got, err := io.ReadAll(gather(iotest.OneByteReader(strings.NewReader(in)), gatheredColumns))
		if err != nil || string(got) != "header\n"+test.want {
			t.Errorf("%s: %q, %v\nwant %q", test.what, got, err, test.want)
		}
	}
}

// A page that can't be read fails as it does elsewhere.
func TestGatherBadPage(t *testing.T) {
	for _, in := range []string{"", "Id,A__c,At,B,N\n1,2\n", "Id,A__c,At,B,N\n1,\"x,,,\n"} {
		if _, err := io.ReadAll(gather(strings.NewReader(in), gatheredColumns)); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

// Whatever the values are, they come out as they went in, on as many lines.
func FuzzGather(f *testing.F) {
	f.Add("x", "a\"\\\n\r\x00\u2028")
	f.Add("", "😀\x7f\x1f")
	f.Fuzz(func(t *testing.T, stays, goes string) {
		if !utf8.ValidString(stays) || !utf8.ValidString(goes) {
			return // a loader is shown nothing but text
		}
		var in bytes.Buffer
		w := page.NewWriter(&in, []string{"Id", "A__c"})
		if w.Write([]string{stays, goes}) != nil || w.Flush() != nil {
			t.Fatal("no page")
		}
		lines := bytes.Count(in.Bytes(), []byte("\n"))
		got, err := io.ReadAll(gather(&in, gatheredColumns[:2]))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Count(got, []byte("\n")) != lines {
			t.Errorf("%q has other lines than the page", got)
		}
		strict := csv.NewReader(strings.NewReader(strings.ReplaceAll(string(got), "\r", "\x00")))
		strict.FieldsPerRecord = -1 // the header that nobody reads
		all, err := strict.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var values map[string]string
		if text := all[1][1]; text != "" {
			if err := json.Unmarshal([]byte(text), &values); err != nil {
				t.Fatalf("%v in %q", err, text)
			}
		}
		if back := strings.NewReplacer("\x00", "\r"); back.Replace(all[1][0]) != back.Replace(stays) ||
			values["a__c"] != goes {
			t.Errorf("%q, %q", all[1], values)
		}
	})
}

func TestOverflowText(t *testing.T) {
	d := Dialect()
	table := shape.Table{Object: "Wide__c", Name: "wide__c", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text}, {Name: "n", Field: "N", Kind: shape.Decimal},
		{Name: "it's", Field: "Its", Kind: shape.Text}}}
	has := []dialect.Stored{{Name: "id", Type: "text"}, {Name: "n", Type: "numeric"}, {Name: "it's", Type: "text"},
		{Name: "_catchment_at", Type: "timestamp with time zone"}}
	apart, err := dialect.SetApart(d, table, has)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, step := range dialect.Spill(d, "salesforce", "salesforce_incremental", "wide__c", apart) {
		b.WriteString(step.SQL + ";\n")
	}
	b.WriteString(copyText(sql.Copy{Into: `"s"."wide__c"`, Op: warehouse.Put, Columns: gatheredColumns}, false) + ";\n")
	golden.Equal(t, "postgres-overflow.sql", b.String())
}
