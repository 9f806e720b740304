package soql

import (
	"strings"
	"testing"

	"catchment/internal/fakeorg/soql/syntax"
)

const (
	oracleAnswers = "testdata/oracle/answers.out"    // written by testdata/oracle/check.sh
	oracleReasons = "testdata/oracle/exceptions.out" // where the two may differ, and why
)

// TestOracle holds the corpus against another parser: what is valid here, it
// takes too, and it understands the same. It parses more than Salesforce does,
// so what is refused here proves nothing.
func TestOracle(t *testing.T) {
	answers, differ := map[string]string{}, map[string]bool{}
	ignore := func(string) {}
	statements(t, oracleAnswers, func(statement, answer string) { answers[statement] = answer }, ignore)
	statements(t, oracleReasons, func(statement, _ string) { differ[statement] = true }, ignore)
	agreed := 0
	for _, file := range statementFiles(t) {
		statements(t, file, func(statement, outcome string) {
			answer, asked := answers[statement]
			if !asked {
				t.Errorf("%s: nobody has asked the other parser about %s: run testdata/oracle/check.sh",
					file, statement)
			}
			q, err := syntax.Parse(statement)
			if err != nil {
				return
			}
			valid, complaint := strings.HasPrefix(outcome, "= "), disagreement(q, strings.ReplaceAll(answer, "⏎", "\n"))
			switch {
			case complaint != "" && valid && !differ[statement]:
				t.Errorf("%s: %s\n%s", file, statement, complaint)
			case complaint == "" && differ[statement]:
				t.Errorf("%s: %s\nis no exception any more", file, statement)
			case complaint == "":
				agreed++
			}
			delete(differ, statement)
		}, ignore)
	}
	for statement := range differ {
		t.Errorf("%s: no such statement: %s", oracleReasons, statement)
	}
	if agreed < 400 {
		t.Errorf("the two agree on %d statements, which is fewer than there were", agreed)
	}
}

// disagreement tells how what the other parser has understood differs from q;
// "" where it doesn't. Its own way of writing is ironed out by reading what it
// composes.
func disagreement(q *syntax.Query, answer string) string {
	composed, taken := strings.CutPrefix(answer, "= ")
	if !taken {
		return answer
	}
	again, err := syntax.Parse(composed)
	if err != nil {
		return composed + "\n" + err.Error()
	}
	if want, got := strings.ToLower(q.String()), strings.ToLower(again.String()); got != want {
		return "got " + got + "\nwant " + want
	}
	return ""
}
