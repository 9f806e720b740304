package warehouse

import (
	"context"
	"slices"
	"strings"
)

// A stored is a column as the warehouse has it.
type stored struct {
	Name  string
	Type  string
	Scale int
	Bytes int // that a text has room for, 0 for any number
}

// storedColumns reads the columns of a table, none where there is no table.
func storedColumns(ctx context.Context, tx Tx, schema, table string) ([]stored, error) {
	var all []stored
	err := tx.Query(ctx, func(scan Scan) error {
		var c stored
		var scale, length *int
		if err := scan(&c.Name, &c.Type, &scale, &length); err != nil {
			return err
		}
		if scale != nil {
			c.Scale = *scale
		}
		if length != nil {
			c.Bytes = *length
		}
		all = append(all, c)
		return nil
	}, "SELECT column_name, data_type, CAST(numeric_scale AS INTEGER), CAST(character_maximum_length AS INTEGER) "+
		"FROM information_schema.columns WHERE table_catalog = current_database() AND table_schema = $1 AND "+
		"table_name = $2 ORDER BY ordinal_position",
		schema, table)
	return all, err
}

// place is where a column is among cs, -1 where it isn't.
func place(cs []stored, name string) int {
	return slices.IndexFunc(cs, func(c stored) bool { return strings.EqualFold(c.Name, name) })
}

func find(cs []stored, name string) (stored, bool) {
	i := place(cs, name)
	if i < 0 {
		return stored{}, false
	}
	return cs[i], true
}

// payload is the names of the columns that aren't ours.
func payload(cs []stored) []string {
	var names []string
	for _, c := range cs {
		if !strings.HasPrefix(strings.ToLower(c.Name), ownPrefix) {
			names = append(names, c.Name)
		}
	}
	return names
}

// stagingOwn and finalOwn are our own columns of the two tables.
func stagingOwn() []Column {
	return []Column{
		{Name: colAttempt, Kind: Text, Length: 64}, {Name: colOp, Kind: Text, Length: 16},
		{Name: colJob, Kind: Text, Length: 64},
		{Name: colSeq, Kind: Long}, {Name: colAt, Kind: Timestamp}, {Name: colReadAt, Kind: Timestamp},
	}
}

func finalOwn() []Column {
	return []Column{
		{Name: colSyncedAt, Kind: Timestamp}, {Name: colAt, Kind: Timestamp}, {Name: colReadAt, Kind: Timestamp},
		{Name: colDeleted, Kind: Timestamp}, {Name: colReason, Kind: Text, Length: 16},
	}
}
