package condition_test

import (
	"strings"
	"testing"

	"catchment/internal/archive/rehydrate/condition"
	"catchment/internal/plan"
	"catchment/internal/schema"
)

// A row of a type for each field; what isn't in it is NULL.
func row(field string) (*string, schema.Type) {
	type cell struct {
		text string
		typ  schema.Type
	}
	cells := map[string]cell{
		"Name": {"O'Neil AND Sons", schema.String}, "Amount": {"10.50", schema.Currency},
		"IsWon":      {"true", schema.Boolean},
		"ClosedDate": {"2020-01-02T03:04:05.000Z", schema.DateTime}, "CloseDate": {"2020-01-02", schema.Date},
		"ParentId": {"001000000000001AAA", schema.Reference},
	}
	for name, c := range cells {
		if strings.EqualFold(name, field) {
			return &c.text, c.typ
		}
	}
	return nil, schema.String
}

func TestHolds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`Name = 'O\'Neil AND Sons'`:                           true,
		`name != 'O\'Neil AND Sons'`:                          false,
		`Name = 'o\'neil and sons'`:                           false,
		`Amount = 10.5`:                                       true,
		`Amount>9 AND Amount<100`:                             true,
		`Amount > 10.5`:                                       false,
		`Amount >= 10.5 and Amount <= 10.50`:                  true,
		`IsWon = TRUE`:                                        true,
		`ClosedDate < 2020-01-03 AND ClosedDate > 2020-01-02`: true,
		`ClosedDate = 2020-01-02T04:04:05+01:00`:              true,
		`CloseDate <= 2020-01-01`:                             false,
		`ParentId = 001000000000001`:                          true,
		`Empty = null`:                                        true,
		`Empty != NULL`:                                       false,
		`Empty < 'a'`:                                         false,
		`Name != null AND Empty != 'x'`:                       true,
		`Amount = 'ten'`:                                      false,
		`Name = 'x' AND Amount = 10.5`:                        false,
		`Name = '' `:                                          false,
	} {
		c, err := condition.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := c.Holds(row); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// What can't be read is refused without a value in the error.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "Name", "Name =", "= 'secret'", "Name = 'secret", "Name LIKE 'secret'", "Name = 'a' OR Name = 'secret'",
		"Name = 'a' AND", "Name < null", "Account.Name = 'secret'", "Name = 'a' 'secret'", "AND AND AND",
	} {
		_, err := condition.Parse(text)
		if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	c, err := condition.Parse("Name = 'a' AND Fax = 'b'")
	if err != nil {
		t.Fatal(err)
	}
	copied := func(field string) bool { return field == "Name" }
	if err := c.Check(copied); err == nil || !strings.Contains(err.Error(), "Fax") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"Name = 'a' AND B < 3", `A='\'' and b!=null`, "'", "a=\\", "a = b AND c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := condition.Parse(text)
		if err == nil && len(c.Fields()) == 0 {
			t.Errorf("%q compares nothing", text)
		}
		c.Holds(row)
	})
}
