package shaping_test

import (
	"fmt"
	"slices"
	"testing"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/shaping"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

func text(name string) shape.Column { return shape.Column{Name: name, Field: name, Kind: shape.Text} }

func TestOf(t *testing.T) {
	t.Parallel()
	number := shape.Column{Name: "employees", Field: "Employees", Kind: shape.Int}
	price := shape.Column{Name: "price", Field: "Price", Kind: shape.Decimal, Scale: 2}
	born := shape.Column{Name: "born", Field: "Born", Kind: shape.Date}
	has := columns.Schema([]shape.Column{text("id"), text("name"), number, price, born}, columns.Final())
	as := func(c shape.Column, kind shape.Kind) shape.Column { c.Kind = kind; return c }
	for _, c := range []struct {
		what   string
		wants  []shape.Column
		chosen []string
		says   string
		needed bool
	}{
		{"nothing new", []shape.Column{text("id"), text("name"), number, price, born}, nil, "", false},
		{"one more", []shape.Column{text("id"), text("name"), number, price, born, as(text("fax"), shape.Time)}, nil,
			"fax added time", true},
		{"one fewer", []shape.Column{text("id"), text("name"), number, price}, nil,
			"born vanished the column keeps its old values", false},
		{"a long", []shape.Column{text("id"), text("name"), as(number, shape.Long), price, born}, nil,
			"employees widened long", true},
		{"a text of a number", []shape.Column{text("id"), text("name"), number, as(price, shape.Text), born}, nil,
			"price widened string", true},
		{"more room than it needs", []shape.Column{text("id"), text("name"), number, as(price, shape.Int), born}, nil,
			"", false},
		{"a text takes what comes", []shape.Column{text("id"), as(text("name"), shape.Int), number, price, born}, nil,
			"", false},
		{"another name", []shape.Column{text("id"), {Name: "title", Field: "Name", Kind: shape.Text}, number, price,
			born}, []string{"title"}, "title renamed was name", true},
	} {
		in := shape.Table{Name: "account", Columns: c.wants, Chosen: c.chosen}
		s, err := shaping.Of(in, has, []shape.Known{{Field: "Name", Column: "name"}})
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		says := ""
		for _, change := range s.Changes {
			says += fmt.Sprintf("%s %s %s", change.Column, change.What, change.Detail)
		}
		if says != c.says || s.Needed() != c.needed {
			t.Errorf("%s: it says %q, needed %t", c.what, says, s.Needed())
		}
	}
	odd := shape.Table{Name: "account", Columns: []shape.Column{text("id"), as(born, shape.Int)}}
	if _, err := shaping.Of(odd, has, nil); err == nil {
		t.Error("a date takes a number")
	}
}

func TestRoom(t *testing.T) {
	t.Parallel()
	in := shape.Table{Name: "account", Key: []string{"id"}, Columns: []shape.Column{text("id"),
		{Name: "price", Field: "Price", Kind: shape.Decimal, Scale: 2},
		{Name: "employees", Field: "Employees", Kind: shape.Int}}}
	has := columns.Schema(in.Columns, nil)
	for _, c := range []struct {
		digits room.Digits
		wider  string
		narrow string
	}{
		{room.Digits{Field: "Price", Whole: 36, Fraction: 2}, "", ""},
		{room.Digits{Field: "Price", Whole: 6, Fraction: 3}, "price decimal(38, 7), whole 31", ""},
		{room.Digits{Field: "price", Whole: 30, Fraction: 8}, "price decimal(38, 8), whole 30", ""},
		{room.Digits{Field: "Price", Whole: 37}, "", "36.2"},
		{room.Digits{Field: "Price", Whole: 30, Fraction: 9}, "", "29.9"},
		{room.Digits{Field: "Employees", Whole: 10}, "", ""},
		{room.Digits{Field: "Employees", Whole: 10, Beyond32: true}, "employees long, whole 0", ""},
		{room.Digits{Field: "Nowhere", Whole: 50}, "", ""},
	} {
		page := warehouse.Page{Header: []string{"Id", "PRICE", "Employees"}, Digits: []room.Digits{c.digits}}
		wider, narrow := shaping.Room(in, has, []warehouse.Page{page})
		gotWider, gotNarrow := "", ""
		for _, w := range wider {
			gotWider += fmt.Sprintf("%s %s, whole %d", w.Column.Name, columns.TypeOf(w.Column), w.Whole)
			if wide := shaping.Wide(in, has, []shaping.Widening{w}); !wide.Needed() || len(wide.Changes) != 1 {
				t.Errorf("%+v: nothing is made wider", c.digits)
			}
		}
		for _, d := range narrow {
			gotNarrow += fmt.Sprintf("%d.%d", d.Whole, d.Fraction)
		}
		if gotWider != c.wider || gotNarrow != c.narrow {
			t.Errorf("%+v: %q, narrow %q", c.digits, gotWider, gotNarrow)
		}
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	in := shape.Table{Name: "account", Key: []string{"b", "a"}, Columns: []shape.Column{text("a"), text("b")}}
	order, err := shaping.Order(in, columns.Schema(in.Columns, nil))
	if err != nil {
		t.Fatal(err)
	}
	var by []int
	for _, f := range order.Fields() {
		by = append(by, f.SourceIDs...)
	}
	if !slices.Equal(by, []int{2, 1}) {
		t.Errorf("it is sorted by columns %v", by)
	}
	in.Key = []string{"c"}
	if _, err := shaping.Order(in, columns.Schema(in.Columns, nil)); err == nil {
		t.Error("it is sorted by a column that isn't there")
	}
}
