package catalog_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/body"
	"catchment/internal/rig"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/pgtest"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

// cluster is the server of this package's tests.
var cluster pgtest.Cluster

// A copy is a warehouse with tables of files in it, as runs make them.
type copied struct {
	t *testing.T
	d sql.Driver
	bodies.Catalog
}

// empty is a warehouse without a copy.
func empty(t *testing.T, kind string) *copied {
	d, err := rig.NewShelf(t, &cluster, kind).Open(rig.New(t, rig.NewOrg(t, map[string]int{"User": 1}, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	w := sql.New(d, warehouse.Options{Schema: "salesforce", Staging: "incoming", Now: time.Now})
	c, ok := bodies.CatalogOf(w)
	if !ok {
		t.Fatalf("%s lists no files", w.Name())
	}
	return &copied{t, d, c}
}

// migrated has our own tables.
func (c *copied) migrated() {
	w := sql.New(c.d, warehouse.Options{Schema: "salesforce", Staging: "incoming", Now: time.Now})
	if err := w.Migrate(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

func (c *copied) do(statements ...string) {
	c.t.Helper()
	err := c.d.Tx(c.t.Context(), func(tx sql.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(c.t.Context(), s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// object makes the table of an object, whose columns are "Field column kind", and its rows.
func (c *copied) object(object, table string, columns []string, rows ...string) {
	c.t.Helper()
	c.do("INSERT INTO salesforce._catchment_objects (object, table_name) VALUES ('" + object + "', '" + table + "')")
	var made []string
	for _, column := range columns {
		words := strings.Fields(column)
		made = append(made, words[1]+" "+c.d.Dialect().Type(shape.Kind(words[2]), 0))
		c.do("INSERT INTO salesforce._catchment_fields (object, field, column_name) VALUES ('" + object + "', '" +
			words[0] + "', '" + words[1] + "')")
	}
	stamp := c.d.Dialect().Type(shape.Timestamp, 0)
	made = append(made, "_catchment_deleted_at "+stamp)
	c.do("CREATE TABLE salesforce." + table + " (" + strings.Join(made, ", ") + ")")
	for _, row := range rows {
		c.do("INSERT INTO salesforce." + table + " VALUES (" + row + ")")
	}
}

func (c *copied) line(object, id, state, digest string, size int, stamp string) {
	c.t.Helper()
	quoted := func(text string) string {
		if text == "" {
			return "NULL"
		}
		return "'" + text + "'"
	}
	c.do(fmt.Sprintf("INSERT INTO salesforce.%s (object, record_id, state, sha256, size, reason, tries, stamp) VALUES "+
		"('%s', '%s', '%s', %s, %d, 'a reason', 2, %s)", body.Table, object, id, state, quoted(digest), size,
		quoted(stamp)))
}

const (
	noon  = "2026-01-02 12:00:00+00"
	later = "2026-01-02 13:00:00+00"
)

// full is a warehouse with files of each kind.
func full(t *testing.T, kind string) *copied {
	c := empty(t, kind)
	c.migrated()
	c.object("ContentVersion", "contentversion", []string{"Id id text", "Title called text", "PathOnClient path text",
		"FileExtension fileextension text", "ContentDocumentId contentdocumentid text", "ContentSize contentsize int",
		"IsLatest islatest bool", "FirstPublishLocationId firstpublishlocationid text"},
		"'068A', 'Offer', 'C:/old.pdf', 'pdf', '069A', 10, false, NULL, NULL",
		"'068B', 'Offer', NULL, 'pdf', '069A', 20, true, NULL, NULL",
		"'068C', 'it''s \"odd\"', NULL, NULL, '069B', 30, NULL, '001X', NULL",
		"'068D', 'gone', NULL, 'txt', '069C', 40, true, NULL, '"+noon+"'")
	c.object("ContentDocumentLink", "links", []string{"Id id text", "ContentDocumentId doc text",
		"LinkedEntityId entity text"}, "'06A1', '069A', '001A', NULL", "'06A2', '069A', '001B', NULL",
		"'06A3', '069B', '001A', NULL")
	c.object("Attachment", "attachment", []string{"Id id text", "Name name text", "ParentId parentid text",
		"BodyLength bodylength int", "SystemModstamp systemmodstamp timestamp"},
		"'00P1', 'a.txt', '001A', 5, '"+noon+"', NULL", "'00P2', 'b.txt', '001B', 6, '"+later+"', NULL")
	c.line("ContentVersion", "068A", "copied", "aa", 10, "")
	c.line("ContentVersion", "068B", "copied", "bb", 20, "")
	c.line("ContentVersion", "068E", "copied", "bb", 20, "") // its row is gone
	c.line("Attachment", "00P1", "copied", "bb", 5, noon)
	c.line("Attachment", "00P2", "aside", "", 0, noon)
	return c
}

// documents asks for those of both objects that have some, each once, and not for deleted ones.
func (c *copied) documents() {
	c.t.Helper()
	list := func(after string, most int, want string) {
		c.t.Helper()
		ids, known, err := c.Documents(c.t.Context(), after, most)
		if got := strings.Join(ids, " "); got != want || !known || err != nil {
			c.t.Errorf("documents after %q: %q, want %q (%v, %v)", after, got, want, known, err)
		}
	}
	list("", 10, "069A 069B")
	c.object("ContentDocument", "documents", []string{"Id docid text"}, "'069A', NULL", "'069Z', NULL",
		"'069a', NULL", "'069Y', '"+noon+"'")
	list("", 10, "069A 069B 069Z 069a")
	list("", 2, "069A 069B")
	list("069B", 10, "069Z 069a")
	list("069a", 10, "")
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"duckdb", "postgres", "redshift"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c := full(t, kind)
			c.files(bodies.Search{Object: "ContentVersion"}, "068A 068B 068C 068D 068E")
			c.files(bodies.Search{Object: "ContentVersion", IDs: []string{"068A", "069B", "068E"}}, "068A 068C 068E")
			c.files(bodies.Search{Object: "ContentVersion", Record: "001A"}, "068A 068B 068C")
			c.files(bodies.Search{Object: "ContentVersion", Record: "001B"}, "068A 068B")
			c.files(bodies.Search{Object: "ContentVersion", Record: "001X"}, "068C")
			c.files(bodies.Search{Object: "ContentVersion", Record: "001X' OR true --"}, "")
			c.files(bodies.Search{Object: "Attachment"}, "00P1 00P2")
			c.files(bodies.Search{Object: "Attachment", Record: "001B"}, "00P2")
			c.files(bodies.Search{Object: "Document"}, "")
			c.details()
			c.digests()
			c.documents()
		})
	}
}

// files holds a search to the files that it finds, all at once and one by one.
func (c *copied) files(s bodies.Search, want string) {
	c.t.Helper()
	for _, most := range []int{1, 2, 100} {
		var got []string
		for after := ""; ; {
			some, err := c.Files(c.t.Context(), s, after, most)
			if err != nil {
				c.t.Fatal(err)
			}
			for _, f := range some {
				got = append(got, f.ID)
			}
			if len(some) < most {
				break
			}
			after = some[len(some)-1].ID
		}
		if strings.Join(got, " ") != want {
			c.t.Errorf("%+v, %d at once: %v, want %s", s, most, got, want)
		}
	}
}

// details holds files to what their rows and lines say.
func (c *copied) details() {
	c.t.Helper()
	all := map[string]bodies.Listed{}
	for _, object := range body.Objects() {
		some, err := c.Files(c.t.Context(), bodies.Search{Object: object}, "", 100)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, f := range some {
			all[f.ID] = f
		}
	}
	a, odd, gone, left := all["068A"], all["068C"], all["068D"], all["068E"]
	if !a.Known || a.Deleted || !a.Older || a.Title != "Offer" || a.Path != "C:/old.pdf" || a.Ending != "pdf" ||
		a.Parent != "069A" || a.Size != 10 || a.Line == nil || a.Line.State != bodies.Copied || a.Line.SHA256 != "aa" ||
		a.Line.Size != 10 || a.Line.Reason != "a reason" || a.Line.Tries != 2 {
		c.t.Errorf("%+v, %+v", a, a.Line)
	}
	if odd.Title != `it's "odd"` || odd.Older || odd.Line != nil || odd.Ending != "" {
		c.t.Errorf("%+v", odd)
	}
	if !gone.Deleted || !gone.Known || left.Known || left.Deleted || left.Title != "" || left.Line == nil {
		c.t.Errorf("%+v, %+v", gone, left)
	}
	one, two := all["00P1"], all["00P2"]
	if one.Moved || !two.Moved || two.Line.State != bodies.Aside || one.Parent != "001A" {
		c.t.Errorf("%+v, %+v", one, two)
	}
}

func (c *copied) digests() {
	c.t.Helper()
	ctx := c.t.Context()
	all, err := c.Digests(ctx, "", "", 100)
	if err != nil || !slices.Equal(all, []bodies.Digest{{SHA256: "aa", Size: 10}, {SHA256: "bb", Size: 20}}) {
		c.t.Errorf("%v, %v", all, err)
	}
	some, err := c.Digests(ctx, "Attachment", "", 100)
	if err != nil || !slices.Equal(some, []bodies.Digest{{SHA256: "bb", Size: 5}}) {
		c.t.Errorf("%v, %v", some, err)
	}
	if next, err := c.Digests(ctx, "", "aa", 1); err != nil || len(next) != 1 || next[0].SHA256 != "bb" {
		c.t.Errorf("%v, %v", next, err)
	}
	holders, err := c.Holders(ctx, []string{"bb", "cc"}, 2)
	if err != nil || !slices.Equal(holders, []bodies.Holder{{Object: "Attachment", ID: "00P1", SHA256: "bb"},
		{Object: "ContentVersion", ID: "068B", SHA256: "bb"}}) {
		c.t.Errorf("%v, %v", holders, err)
	}
	if none, err := c.Holders(ctx, nil, 2); err != nil || len(none) > 0 {
		c.t.Errorf("%v, %v", none, err)
	}
}

// Where nothing was copied, or only a part of it, there are no files, and no error.
func TestCopiesWithoutFiles(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"duckdb", "postgres", "redshift"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c := empty(t, kind)
			c.nothing(t.Context())
			c.migrated()
			c.nothing(t.Context())
			c.line("Document", "015A", "copied", "aa", 1, "")
			c.files(bodies.Search{Object: "Document"}, "015A") // of a table that somebody has dropped
			c.object("Attachment", "attachment", []string{"Id id text"}, "'00P1', NULL")
			c.files(bodies.Search{Object: "Attachment"}, "00P1")
			c.files(bodies.Search{Object: "Attachment", Record: "001A"}, "")
		})
	}
}

func (c *copied) nothing(ctx context.Context) {
	c.t.Helper()
	c.files(bodies.Search{Object: "ContentVersion", Record: "001A"}, "")
	c.files(bodies.Search{Object: "Attachment"}, "")
	if all, err := c.Digests(ctx, "", "", 10); err != nil || len(all) > 0 {
		c.t.Error(all, err)
	}
}
