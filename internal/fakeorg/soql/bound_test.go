package soql

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func noon() Clock {
	return Clock{Now: time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC), Zone: time.UTC}
}

// TestOperators holds each operator against each type. A row is a field, a
// value below, one that equals and one above the literal x, all as a record
// holds them, then x as SOQL.
func TestOperators(t *testing.T) {
	for _, c := range []struct{ field, below, equal, above, x string }{
		{"Name", "Alpha", "BETA", "gamma", "'beta'"},
		{"Name", "ETA", "ÉTA", "ÊTA", "'éta'"},
		{"Name", "a\r\nb", "a\r\nc", "a\r\nca", `'A\r\nC'`},
		{"Type", "Customer", "customer - direct", "Customer - Z", "'Customer - Direct'"},
		{"AnnualRevenue", "-0.1", "0.0", "0.000000000000000000000001", "0"},
		{"AnnualRevenue", "1.2345677E7", "1.2345678E7", "12345678.000000000000000000000001", "12345678"},
		{"AnnualRevenue", "123456789012345678.123456788", "123456789012345678.123456789", "123456789012345678.12345679",
			"123456789012345678.123456789"},
		{"AnnualRevenue", "99", "100.00", "100.01", "USD100"},
		{"NumberOfEmployees", "9", "10", "11", "+10"},
		{"Share__c", "-20", "-12.50", "-12.49", "-12.5"},
		{"Id", "001000000000000zzz", "0010000000000010AA", "001000000000002AAA", "'001000000000001'"},
		{"ParentId", "00100000000000AAAA", "00100000000000aAAA", "00100000000000bAAA", "'00100000000000aAAQ'"},
		{"Since__c", "1700-01-01", "2026-01-02", "4000-12-31", "2026-01-02"},
		{"CreatedDate", "2026-01-02T02:04:04.999Z", "2026-01-02T02:04:05.000Z", "2026-01-02T02:04:05.001Z",
			"2026-01-02T03:04:05+01:00"},
		{"CreatedDate", "2026-01-02T02:04:04.000+0000", "2026-01-02T02:04:05.000+0000", "2026-01-02T02:04:06Z",
			"2026-01-02T02:04:05Z"},
		{"Opens__c", "08:29:59.999Z", "08:30:00.000Z", "08:30:00.001Z", "08:30:00Z"},
		{"Parent.Name", "A", "b", "C", "'B'"},
	} {
		for _, o := range []struct {
			condition                 string
			null, below, equal, above bool
		}{
			{"F = X", false, false, true, false},
			{"F != X", true, true, false, true},
			{"F <> X", true, true, false, true},
			{"F < X", false, true, false, false},
			{"F <= X", false, true, true, false},
			{"F > X", false, false, false, true},
			{"F >= X", false, false, true, true},
			{"F IN (X)", false, false, true, false},
			{"F IN (null, X)", true, false, true, false},
			{"F NOT IN (X)", true, true, false, true},
			{"F NOT IN (X, null)", false, true, false, true},
			{"F = null", true, false, false, false},
			{"F != null", false, true, true, true},
			{"F > null", false, false, false, false},
			{"F <= null", false, false, false, false},
			{"NOT F = X", true, true, false, true},
			{"NOT F < X", true, false, true, true},
			{"NOT F != null", true, false, false, false},
			{"F = X OR F = null", true, false, true, false},
			{"F >= X AND F <= X", false, false, true, false},
		} {
			where := strings.NewReplacer("F", c.field, "X", c.x).Replace(o.condition)
			b := mustBind(t, "SELECT Id FROM Account WHERE "+where)
			for _, probe := range []struct {
				value string
				want  bool
			}{{"", o.null}, {c.below, o.below}, {c.equal, o.equal}, {c.above, o.above}} {
				if got := b.Filter(noon())(mapRecord{c.field: probe.value}); got != probe.want {
					t.Errorf("%s with %q: %v", where, probe.value, got)
				}
			}
		}
	}
}

// TestMatch is for what has its own rules: booleans, LIKE, multipicklists.
func TestMatch(t *testing.T) {
	for _, c := range []struct {
		where, value string
		want         bool
	}{
		{"IsDeleted = true", "true", true}, {"IsDeleted = true", "false", false}, {"IsDeleted = true", "", false},
		{"IsDeleted = false", "false", true}, {"IsDeleted = false", "", true}, {"IsDeleted = null", "false", true},
		{"IsDeleted != null", "true", true}, {"IsDeleted != true", "", true}, {"IsDeleted IN (false)", "", true},
		{"Name LIKE 'a%'", "Abc", true}, {"Name LIKE 'a%'", "bA", false}, {"Name LIKE 'a%'", "a", true},
		{"Name LIKE 'a_'", "a", false}, {"Name LIKE 'a%'", "", false}, {"Name LIKE '%'", "x", true},
		{"Name LIKE '%'", "", false}, {"NOT Name LIKE 'a%'", "", true}, {"Name LIKE '%b%d'", "aBcbcD", true},
		{"Name LIKE '%b%d'", "abcdc", false},
		{"Name LIKE 'a_c'", "aéc", true}, {"Name LIKE 'a_c'", "a😀c", true}, {"Name LIKE 'a_c'", "ac", false},
		{"Name LIKE 'a_c'", "abbc", false},
		{"Name LIKE 'é'", "É", true}, {`Name LIKE 'a\%'`, "a%", true}, {`Name LIKE 'a\%'`, "ab", false},
		{`Name LIKE '\__'`, "_x", true},
		{`Name LIKE '\__'`, "xx", false}, {`Name LIKE 'a\\%'`, `a\b`, true}, {`Name LIKE 'a\\%'`, "ab", false},
		{`Name LIKE ''`, "a", false},
		{`Name LIKE '%\n%'`, "a\r\nb", true}, {"Name LIKE '%%%a%%%a%%%'", "bananb", true},
		{"Name LIKE '%aab'", "aaaaaaaaab", true},
		{"Name = '%'", "%", true}, {"Name = '%'", "x", false}, {"Name = 'null'", "null", true},
		{"Name = 'null'", "", false}, {"Name = ''", "", true},
		{"Name != ''", "", false}, {"Name = 'K'", "\u212a", false}, {"Name = 'ß'", "SS", false},
		{"Name IN ('b', 'a', 'c')", "B", true},
		{"Name IN ('b', 'a', 'c')", "d", false}, {"Name IN ('')", "", true}, {`Name = '\ud83d\ude00'`, "😀", true},
		{"Name = '007'", "7", false},
		{"Tags__c INCLUDES ('a')", "b;A", true}, {"Tags__c INCLUDES ('a')", "ab;c", false},
		{"Tags__c INCLUDES ('a')", "", false},
		{"Tags__c INCLUDES ('a;b', 'c')", "b;x;a", true}, {"Tags__c INCLUDES ('a;b', 'c')", "a;x", false},
		{"Tags__c INCLUDES ('a;b', 'c')", "c", true},
		{"Tags__c EXCLUDES ('a')", "b;c", true}, {"Tags__c EXCLUDES ('a')", "b;a", false},
		{"Tags__c EXCLUDES ('a')", "", true},
		{"Tags__c = 'a;b'", "A;B", true}, {"Tags__c = 'a;b'", "b;a", false},
		{"CreatedDate IN (YESTERDAY, TOMORROW)", "2026-05-21T10:00:00.000Z", true},
		{"CreatedDate IN (YESTERDAY, TOMORROW)", "2026-05-20T10:00:00.000Z", false},
		{"NOT (CreatedDate = TODAY OR CreatedDate = null)", "2026-05-20T10:00:00.000Z", false},
		{"CreatedDate != TODAY", "", true},
	} {
		b := mustBind(t, "SELECT Id FROM Account WHERE "+c.where)
		r := sameRecord(c.value)
		if got := b.Filter(noon())(r); got != c.want {
			t.Errorf("%s with %q: %v", c.where, c.value, got)
		}
	}
	if b := mustBind(t, "SELECT Id FROM Account"); !b.Filter(noon())(mapRecord{}) {
		t.Error("without WHERE a record does not match")
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		order, field string
		want         []string // as ORDER BY should have them
	}{
		{"Name", "Name", []string{"", "Alpha", "beta", "BETAS", "Gamma", "éa", "Éb"}},
		{"Name DESC", "Name", []string{"", "Gamma", "beta", "Alpha"}},
		{"Name NULLS LAST", "Name", []string{"Alpha", "beta", ""}},
		{"Name DESC NULLS LAST", "Name", []string{"beta", "Alpha", ""}},
		{"Name DESC NULLS FIRST", "Name", []string{"", "beta", "Alpha"}},
		{"AnnualRevenue", "AnnualRevenue", []string{"", "-10", "-9.5", "0", "9", "10", "1.1E1"}},
		{"Id", "Id", []string{"001000000000009AAA", "00100000000000AAAA", "00100000000000aAAA"}},
		{"IsDeleted", "IsDeleted", []string{"false", "true"}},
		{"CreatedDate DESC", "CreatedDate",
			[]string{"", "4000-12-31T00:00:00.000Z", "2026-01-01T00:00:00.000Z", "1700-01-01T00:00:00.000Z"}},
		{"Parent.Name", "Parent.Name", []string{"", "a", "B"}},
	} {
		b := mustBind(t, "SELECT Id FROM Account ORDER BY "+c.order)
		for i := range c.want {
			for j := range c.want {
				got := b.Compare(mapRecord{c.field: c.want[i]}, mapRecord{c.field: c.want[j]})
				if want := compareInts(i, j); got != want {
					t.Errorf("ORDER BY %s: %q and %q: %d", c.order, c.want[i], c.want[j], got)
				}
			}
		}
	}
	b := mustBind(t, "SELECT Id FROM Account ORDER BY Type DESC, Name")
	records := []mapRecord{{"Type": "a", "Name": "1"}, {"Type": "B", "Name": "2"}, {"Type": "b", "Name": "1"}}
	slices.SortFunc(records, func(x, y mapRecord) int { return b.Compare(x, y) })
	if got := records[0]["Name"] + records[1]["Name"] + records[2]["Type"]; got != "12a" {
		t.Errorf("two keys: %v", records)
	}
	if b.Compare(records[0], records[0]) != 0 || !b.Sorted || mustBind(t, "SELECT Id FROM Account").Sorted {
		t.Error("a record does not equal itself, or Sorted is wrong")
	}
}

func compareInts(a, b int) int { return min(1, max(-1, a-b)) }

func TestRange(t *testing.T) {
	const from, to = "2026-01-02T00:00:00.000Z", "2026-02-02T00:00:00.000Z"
	for _, c := range []struct{ where, field, lo, hi string }{
		{"SystemModstamp >= " + from + " AND SystemModstamp < " + to, "systemmodstamp", from, to},
		{"SystemModstamp > " + from, "SystemModstamp", from, ""},
		{"SystemModstamp = " + from + " AND Name = 'a'", "SystemModstamp", from, from},
		{"SystemModstamp > " + from + " AND (SystemModstamp >= " + to + " AND Name = 'a')", "SystemModstamp", to, ""},
		{"SystemModstamp > " + from + " OR Name = 'a'", "SystemModstamp", "", ""},
		{"NOT SystemModstamp > " + from, "SystemModstamp", "", ""},
		{"SystemModstamp != " + from, "SystemModstamp", "", ""},
		{"SystemModstamp > TODAY", "SystemModstamp", "", ""},
		{"SystemModstamp = null", "SystemModstamp", "", ""},
		{"Parent.SystemModstamp > " + from, "SystemModstamp", "", ""},
		{"Id > '001000000000001AAA' AND Id <= '001000000000009AAA'", "Id", "001000000000001", "001000000000009"},
		{"Id IN ('001000000000005', '001000000000001AAA', '001000000000003AAA')", "Id", "001000000000001",
			"001000000000005"},
		{"Since__c <= 2026-01-02 AND Since__c < 2026-01-01 AND Since__c < 2026-01-03", "Since__c", "", "2026-01-01"},
		{"Name > 'a' AND AnnualRevenue > 5", "Name", "", ""},
		{"AnnualRevenue > 5", "AnnualRevenue", "", ""},
	} {
		b := mustBind(t, "SELECT Id FROM Account WHERE "+c.where)
		if lo, hi := b.Range(c.field); lo != c.lo || hi != c.hi {
			t.Errorf("%s: %s to %s", c.where, lo, hi)
		}
	}
	if lo, hi := mustBind(t, "SELECT Id FROM Account").Range("Id"); lo+hi != "" {
		t.Errorf("without WHERE: %s to %s", lo, hi)
	}
}

func TestBind(t *testing.T) {
	b := mustBind(t, "select ID, owner.PROFILE.name, c.contact.account.name from CASE c limit 7 offset 3 all rows")
	want := "[Id Owner.Profile.Name Contact.Account.Name]"
	if got := columnsOf(b); got != want || b.Limit != 7 || b.Offset != 3 || !b.AllRows || b.Count || b.FieldsAll ||
		b.Entity.Name != "Case" {
		t.Errorf("%s %+v", got, b)
	}
	owner := b.Columns[1].Path
	if !slices.Equal(owner.Hops[0].Targets, []string{"Group", "User"}) || owner.Hops[0].Field.Name != "OwnerId" ||
		!slices.Equal(owner.Hops[1].Targets, []string{"Profile"}) || owner.Hops[1].Field.Name != "ProfileId" ||
		owner.Field.Name != "Name" {
		t.Errorf("%+v", owner)
	}
	if b := mustBind(t, "SELECT COUNT() FROM Account"); !b.Count || len(b.Columns) != 0 || b.Limit != -1 ||
		b.Offset != -1 {
		t.Errorf("%+v", b)
	}
	b = mustBind(t, "SELECT FIELDS(CUSTOM), Name FROM Account LIMIT 5")
	if got := columnsOf(b); got != "[Score__c Tags__c Since__c Opens__c Share__c Place__c Name]" || !b.FieldsAll {
		t.Errorf("%s", got)
	}
	b = mustBind(t, "SELECT FIELDS(STANDARD) FROM Contact")
	if got := columnsOf(b); got != "[Id LastName Email AccountId OwnerId Birthdate FirstName CreatedDate]" ||
		b.FieldsAll {
		t.Errorf("%s", got)
	}
	if b := mustBind(t, "SELECT FIELDS(ALL) FROM Account LIMIT 5"); len(b.Columns) != len(b.Entity.Fields) ||
		!b.FieldsAll {
		t.Errorf("%s", columnsOf(b))
	}
}

func columnsOf(b *Bound) string {
	var names []string
	for _, c := range b.Columns {
		names = append(names, c.String())
	}
	return "[" + strings.Join(names, " ") + "]"
}
