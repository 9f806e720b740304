package notice

import (
	"testing"

	"catchment/internal/status"
	"catchment/internal/warehouse/query"
)

func queryExamples() map[string]status.Report {
	return map[string]status.Report{
		"query-rows": someRows(),
		"query-none": Rows{Columns: []string{"id"}},
		"query-one":  Answered{Rows: 1},
		"query-more": Answered{More: true, Rows: 1000},
	}
}

func someRows() Rows {
	word := func(text string) query.Cell { return query.Cell{Text: text, Kind: query.Word} }
	return Rows{Columns: []string{"id", "n", "n", "done", "n_2"}, Cells: [][]query.Cell{
		{word("a\x1b[31m"), query.Numeric("1.50"), {}, {Text: "true", Kind: query.Truth}, word("two\nlines <b>")},
		{word(""), query.Numeric("-12345678901234567890"), query.Numeric("7"), {}, word(" x")},
	}}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	r := someRows()
	const rows = "a\x1b[31m,1.50,,true,\"two\nlines <b>\"\n\"\",-12345678901234567890,7,,\" x\"\n"
	if got := r.CSV(); got != "id,n,n,done,n_2\n"+rows {
		t.Errorf("got %q", got)
	}
	if r.Further = true; r.CSV() != rows {
		t.Errorf("further rows are %q", r.CSV())
	}
}
