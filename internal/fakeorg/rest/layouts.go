package rest

import (
	"net/http"
	"slices"
	"strings"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/halves"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/web"
)

// A layoutItem is a field's place on a page.
type layoutItem struct {
	EditableForNew    bool              `json:"editableForNew"`
	EditableForUpdate bool              `json:"editableForUpdate"`
	Label             halves.Text       `json:"label"`
	Components        []layoutComponent `json:"layoutComponents"`
	Placeholder       bool              `json:"placeholder"`
	Required          bool              `json:"required"`
}

type layoutComponent struct {
	Details      *describe.Field `json:"details"`
	DisplayLines int             `json:"displayLines"`
	TabOrder     int             `json:"tabOrder"`
	Type         string          `json:"type"`
	Value        string          `json:"value"`
}

type layoutRow struct {
	Items    []layoutItem `json:"layoutItems"`
	NumItems int          `json:"numItems"`
}

type layoutSection struct {
	Columns    int         `json:"columns"`
	Heading    string      `json:"heading"`
	Rows       []layoutRow `json:"layoutRows"`
	RowCount   int         `json:"rows"`
	TabOrder   string      `json:"tabOrder"`
	UseHeading bool        `json:"useHeading"`
}

// layoutOf is one page: every field in a row of its own.
func layoutOf(o *store.Object, id string) map[string]any {
	sections := func(editing bool) []layoutSection {
		s := layoutSection{Columns: 1, Heading: "Information", TabOrder: "LEFT_RIGHT", UseHeading: true}
		for i, f := range o.About.Fields {
			if editing && !f.Updateable {
				continue
			}
			item := layoutItem{
				EditableForNew: f.Createable, EditableForUpdate: f.Updateable, Label: f.Label,
				Components: []layoutComponent{{f, 1, i + 1, "Field", f.Name}},
				Required:   !f.Nillable && !f.DefaultedOnCreate && f.Createable,
			}
			s.Rows = append(s.Rows, layoutRow{[]layoutItem{item}, 1})
		}
		s.RowCount = len(s.Rows)
		return []layoutSection{s}
	}
	return map[string]any{
		"buttonLayoutSection": nil, "detailLayoutSections": sections(false), "editLayoutSections": sections(true),
		"feedView": nil, "highlightsPanelLayoutSection": nil, "id": id, "multirowEditLayoutSections": []any{},
		"offlineLinks": []any{}, "quickActionList": nil, "relatedContent": nil, "relatedLists": []any{},
		"saveOptions": []any{},
	}
}

// layoutObject finds the object of a path, if it has layouts.
func (a *Describes) layoutObject(c *web.Call) (*store.Object, error) {
	obj, err := pathObject(a.store, c)
	if err == nil && !obj.About.Layoutable {
		err = reply.NotFound()
	}
	return obj, err
}

func (a *Describes) layouts(w http.ResponseWriter, c *web.Call) error {
	obj, err := a.layoutObject(c)
	if err != nil {
		return err
	}
	const page = "00hHo0000000001MAA"
	if id := c.PathValue("type"); id != "" {
		reply.JSON(w, http.StatusOK, layoutOf(obj, page))
		return nil
	}
	about := *obj.About
	about.Flags = flagsOf(obj, c.Version)
	mappings := []map[string]any{}
	for _, t := range recordTypes(about) {
		mappings = append(mappings, map[string]any{
			"active": t.Active, "available": t.Available, "defaultRecordTypeMapping": t.DefaultRecordTypeMapping,
			"developerName": t.DeveloperName, "layoutId": page, "master": t.Master, "name": t.Name,
			"picklistsForRecordType": []any{}, "recordTypeId": t.RecordTypeID, "urls": t.URLs,
		})
	}
	reply.JSON(w, http.StatusOK, map[string]any{
		"layouts": []any{layoutOf(obj, page)}, "recordTypeMappings": mappings,
		"recordTypeSelectorRequired": []bool{false},
	})
	return nil
}

func (a *Describes) compactLayouts(w http.ResponseWriter, c *web.Call) error {
	obj, err := a.layoutObject(c)
	if err != nil {
		return err
	}
	items := []layoutItem{}
	if at := obj.Sys.Shown; at >= 0 {
		f := obj.Slots[at].Field
		items = append(items, layoutItem{Label: f.Label, Components: []layoutComponent{{f, 1, 1, "Field", f.Name}}})
	}
	master := map[string]any{
		"actions": []any{}, "fieldItems": items, "id": nil, "imageItems": []any{}, "label": "System Default",
		"name": "SYSTEM", "objectType": obj.Name(),
	}
	reply.JSON(w, http.StatusOK, map[string]any{
		"compactLayouts": []any{master}, "defaultCompactLayoutId": nil,
		"recordTypeCompactLayoutMappings": []any{}, "urls": map[string]string{},
	})
	return nil
}

// recordCount tells how many records objects have. Salesforce leaves out what is in the
// recycle bin and what is archived, and has no counts of the objects that go with another
// one (REST API guide, "Record Count"). Its counts are some time old; these aren't.
func (a *Describes) recordCount(w http.ResponseWriter, c *web.Call) error {
	type counted struct {
		Count int    `json:"count"`
		Name  string `json:"name"`
	}
	wanted := strings.FieldsFunc(c.FormValue("sObjects"), func(r rune) bool { return r == ',' || r == ' ' })
	snap, counts := a.store.Now(), []counted{}
	for _, obj := range a.store.Catalog().Shown() {
		named := func(name string) bool { return strings.EqualFold(name, obj.Name()) }
		if len(wanted) > 0 && !slices.ContainsFunc(wanted, named) || associated(obj.Name()) {
			continue
		}
		n := snap.Size(obj)
		for _, place := range snap.Changed(obj) {
			at := snap.Row(obj)
			if at.Move(place); at.Aside() || at.Gone() {
				n--
			}
		}
		counts = append(counts, counted{n, obj.Name()})
	}
	reply.JSON(w, http.StatusOK, map[string]any{"sObjects": counts})
	return nil
}

// associated tells whether an object goes with another one, by its name.
func associated(object string) bool {
	return slices.ContainsFunc([]string{"ChangeEvent", "Feed", "History", "OwnerSharingRule", "Share"},
		func(suffix string) bool { return strings.HasSuffix(object, suffix) })
}
