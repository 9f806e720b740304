package redshift_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/warehouse/redshift"
	"catchment/internal/warehouse/refusals"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

// A column of Redshift has room for 65,535 bytes. These texts fill it, and are
// longer by a character.
func filled() string { return strings.Repeat("😀", 16383) + "end" }
func longer() string { return strings.Repeat("😀", 16383) + "endé" }

func TestTextFails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.desk(s.wire("")).prepared()
	d.finish(batch("a", filled()))
	_, err := d.w.Load(t.Context(), d.f, batch("bb", "short", longer()))
	failsAs(t, err, plan.Fix, "text: truncate")
	if !strings.Contains(fmt.Sprint(err), "column name on line 3") {
		t.Errorf("it isn't said where: %v", err)
	}
	if r := refusals.Of(err); r == nil || r.Page == "" || r.Line != 3 || r.Column != "name" {
		t.Errorf("refused: %+v", r)
	}
	d.finish(batch("bb", "short", "longer"))
}

// What is cut off is cut at the border of a character, and told.
func TestTextIsTruncated(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.desk(s.wire("&text=truncate")).prepared()
	b := batch("a", longer(), strings.Repeat("é", 40_000), "short")
	d.finish(b)
	var bytes, whole int
	s.ask(&bytes, "SELECT octet_length(name) FROM salesforce.account WHERE id = '1'")
	s.ask(&whole, "SELECT count(*) FROM salesforce.account WHERE name = repeat('é', 32767) OR name = repeat('😀', "+
		"16383) || 'end' OR name = 'short'")
	if bytes != 65534 || whole != 3 {
		t.Errorf("%d bytes, %d texts as they should be", bytes, whole)
	}
	if want := []redshift.Cut{{Page: b.Pages[0].Key, Column: "name", Texts: 2}}; !slices.Equal(s.cuts, want) {
		t.Errorf("told: %v", s.cuts)
	}
}

// A SUPER column has room for the whole text.
func TestTextIsSuper(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.desk(s.wire("&text=super")).prepared()
	text := "he said \"x\",\r\n\\" + longer()
	d.finish(batch("a", text, "short", ""))
	d.finish(batch("bb", text, "other", ""))
	var kind string
	s.ask(&kind, "SELECT data_type FROM information_schema.columns WHERE table_schema = 'salesforce' AND table_name "+
		"= 'account' AND column_name = 'name'")
	if kind != "super" {
		t.Errorf("the column is %s", kind)
	}
	var got string
	s.ask(&got, "SELECT json_serialize(name) FROM salesforce.account WHERE id = '0'")
	if want := `"he said \"x\",\r\n\\` + longer() + `"`; got != want {
		t.Errorf("%d bytes have become %d: %.60s", len(want), len(got), got)
	}
	var null int
	s.ask(&null, "SELECT count(*) FROM salesforce.account WHERE name IS NULL")
	if null != 1 {
		t.Errorf("%d rows are null", null)
	}
}

// A field that has grown gets a wider column, and keeps its values.
func TestFieldGrows(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *site, open func(string) sql.Driver) {
		d := s.desk(open(""))
		must(t, d.w.Migrate(t.Context()))
		_, err := d.w.Claim(t.Context(), d.f, "account", org)
		must(t, err)
		short := account()
		short.Columns[2].Length = 2
		_, err = d.w.Prepare(t.Context(), d.f, short)
		must(t, err)
		d.finish(batch("a", "😀😀", "é"))
		_, err = d.w.Load(t.Context(), d.f, batch("bb", "😀😀😀"))
		failsAs(t, err, plan.Fix, "column name on line 2")
		changes, err := d.w.Prepare(t.Context(), d.f, account())
		must(t, err)
		if want := []shape.Change{{Table: "account", Column: "name", What: shape.Widened,
			Detail: "VARCHAR(65535)"}}; !slices.Equal(changes, want) {
			t.Errorf("changes: %v", changes)
		}
		var kept int
		s.ask(&kept,
			"SELECT count(*) FROM salesforce.account WHERE id = '0' AND name = '😀😀' OR id = '1' AND name = 'é'")
		if kept != 2 {
			t.Errorf("%d texts are kept", kept)
		}
		d.finish(batch("bb", "😀😀😀", "due"))
	})
}
