package shape

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode"

	"catchment/internal/plan"
	"catchment/internal/schema"
)

// The columns of Salesforce that consolidation acts on, by their field names.
const (
	fieldID      = "Id"
	FieldStamp   = "SystemModstamp"
	FieldDeleted = "IsDeleted"
	FieldMaster  = "MasterRecordId"
)

// OwnPrefix starts the names of columns and tables that are ours.
const OwnPrefix = "_catchment_"

// TableFor is the table that takes the given fields of o: names in lower case,
// or in snake case when asked, with a suffix where two fields would share one.
// The key is Id; where o has none, the caller sets Key. Adapt makes of it what
// the warehouse has.
func TableFor(o schema.Object, fields []schema.Field, snake bool) (Table, error) {
	t := Table{Object: o.Name, Name: TableName(o.Name, snake)}
	taken := map[string]string{}
	for _, f := range fields {
		name := ColumnName(f.Name, snake)
		if _, ok := taken[name]; ok {
			name += "_" + Digest(f.Name)
		}
		if strings.HasPrefix(name, OwnPrefix) {
			return Table{}, plan.Fixf("exclude the field in the flow",
				"%s: field %s would take a column name that Catchment keeps for itself", o.Name, f.Name)
		}
		taken[name] = f.Name
		if strings.EqualFold(f.Name, fieldID) {
			t.Key = []string{name}
		}
		c := Column{Name: name, Field: f.Name, Kind: kindOf(f.Type), Length: f.Length}
		if c.Kind == Decimal {
			c.Scale = f.Scale
		}
		t.Columns = append(t.Columns, c)
	}
	return t, nil
}

// TableName is the name of an object's table: in lower case, or in snake case
// when asked.
func TableName(object string, snake bool) string { return ColumnName(object, snake) }

// ColumnName makes a column's name from an API name: AccountId becomes
// accountid, or account_id in snake case. Names with two underscores in a row
// (Amount__c) keep them.
func ColumnName(api string, snake bool) string {
	if !snake {
		return strings.ToLower(api)
	}
	var b strings.Builder
	rs := []rune(api)
	for i, r := range rs {
		if unicode.IsUpper(r) && i > 0 && rs[i-1] != '_' {
			endsWord := !unicode.IsUpper(rs[i-1])
			startsWord := i+1 < len(rs) && unicode.IsLower(rs[i+1])
			if endsWord || startsWord {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Shorten cuts a name to what a warehouse has room for, 0 bytes being any
// number, and keeps it apart from other names of the same beginning by a digest
// of what it stands for.
func Shorten(longest int, name, of string) string {
	if longest == 0 || len(name) <= longest {
		return name
	}
	return strings.ToValidUTF8(name[:longest-7], "") + "_" + Digest(of)
}

// Digest is six digits that are the same whenever a name is.
func Digest(name string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.ToLower(name))))[:6]
}
