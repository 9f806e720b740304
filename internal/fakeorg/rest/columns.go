package rest

import (
	"net/http"
	"slices"

	"catchment/internal/fakeorg/query"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/soql"
	"catchment/internal/fakeorg/soql/syntax"
)

// A queryColumn is a column as query?columns=true tells of it. What stands
// behind a relationship or in a nested query are its join columns.
type queryColumn struct {
	Aggregate      bool           `json:"aggregate"`
	ApexType       *string        `json:"apexType"`
	BooleanType    bool           `json:"booleanType"`
	ColumnName     string         `json:"columnName"`
	Custom         bool           `json:"custom"`
	DisplayName    string         `json:"displayName"`
	ForeignKeyName *string        `json:"foreignKeyName"`
	Insertable     bool           `json:"insertable"`
	JoinColumns    []*queryColumn `json:"joinColumns"`
	NumberType     bool           `json:"numberType"`
	TextType       bool           `json:"textType"`
	Updatable      bool           `json:"updatable"`
}

// writeColumns tells what the records of a statement would consist of.
func writeColumns(w http.ResponseWriter, q *query.Question) {
	columns := columnsOf(q.Bound)
	for _, c := range columns {
		if at := q.Object.Place(c.ColumnName); at >= 0 && !q.Bound.Grouped {
			c.Insertable, c.Updatable = q.Object.Slots[at].Createable, q.Object.Slots[at].Updateable
		}
	}
	tellColumns(w, columns, q.Bound, q.Object.Name(), q.Object.About.KeyPrefix)
}

// tellColumns answers with the columns of a statement about an object.
func tellColumns(w http.ResponseWriter, columns []*queryColumn, bound *soql.Bound, object string, prefix *string) {
	reply.JSON(w, http.StatusOK, map[string]any{
		"columnMetadata": columns, "entityName": object, "groupBy": len(bound.Query.GroupBy) > 0,
		"idSelected": slices.ContainsFunc(columns, func(c *queryColumn) bool { return c.ColumnName == "Id" }),
		"keyPrefix":  prefix,
	})
}

func columnsOf(bound *soql.Bound) []*queryColumn {
	columns := []*queryColumn{}
	for i, c := range bound.Columns {
		switch {
		case c.Child != nil:
			child := joinColumn(&columns, c.Child.Name, "")
			child.Aggregate, child.JoinColumns = true, columnsOf(c.Child.Bound)
		case c.Typeof != nil:
			joinColumn(&columns, c.Typeof.Hop.Field.Relationship, c.Typeof.Hop.Field.Name)
		case c.Alias != "":
			leaf := leafColumn(c, c.Alias)
			if bound.Grouped { // then each entry of the select list is one column
				if item, ok := bound.Query.Select[i].(syntax.CallItem); ok {
					leaf.Aggregate, leaf.DisplayName = true, item.Call.String()
				}
			}
			columns = append(columns, leaf)
		default:
			level := &columns
			for _, hop := range c.Path.Hops {
				level = &joinColumn(level, hop.Field.Relationship, hop.Field.Name).JoinColumns
			}
			*level = append(*level, leafColumn(c, c.Path.Field.Name))
		}
	}
	return columns
}

// joinColumn finds the column of a relationship, or adds it.
func joinColumn(level *[]*queryColumn, name, lookup string) *queryColumn {
	for _, c := range *level {
		if c.ColumnName == name {
			return c
		}
	}
	c := &queryColumn{ColumnName: name, DisplayName: name, JoinColumns: []*queryColumn{}}
	if lookup != "" {
		c.ForeignKeyName = &lookup
	}
	*level = append(*level, c)
	return c
}

func leafColumn(c *soql.Column, name string) *queryColumn {
	apex := apexType(c.Type)
	return &queryColumn{
		ApexType: &apex, BooleanType: apex == "Boolean", ColumnName: name, Custom: c.Path.Field.Custom,
		DisplayName: name,
		JoinColumns: []*queryColumn{}, NumberType: apex == "Integer" || apex == "Double", TextType: apex == "String",
	}
}

func apexType(typ string) string {
	switch typ {
	case "id", "reference":
		return "Id"
	case "boolean":
		return "Boolean"
	case "int":
		return "Integer"
	case "double", "currency", "percent":
		return "Double"
	case "date":
		return "Date"
	case "datetime":
		return "Datetime"
	case "time":
		return "Time"
	case "address":
		return "System.Address"
	case "location":
		return "System.Location"
	}
	return "String"
}
