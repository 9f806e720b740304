package lake_test

import (
	"slices"
	"strings"
	"testing"

	"catchment/internal/body"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// A copied lake is one with tables of files in it, as runs make them.
type copied struct {
	*subject
	t *testing.T
	w warehouse.Warehouse
	bodies.Catalog
}

// uncopied is an empty lake.
func uncopied(t *testing.T) *copied {
	s := newSubject(t)
	w := s.plain()
	c, is := bodies.CatalogOf(w)
	if !is {
		t.Fatal("a lake lists no files")
	}
	return &copied{s, t, w, c}
}

// insert adds a row: "column=value", in which value may be anything.
func (c *copied) insert(name string, pairs ...string) {
	c.t.Helper()
	row := warehousetest.Row{}
	for _, pair := range pairs {
		column, value, _ := strings.Cut(pair, "=")
		row[column] = &value
	}
	c.Insert(c.t, warehousetest.Final, name, row)
}

// object makes the table of an object, whose columns are "Field column kind".
func (c *copied) object(object, name string, described ...string) {
	c.t.Helper()
	c.insert(own.Objects, "object="+object, "table_name="+name)
	var made []shape.Column
	for _, column := range described {
		words := strings.Fields(column)
		made = append(made, shape.Column{Name: words[1], Kind: shape.Kind(words[2])})
		c.insert(own.Fields, "object="+object, "field="+words[0], "column_name="+words[1])
	}
	ours := []shape.Column{{Name: columns.Deleted, Kind: shape.Timestamp}}
	_, err := c.lake().Make(c.t.Context(), tables.Name(string(warehousetest.Final), name),
		tables.Making{Schema: columns.Schema(made, ours)})
	must(c.t, err)
}

func (c *copied) line(object, id, state, digest, size string, further ...string) {
	c.t.Helper()
	pairs := append([]string{"object=" + object, "record_id=" + id, "state=" + state, "size=" + size,
		"reason=a reason", "tries=2"}, further...)
	if digest != "" {
		pairs = append(pairs, "sha256="+digest)
	}
	c.insert(body.Table, pairs...)
}

const (
	atNoon = "2026-01-02 12:00:00+00"
	atOne  = "2026-01-02 13:00:00+00"
)

// copiedFiles is a lake with files of each kind.
func copiedFiles(t *testing.T) *copied {
	c := uncopied(t)
	must(t, c.w.Migrate(t.Context()))
	c.object("ContentVersion", "contentversion", "Id id text", "Title called text", "PathOnClient path text",
		"FileExtension fileextension text", "ContentDocumentId contentdocumentid text", "ContentSize contentsize int",
		"IsLatest islatest bool", "FirstPublishLocationId firstpublishlocationid text")
	c.insert("contentversion", "id=068C", "called=it's \"odd\"", "contentdocumentid=069B", "contentsize=30",
		"firstpublishlocationid=001X")
	c.insert("contentversion", "id=068A", "called=Offer", "path=C:/old.pdf", "fileextension=pdf",
		"contentdocumentid=069A", "contentsize=10", "islatest=false")
	c.insert("contentversion", "id=068D", "called=gone", "fileextension=txt", "contentdocumentid=069C",
		"contentsize=40", "islatest=true", columns.Deleted+"="+atNoon)
	c.insert("contentversion", "id=068B", "called=Offer", "fileextension=pdf", "contentdocumentid=069A",
		"contentsize=20", "islatest=true")
	c.object("ContentDocumentLink", "links", "Id id text", "ContentDocumentId doc text", "LinkedEntityId entity text")
	c.insert("links", "id=06A1", "doc=069A", "entity=001A")
	c.insert("links", "id=06A2", "doc=069A", "entity=001B")
	c.insert("links", "id=06A3", "doc=069B", "entity=001A")
	c.object("Attachment", "attachment", "Id id text", "Name name text", "ParentId parentid text",
		"BodyLength bodylength int", "SystemModstamp systemmodstamp timestamp")
	c.insert("attachment", "id=00P1", "name=a.txt", "parentid=001A", "bodylength=5", "systemmodstamp="+atNoon)
	c.insert("attachment", "id=00P2", "name=b.txt", "parentid=001B", "bodylength=6", "systemmodstamp="+atOne)
	c.line("ContentVersion", "068B", "copied", "bb", "20")
	c.line("ContentVersion", "068A", "copied", "aa", "10")
	c.line("ContentVersion", "068E", "copied", "bb", "20") // its row is gone
	c.line("Attachment", "00P1", "copied", "bb", "5", "stamp="+atNoon)
	c.line("Attachment", "00P2", "aside", "", "0", "stamp="+atNoon)
	return c
}

// TestListing finds files by their Ids, their documents, and the records that they hang on, as other warehouses do.
func TestListing(t *testing.T) {
	t.Parallel()
	c := copiedFiles(t)
	c.files(bodies.Search{Object: "ContentVersion"}, "068A 068B 068C 068D 068E")
	c.files(bodies.Search{Object: "ContentVersion", IDs: []string{"068A", "069B", "068E"}}, "068A 068C 068E")
	c.files(bodies.Search{Object: "ContentVersion", IDs: []string{"068E", "068A"}}, "068A 068E")
	c.files(bodies.Search{Object: "ContentVersion", IDs: []string{"069A", "069A"}}, "068A 068B")
	c.files(bodies.Search{Object: "ContentVersion", Record: "001A"}, "068A 068B 068C")
	c.files(bodies.Search{Object: "ContentVersion", Record: "001A", IDs: []string{"068A", "068D", "068E"}}, "068A")
	c.files(bodies.Search{Object: "ContentVersion", Record: "001B"}, "068A 068B")
	c.files(bodies.Search{Object: "ContentVersion", Record: "001X"}, "068C")
	c.files(bodies.Search{Object: "ContentVersion", Record: "001X' OR true --"}, "")
	c.files(bodies.Search{Object: "Attachment"}, "00P1 00P2")
	c.files(bodies.Search{Object: "Attachment", Record: "001B"}, "00P2")
	c.files(bodies.Search{Object: "Document"}, "")
	c.details()
	c.digests()
	c.documents("", 10, "069A 069B")
	c.object("ContentDocument", "documents", "Id docid text")
	c.insert("documents", "docid=069a")
	c.insert("documents", "docid=069A")
	c.insert("documents", "docid=069Z")
	c.insert("documents", "docid=069Y", columns.Deleted+"="+atNoon)
	c.documents("", 10, "069A 069B 069Z 069a")
	c.documents("", 2, "069A 069B")
	c.documents("069B", 10, "069Z 069a")
	c.documents("069a", 10, "")
}

// files holds a search to the files that it finds, all at once and one by one.
func (c *copied) files(s bodies.Search, want string) {
	c.t.Helper()
	for _, most := range []int{1, 2, 100} {
		var got []string
		for after := ""; ; {
			some, err := c.Files(c.t.Context(), s, after, most)
			must(c.t, err)
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
		must(c.t, err)
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

// documents asks for those of both objects that have some, each once, and not for deleted ones.
func (c *copied) documents(after string, most int, want string) {
	c.t.Helper()
	ids, known, err := c.Documents(c.t.Context(), after, most)
	if got := strings.Join(ids, " "); got != want || !known || err != nil {
		c.t.Errorf("documents after %q: %q, want %q (%v, %v)", after, got, want, known, err)
	}
}

// TestListingOfNothing lists the files of a lake where nothing was copied, or only a part of it.
func TestListingOfNothing(t *testing.T) {
	t.Parallel()
	c := uncopied(t)
	nothing := func() {
		t.Helper()
		c.files(bodies.Search{Object: "ContentVersion", Record: "001A"}, "")
		c.files(bodies.Search{Object: "Attachment"}, "")
		if all, err := c.Digests(t.Context(), "", "", 10); err != nil || len(all) > 0 {
			t.Error(all, err)
		}
		if ids, known, err := c.Documents(t.Context(), "", 10); err != nil || known || len(ids) > 0 {
			t.Error(ids, known, err)
		}
	}
	nothing()
	must(t, c.w.Migrate(t.Context()))
	nothing()
	c.line("Document", "015A", "copied", "aa", "1")
	c.files(bodies.Search{Object: "Document"}, "015A") // of a table that somebody has dropped
	c.object("Attachment", "attachment", "Id id text")
	c.insert("attachment", "id=00P1")
	c.files(bodies.Search{Object: "Attachment"}, "00P1")
	c.files(bodies.Search{Object: "Attachment", Record: "001A"}, "")
}
