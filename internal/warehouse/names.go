package warehouse

import (
	"slices"
	"strings"
	"unicode"

	"catchment/internal/plan"
	"catchment/internal/schema"
)

// ownPrefix starts the names of columns and tables that are ours.
const ownPrefix = "_catchment_"

// Our own columns.
const (
	colOp       = "_catchment_op"
	colAt       = "_catchment_at"
	colReadAt   = "_catchment_read_at"
	colSeq      = "_catchment_seq"
	colAttempt  = "_catchment_attempt"
	colJob      = "_catchment_job"
	colSyncedAt = "_catchment_synced_at"
	colDeleted  = "_catchment_deleted_at"
	colReason   = "_catchment_delete_reason"
	colWider    = "_catchment_wider" // on the way to another type
	colWas      = "_catchment_was"   // what one took the place of, where DDL commits
)

// The columns of Salesforce that consolidation acts on, by their field names.
const (
	fieldID      = "Id"
	fieldStamp   = "SystemModstamp"
	fieldDeleted = "IsDeleted"
	fieldMaster  = "MasterRecordId"
)

// TableName is the name of an object's table: in lower case, or in snake case
// when asked.
func TableName(object string, snake bool) string { return columnName(object, snake) }

// ColumnName is the name of a field's column, before a flow renames it.
func ColumnName(field string, snake bool) string { return columnName(field, snake) }

// TableFor is the table that takes the given fields of o: names in lower case,
// or in snake case when asked, with a suffix where two fields would share one.
// The key is Id; where o has none, the caller sets Key. Adapt makes of it what
// the warehouse has.
func TableFor(o schema.Object, fields []schema.Field, snake bool) (Table, error) {
	t := Table{Object: o.Name, Name: TableName(o.Name, snake)}
	taken := map[string]string{}
	for _, f := range fields {
		name := columnName(f.Name, snake)
		if _, ok := taken[name]; ok {
			name += "_" + digest(f.Name)
		}
		if strings.HasPrefix(name, ownPrefix) {
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

// columnName makes a column's name from an API name: AccountId becomes
// accountid, or account_id in snake case. Names with two underscores in a row
// (Amount__c) keep them.
func columnName(api string, snake bool) string {
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

// named finds a column by its own name.
func (t Table) named(name string) (Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return t.Columns[i], true
}

// column finds the column of a field.
func (t Table) column(field string) (Column, bool) {
	for _, c := range t.Columns {
		if strings.EqualFold(c.Field, field) {
			return c, true
		}
	}
	return Column{}, false
}
