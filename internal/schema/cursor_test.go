package schema

import "testing"

func TestCursor(t *testing.T) {
	is, isnt := true, false
	type fields map[string]bool // whether they are filterable
	tests := []struct {
		name       string
		updateable bool
		fields     fields
		want       Cursor
		born       string
	}{
		{"nothing", isnt, nil, Cursor{}, ""},
		{"all of them", is, fields{"CreatedDate": is, "SystemModstamp": is, "LastModifiedDate": is},
			Cursor{Field: "SystemModstamp"}, "CreatedDate"},
		{"a stamp that can't be filtered", is,
			fields{"CreatedDate": is, "SystemModstamp": isnt, "LastModifiedDate": is},
			Cursor{Field: "LastModifiedDate"}, "CreatedDate"},
		{"AccountShare", is, fields{"LastModifiedDate": is}, Cursor{Field: "LastModifiedDate"}, ""},
		{"AccountHistory", isnt, fields{"CreatedDate": is}, Cursor{"CreatedDate", true}, "CreatedDate"},
		{"LoginHistory", isnt, fields{"LoginTime": is}, Cursor{"LoginTime", true}, "LoginTime"},
		{"both births", isnt, fields{"LoginTime": is, "CreatedDate": is}, Cursor{"CreatedDate", true}, "CreatedDate"},
		{"one that changes", is, fields{"CreatedDate": is}, Cursor{}, "CreatedDate"},
		{"a birth that can't be filtered", isnt, fields{"CreatedDate": isnt}, Cursor{}, "CreatedDate"},
		{"ActivityFieldHistory", isnt, fields{"CreatedDate": is, "SystemModstamp": isnt}, Cursor{}, "CreatedDate"},
	}
	for _, test := range tests {
		o := Object{Updateable: test.updateable}
		for _, name := range []string{"createddate", "CreatedDate", "LoginTime", "LastModifiedDate", "SystemModstamp"} {
			if filterable, ok := test.fields[name]; ok {
				o.Fields = append(o.Fields, Field{Name: name, Type: DateTime, Filterable: filterable})
			}
		}
		if got := o.Cursor(); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
		if got := o.Born(); got != test.born {
			t.Errorf("%s: born %q, want %q", test.name, got, test.born)
		}
	}
}

func TestBig(t *testing.T) {
	for name, want := range map[string]bool{"Audit__b": true, "ns__Audit__B": true, "FieldHistoryArchive": true,
		"ActivityFieldHistory": true, "RecordActionHistory": true, "AccountHistory": false,
		"Account": false, "Bb__c": false} {
		if got := (&Object{Name: name}).Big(); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
