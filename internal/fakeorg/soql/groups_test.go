package soql

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"catchment/internal/fakeorg/soql/syntax"
)

// answers gives the groups of a statement over records: a line for each.
func answers(t testing.TB, statement string, records []mapRecord) []string {
	t.Helper()
	b := mustBind(t, statement)
	groups, filter := b.Groups(noon()), b.Filter(noon())
	for _, r := range records {
		if filter(r) {
			groups.Add(r)
		}
	}
	var lines []string
	for _, g := range groups.All() {
		var cells []string
		for _, c := range b.Columns {
			cells = append(cells, c.String()+"="+c.Value(g, noon()))
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	return lines
}

// column makes records with one field filled.
func column(field string, values ...string) []mapRecord {
	var records []mapRecord
	for _, v := range values {
		records = append(records, mapRecord{field: v})
	}
	return records
}

func TestAggregates(t *testing.T) {
	for _, c := range []struct {
		call   string
		values []string
		want   string
	}{
		{"COUNT(Name)", []string{"a", "", "A", "b"}, "3"},
		{"COUNT(Name)", nil, "0"},
		{"COUNT_DISTINCT(Name)", []string{"a", "", "A", "b", "É", "é"}, "3"},
		{"COUNT_DISTINCT(AnnualRevenue)", []string{"1", "1.0", "10E-1", "2", ""}, "2"},
		{"COUNT_DISTINCT(Id)", []string{"001000000000001AAA", "001000000000001", "00100000000000aAAA",
			"00100000000000AAAA"}, "3"},
		{"SUM(AnnualRevenue)", []string{"123456789012345678.12", "", "0.000000000000000000000001", "-0.12"},
			"123456789012345678.000000000000000000000001"},
		{"SUM(AnnualRevenue)", []string{"1.2345678E7", "0.5"}, "12345678.5"},
		{"SUM(AnnualRevenue)", []string{"0.1", "0.2", "-0.3"}, "0"},
		{"SUM(AnnualRevenue)", []string{"", ""}, ""},
		{"SUM(AnnualRevenue)", []string{"1E999999999", "1"}, "1"},
		{"SUM(AnnualRevenue)", []string{"100", "200"}, "300"},
		{"AVG(AnnualRevenue)", []string{"1", "2", ""}, "1.5"},
		{"AVG(AnnualRevenue)", []string{"1", "1", "0"}, "0.6666666666666667"},
		{"AVG(NumberOfEmployees)", []string{"10", "20"}, "15"},
		{"AVG(AnnualRevenue)", []string{""}, ""},
		{"MIN(AnnualRevenue)", []string{"10", "", "9.5", "1E1"}, "9.5"},
		{"MAX(AnnualRevenue)", []string{"10", "9.5", "-11"}, "10"},
		{"MIN(Name)", []string{"b", "C", "A", "a"}, "A"},
		{"MAX(CreatedDate)", []string{"2026-01-02T03:04:05.000Z", "1700-01-01T00:00:00.000Z"},
			"2026-01-02T03:04:05.000Z"},
		{"MIN(Since__c)", []string{"", "4000-12-31", "1700-01-01"}, "1700-01-01"},
		{"MAX(Opens__c)", []string{"08:30:00.000Z", "08:30:00.001Z"}, "08:30:00.001Z"},
		{"FORMAT(SUM(AnnualRevenue))", []string{"1234567.5", "1"}, "USD 1,234,568.5"},
		{"FORMAT(COUNT(Id))", []string{"a", "b"}, "2"},
	} {
		_, field, _ := strings.Cut(strings.TrimPrefix(c.call, "FORMAT("), "(")
		got := answers(t, "SELECT "+c.call+" FROM Account", column(strings.TrimRight(field, ")"), c.values...))
		if want := []string{"expr0=" + c.want}; !slices.Equal(got, want) {
			t.Errorf("%s of %q: %v, want %v", c.call, c.values, got, want)
		}
	}
}

// TestGroups is for the order of groups, the names of columns, and the
// clauses that follow GROUP BY.
func TestGroups(t *testing.T) {
	records := []mapRecord{
		{"Type": "b", "Name": "x", "NumberOfEmployees": "1", "CreatedDate": "2026-05-20T23:30:00.000Z",
			"Owner.Name": "Ann"},
		{"Type": "a", "Name": "y", "NumberOfEmployees": "5", "CreatedDate": "2026-05-21T00:30:00.000Z",
			"Owner.Name": "Bob"},
		{"Type": "B", "Name": "x", "NumberOfEmployees": "2", "CreatedDate": "2025-05-20T23:30:00.000Z",
			"Owner.Name": "ann"},
		{"Type": "", "Name": "z", "NumberOfEmployees": "", "CreatedDate": "", "Owner.Name": ""},
	}
	for _, c := range []struct{ statement, want string }{
		{"SELECT Type, COUNT(Id) FROM Account GROUP BY Type", "Type=b expr0=0; Type=a expr0=0; Type= expr0=0"},
		{"SELECT Type, COUNT(Name) n FROM Account GROUP BY Type ORDER BY Type", "Type= n=1; Type=a n=1; Type=b n=2"},
		{"SELECT COUNT(Name), Type t, SUM(NumberOfEmployees) FROM Account GROUP BY Type ORDER BY " +
			"SUM(NumberOfEmployees) DESC NULLS LAST",
			"expr0=1 t=a expr1=5; expr0=2 t=b expr1=3; expr0=1 t= expr1="},
		{"SELECT Type, MAX(Name) a, MIN(Name), COUNT(Name) b, COUNT(NumberOfEmployees) FROM Account GROUP " +
			"BY Type LIMIT 1", "Type=b a=x expr0=x b=2 expr1=2"},
		{"SELECT Type FROM Account GROUP BY Type ORDER BY COUNT(Name) DESC, Type LIMIT 1 OFFSET 1", "Type="},
		{"SELECT Type FROM Account GROUP BY Type HAVING COUNT(Name) > 1", "Type=b"},
		{"SELECT Type FROM Account GROUP BY Type HAVING Type = null OR Type = 'A'", "Type=a; Type="},
		{"SELECT Type FROM Account GROUP BY Type HAVING SUM(NumberOfEmployees) = null", "Type="},
		{"SELECT Type FROM Account GROUP BY Type HAVING MAX(CreatedDate) = TODAY", "Type=b"},
		{"SELECT Type FROM Account GROUP BY Type HAVING NOT COUNT(Name) IN (1, 3)", "Type=b"},
		{"SELECT Owner.Name, COUNT(Name) FROM Account GROUP BY Owner.Name",
			"Name=Ann expr0=2; Name=Bob expr0=1; Name= expr0=1"},
		{"SELECT CALENDAR_YEAR(CreatedDate), COUNT(Name) n FROM Account GROUP BY CALENDAR_YEAR(createddate) ORDER BY " +
			"CALENDAR_YEAR(CreatedDate)",
			"expr0= n=1; expr0=2025 n=1; expr0=2026 n=2"},
		{"SELECT Type, Name, SUM(NumberOfEmployees) FROM Account WHERE Type != null GROUP BY Type, Name",
			"Type=b Name=x expr0=3; Type=a Name=y expr0=5"},
		{"SELECT COUNT(Id) FROM Account WHERE Name = 'nobody'", "expr0=0"},
		{"SELECT Name FROM Account WHERE Name = 'nobody' GROUP BY Name", ""},
		{"SELECT Name FROM Account GROUP BY Name LIMIT 0", ""},
		{"SELECT Name FROM Account GROUP BY Name OFFSET 9", ""},
	} {
		if got := strings.Join(answers(t, c.statement, records), "; "); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.statement, got, c.want)
		}
	}
}

// TestSubtotals has the rows of the guide's pages on ROLLUP and CUBE.
func TestSubtotals(t *testing.T) {
	var records []mapRecord
	for _, row := range []string{"Web,", "Web,", "Web,Hot", "Phone,Warm", "Phone,Hot"} {
		source, rating, _ := strings.Cut(row, ",")
		records = append(records, mapRecord{"LeadSource": source, "Rating": rating, "LastName": "x"})
	}
	const list = "SELECT LeadSource s, Rating r, GROUPING(LeadSource) gs, GROUPING(Rating) gr, " +
		"COUNT(LastName) n FROM Lead GROUP BY "
	rollup := []string{
		"s=Web r= gs=0 gr=0 n=2", "s=Web r=Hot gs=0 gr=0 n=1", "s=Phone r=Warm gs=0 gr=0 n=1",
		"s=Phone r=Hot gs=0 gr=0 n=1",
		"s=Web r= gs=0 gr=1 n=3", "s=Phone r= gs=0 gr=1 n=2", "s= r= gs=1 gr=1 n=5",
	}
	only := []string{"s= r= gs=1 gr=0 n=2", "s= r=Hot gs=1 gr=0 n=2", "s= r=Warm gs=1 gr=0 n=1"}
	for _, c := range []struct {
		statement string
		want      []string
	}{
		{list + "ROLLUP(LeadSource, Rating)", rollup},
		{list + "CUBE(LeadSource, Rating)", append(only, rollup...)},
		{list + "CUBE(LeadSource, Rating) HAVING GROUPING(Rating) = 1 AND COUNT(LastName) > 2",
			[]string{rollup[4], rollup[6]}},
		{list + "ROLLUP(LeadSource, Rating) ORDER BY GROUPING(LeadSource) DESC, COUNT(LastName) DESC LIMIT 2",
			[]string{rollup[6], rollup[4]}},
	} {
		got := answers(t, c.statement, records)
		if !strings.Contains(c.statement, "ORDER") {
			slices.Sort(got)
			slices.Sort(c.want)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s\n got %q\nwant %q", c.statement, got, c.want)
		}
	}
}

// naiveGroups groups as plainly as can be: once for each combination of keys
// that is left out, with sums in big.Rat.
func naiveGroups(records []mapRecord, keys []string, subtotals string) []string {
	var lines []string
	for out := range 1 << len(keys) {
		switch {
		case subtotals == "" && out != 0,
			subtotals == "ROLLUP" &&
				!slices.Contains([]int{0, 1 << len(keys) >> 1, 3 << len(keys) >> 2, 7 << len(keys) >> 3}, out):
			continue
		}
		counts, sums, order := map[string]int{}, map[string]*big.Rat{}, []string{}
		for _, r := range records {
			var name []string
			for i, key := range keys {
				switch v := r[key]; {
				case out&(1<<i) != 0:
					name = append(name, "(all)")
				case key == "IsDeleted" && v == "":
					name = append(name, "FALSE")
				default:
					name = append(name, strings.ToUpper(v))
				}
			}
			text := strings.Join(name, "|")
			if sums[text] == nil {
				order, sums[text] = append(order, text), new(big.Rat)
			}
			if x, ok := new(big.Rat).SetString(r["AnnualRevenue"]); ok {
				counts[text]++
				sums[text].Add(sums[text], x)
			}
		}
		for _, text := range order {
			sum := "null"
			if counts[text] > 0 {
				sum = sums[text].RatString()
			}
			lines = append(lines, fmt.Sprintf("%s|%d|%s", text, counts[text], sum))
		}
	}
	slices.Sort(lines)
	return lines
}

// TestRandomGroups holds Groups against the naive implementation.
func TestRandomGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := []string{"Type", "IsDeleted", "Since__c"}
		keys := rapid.Permutation(all).Draw(t, "keys")[:rapid.IntRange(1, 3).Draw(t, "number of keys")]
		subtotals := rapid.SampledFrom([]string{"", "ROLLUP", "CUBE"}).Draw(t, "subtotals")
		var records []mapRecord
		for range rapid.IntRange(0, 12).Draw(t, "records") {
			records = append(records, mapRecord{
				"Type":      rapid.SampledFrom([]string{"", "a", "A", "é", "É", "a\x00"}).Draw(t, "type"),
				"IsDeleted": rapid.SampledFrom([]string{"", "true", "false"}).Draw(t, "deleted"),
				"Since__c":  rapid.SampledFrom([]string{"", "1700-01-01", "2026-01-02"}).Draw(t, "since"),
				"AnnualRevenue": rapid.SampledFrom([]string{"", "0.1", "0.2", "-1.2345678E7",
					"123456789012345678.12"}).Draw(t, "revenue"),
			})
		}
		list, by := "", strings.Join(keys, ", ")
		for _, key := range keys {
			list += key + ", "
			if subtotals != "" {
				list += "GROUPING(" + key + ") g" + key + ", "
			}
		}
		if subtotals != "" {
			by = subtotals + "(" + by + ")"
		}
		statement := "SELECT " + list + "COUNT(AnnualRevenue) n, SUM(AnnualRevenue) s FROM Account GROUP BY " + by
		q, err := syntax.Parse(statement)
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		b, err := Bind(q, newTestSchema())
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		groups := b.Groups(noon())
		for _, r := range records {
			groups.Add(r)
		}
		var got []string
		for _, g := range groups.All() {
			got = append(got, naiveLine(b, g))
		}
		slices.Sort(got)
		if want := naiveGroups(records, keys, subtotals); !slices.Equal(got, want) {
			t.Fatalf("%s\n%v\n got %q\nwant %q", statement, records, got, want)
		}
	})
}

// naiveLine writes a group as naiveGroups does.
func naiveLine(b *Bound, g Group) string {
	var cells []string
	for _, c := range b.Columns {
		v := strings.ToUpper(c.Value(g, noon()))
		switch {
		case c.Alias[0] == 'g':
			if v == "1" {
				cells[len(cells)-1] = "(all)"
			}
			continue
		case c.Alias == "s" && v == "":
			v = "null"
		case c.Alias == "s":
			x, _ := new(big.Rat).SetString(v)
			v = x.RatString()
		}
		cells = append(cells, v)
	}
	return strings.Join(cells, "|")
}
