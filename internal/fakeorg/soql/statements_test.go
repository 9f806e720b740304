package soql

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

var update = flag.Bool("update", false, "write the golden files again")

// statementFiles are the corpus. In each, a line with > is a statement (⏎
// stands for a line break), the next line is what becomes of it: = and how it
// prints, or ! and its refusal. # starts a comment.
func statementFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

// statements calls do for the statements of a file, with what the file says
// becomes of each, and gives the lines between them to other.
func statements(t testing.TB, file string, do func(statement, outcome string), other func(line string)) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		statement, ok := strings.CutPrefix(lines[i], "> ")
		if !ok {
			other(lines[i])
			continue
		}
		outcome := ""
		if i+1 < len(lines) && (strings.HasPrefix(lines[i+1], "= ") || strings.HasPrefix(lines[i+1], "! ")) {
			i++
			outcome = lines[i]
		}
		do(strings.ReplaceAll(statement, "⏎", "\n"), outcome)
	}
}

// TestStatements holds the corpus.
func TestStatements(t *testing.T) {
	cases := 0
	for _, file := range statementFiles(t) {
		var out strings.Builder
		statements(t, file, func(statement, want string) {
			cases++
			got := outcome(statement)
			if want != got && !*update {
				t.Errorf("%s\n     %s\n got %s\nwant %s", file, statement, got, want)
			}
			out.WriteString("> " + strings.ReplaceAll(statement, "\n", "⏎") + "\n" + got + "\n")
		}, func(line string) { out.WriteString(line + "\n") })
		if *update {
			if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if cases < 500 {
		t.Errorf("%d statements, which is fewer than there were", cases)
	}
}

// outcome parses and binds a statement, and tells in a line what came out.
func outcome(text string) string {
	q, err := syntax.Parse(text)
	if err == nil {
		_, err = Bind(q, newTestSchema())
	}
	if e, ok := errors.AsType[*refusal.Error](err); ok {
		lines := strings.Split(e.Message, "\n")
		return fmt.Sprintf("! %s %d:%d %s", e.Code, e.Row, e.Column, lines[len(lines)-1])
	}
	return "= " + q.String()
}

// TestWholeMessage holds messages against what servers were seen to answer
// (the second: airbytehq/airbyte#62877, the third: salesforcedx-apex#153).
func TestWholeMessage(t *testing.T) {
	schema := newTestSchema()
	schema["activityfieldhistory"] = entity("ActivityFieldHistory", "Id id", "NewValueText string",
		"SystemModstamp datetime-")
	schema["apextestrunresult"] = entity("ApexTestRunResult", "UserId id", "AsyncApexJobId reference Job>Job")
	pad := strings.Repeat("IsDeleted,", 22)
	for _, c := range []struct{ statement, want string }{
		{"SELECT Nme FROM Account", "\nSELECT Nme FROM Account\n       ^\nERROR at Row:1:Column:8\n" +
			"No such column 'Nme' on entity 'Account'. If you are attempting to use a custom field, " +
			"be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe " +
			"call for the appropriate names."},
		{"SELECT Id, NewValueText FROM ActivityFieldHistory WHERE SystemModstamp >= 2017-01-01T00:00:00Z AND " +
			"SystemModstamp < 2017-01-31T00:00:00.000+00:00",
			"\nFROM ActivityFieldHistory WHERE SystemModstamp >= 2017-01-01T00:00:00Z\n" +
				"                                ^\n" +
				"ERROR at Row:1:Column:57\nfield 'SystemModstamp' can not be filtered in a query call"},
		{"SELECT UserId FROM ApexTestRunResult WHERE AsyncApexJobId = '7075A0000BiWZjxx'",
			"\nUserId FROM ApexTestRunResult WHERE AsyncApexJobId = '7075A0000BiWZjxx'\n" +
				"                                    ^\n" +
				"ERROR at Row:1:Column:44\ninvalid ID field: 7075A0000BiWZjxx"},
		{"SELECT Id\r\nFROM Account\r\nWHERE Nme = 'é'\r\n",
			"\nWHERE Nme = 'é'\n      ^\nERROR at Row:3:Column:7\nNo such column 'Nme' on entity " +
				"'Account'. If you are attempting to use a custom field, be sure to append the '__c' after the " +
				"custom field name. Please reference your WSDL or the describe call for the appropriate names."},
		{"SELECT " + pad + "Nme FROM Account", "\nIsDeleted,IsDeleted,IsDeleted,IsDeleted,Nme FROM Account\n" +
			strings.Repeat(" ", 40) +
			"^\nERROR at Row:1:Column:228\nNo such column 'Nme' on entity 'Account'. " +
			"If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. " +
			"Please reference your WSDL or the describe call for the appropriate names."},
	} {
		q, err := syntax.Parse(c.statement)
		if err == nil {
			_, err = Bind(q, schema)
		}
		e, ok := errors.AsType[*refusal.Error](err)
		if !ok || e.Message != c.want {
			t.Errorf("%s\n got %v\nwant %s", c.statement, err, c.want)
		}
	}
}
