package write

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"catchment/internal/page"
	"catchment/internal/salesforce/wire"
)

// secret stands where a server may put the value of a record.
const secret = "s3cr3t value"

func account(n int) string { return fmt.Sprintf("001%012dAAA", n) }

// twoOf is a call about two records, whose answer isn't there yet.
func twoOf(verb Verb) *batch {
	b := &batch{verb: verb, object: "Account", prefix: "001"}
	for i := range 2 {
		id := ""
		if verb != Insert {
			id = account(i + 1)
		}
		b.take(i, id, nil)
	}
	return b
}

// sound checks what was made of an answer: each record keeps its place and its Id, says done only with an Id of
// its own, and repeats no value.
func sound(t *testing.T, b *batch, answers []saved, err error) {
	t.Helper()
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Errorf("the error repeats a value: %v", err)
	}
	if len(answers) > len(b.sent) {
		t.Fatalf("%d answers", len(answers))
	}
	if !b.fits(answers, err == nil) {
		return
	}
	made := map[string]bool{}
	for i, answer := range answers {
		before := b.outcomes[i]
		after := b.outcomeOf(before, answer)
		if after.Row != before.Row || before.ID != "" && after.ID != before.ID {
			t.Errorf("%+v became %+v", before, after)
		}
		if after.State == Done && (!strings.HasPrefix(after.ID, "001") || len(after.ID) != 18 || made[after.ID]) {
			t.Errorf("done: %+v", after)
		}
		made[after.ID] = true
		r := after.Refusal
		if (r != nil) != (after.State == Failed) || r != nil && strings.Contains(r.Error(), secret) {
			t.Errorf("refusal: %+v", after)
		}
	}
}

// FuzzCollection reads whatever a server answers to a call of REST.
func FuzzCollection(f *testing.F) {
	for _, text := range []string{
		``, `[]`, `null`, `{}`, `[null,null]`,
		`[{"id":"` + account(1) + `","success":true,"errors":[]},{"success":false,` +
			`"errors":[{"statusCode":"DELETE_FAILED","message":"` + secret + `","fields":["Name"]}]}]`,
		`[{"id":"` + account(1) + `","success":true},{"id":"` + account(1) + `","success":true}]`, `[{"id":7}]`,
		`[{"id":"` + account(1) + `","success":true},{"id":`,
		`[{"errors":[{"statusCode":"` + secret + `"}],"success":false}]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, verb := range []Verb{Insert, Delete} {
			r := &wire.Request{Method: "POST", Path: "/x"}
			answers, err := readCollection(wire.NewDecoder(bytes.NewReader(text), wire.Bounds{}), 2)
			if err != nil {
				err = r.BadJSON(err)
			}
			sound(t, twoOf(verb), answers, err)
		}
	})
}

// FuzzUndeleted reads whatever a server answers to a call of SOAP.
func FuzzUndeleted(f *testing.F) {
	const head = `<e:Envelope xmlns:e="` + envelope + `" xmlns="` + partner + `"><e:Body><undeleteResponse>`
	const tail = `</undeleteResponse></e:Body></e:Envelope>`
	for _, text := range []string{
		``, `<`, head + tail,
		head + `<result><id>` + account(1) + `</id><success>true</success></result><result><errors>` +
			`<message>` + secret + `</message><statusCode>UNDELETE_FAILED</statusCode></errors><success>false</success>` +
			`</result>` + tail, head + `<result><success>maybe</success></result>` + tail, `<a><b/></a>`,
		`<!DOCTYPE a [<!ENTITY x "` + secret + `">]><a>&x;</a>`, head + `<result>`, head + secret,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		answers, err := readUndeleted(bytes.NewReader(text), 2)
		sound(t, twoOf(Undelete), answers, err)
	})
}

// FuzzResults reads whatever a server answers when it is asked for the results of a job.
func FuzzResults(f *testing.F) {
	for _, text := range []string{
		``, "\"sf__Id\",\"sf__Created\",\"Id\"\n", "sf__Id,sf__Created,Id\n" + account(1) + ",false," + account(1) + "\n",
		"sf__Id,sf__Error,Id\n,\"DELETE_FAILED:" + secret + ":--\"," + account(2) + "\n", "Id\n" + account(2) + "\n",
		"sf__Error,Id\n" + secret + "," + account(1) + "\nX," + account(1) + "\n", "Id,Id\n", "\"\n", secret + "\n\"",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, kind := range resultKinds() {
			s := newSheet(Table{Verb: Delete, Object: "Account", Columns: []string{"Id"}}, "001", 0)
			s.add([]string{account(1)})
			s.add([]string{account(2)})
			read, err := s.read(bytes.NewReader(text), kind)
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error repeats a value: %v", err)
			}
			for _, r := range read {
				s.take(r.key, r.outcome)
			}
			for i, row := range s.rows {
				o := row.outcome
				if o.Row != int64(i) || o.ID != account(i+1) || (o.Refusal != nil) != (o.State == Failed) ||
					o.Refusal != nil && strings.Contains(o.Refusal.Error(), secret) {
					t.Errorf("row %d: %+v", i, o)
				}
			}
		}
	})
}

// FuzzSheet writes rows of any text and finds each again in results that repeat them, in another order.
func FuzzSheet(f *testing.F) {
	f.Add("a", "b\r\nc", "")
	f.Add("\"", ",", "\n")
	f.Add("same", "same", "same")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		s := newSheet(Table{Verb: Insert, Object: "Account", Columns: []string{"Name", "Phone"}}, "001", 0)
		for _, value := range []string{a, b, c} {
			s.add([]string{value, "1"})
		}
		text, err := s.text()
		if err != nil {
			t.Fatal(err)
		}
		results := answerTo(t, text)
		read, err := s.read(strings.NewReader(results), resultKinds()[0])
		if err != nil || len(read) != len(s.sent) {
			t.Fatalf("%d of %d results, %v", len(read), len(s.sent), err)
		}
		for _, r := range read {
			s.take(r.key, r.outcome)
		}
		if open := s.open(); len(open) > 0 {
			t.Errorf("%d rows without a result", len(open))
		}
	})
}

// answerTo writes results for what was sent, the last row first.
func answerTo(t *testing.T, sent []byte) string {
	t.Helper()
	rows := page.NewReader(bytes.NewReader(sent))
	var lines [][]string
	for {
		row, err := rows.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		line := []string{account(len(lines) + 1), "true"}
		for _, value := range row {
			line = append(line, string(value))
		}
		lines = append(lines, line)
	}
	slices.Reverse(lines)
	var text strings.Builder
	to := page.NewWriter(&text, []string{"sf__Id", "sf__Created", "Name", "Phone"})
	for _, line := range lines {
		if err := to.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Flush(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
