package fakeorg

import (
	"net/http"
	"strings"
)

// A layoutItem is a field's place on a page.
type layoutItem struct {
	EditableForNew    bool              `json:"editableForNew"`
	EditableForUpdate bool              `json:"editableForUpdate"`
	Label             string            `json:"label"`
	Components        []layoutComponent `json:"layoutComponents"`
	Placeholder       bool              `json:"placeholder"`
	Required          bool              `json:"required"`
}

type layoutComponent struct {
	Details      *fieldDescribe `json:"details"`
	DisplayLines int            `json:"displayLines"`
	TabOrder     int            `json:"tabOrder"`
	Type         string         `json:"type"`
	Value        string         `json:"value"`
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

// layout is one page: every field in a row of its own.
func (o *object) layout(id string) map[string]any {
	sections := func(editing bool) []layoutSection {
		s := layoutSection{Columns: 1, Heading: "Information", TabOrder: "LEFT_RIGHT", UseHeading: true}
		for i, f := range o.about.Fields {
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
func (o *Org) layoutObject(c *call) (*object, error) {
	obj, err := o.pathObject(c)
	if err == nil && !obj.about.Layoutable {
		err = notFound()
	}
	return obj, err
}

func (o *Org) layouts(w http.ResponseWriter, c *call) error {
	obj, err := o.layoutObject(c)
	if err != nil {
		return err
	}
	const page = "00hHo0000000001MAA"
	if id := c.PathValue("type"); id != "" {
		writeJSON(w, http.StatusOK, obj.layout(page))
		return nil
	}
	about := *obj.about
	about.objectFlags = obj.flags(c.version)
	mappings := []map[string]any{}
	for _, t := range recordTypes(about) {
		mappings = append(mappings, map[string]any{
			"active": t.Active, "available": t.Available, "defaultRecordTypeMapping": t.DefaultRecordTypeMapping,
			"developerName": t.DeveloperName, "layoutId": page, "master": t.Master, "name": t.Name,
			"picklistsForRecordType": []any{}, "recordTypeId": t.RecordTypeID, "urls": t.URLs,
		})
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"layouts": []any{obj.layout(page)}, "recordTypeMappings": mappings, "recordTypeSelectorRequired": []bool{false},
	})
	return nil
}

func (o *Org) compactLayouts(w http.ResponseWriter, c *call) error {
	obj, err := o.layoutObject(c)
	if err != nil {
		return err
	}
	items := []layoutItem{}
	if at := obj.sys.shown; at >= 0 {
		f := obj.slots[at].fieldDescribe
		items = append(items, layoutItem{Label: f.Label, Components: []layoutComponent{{f, 1, 1, "Field", f.Name}}})
	}
	master := map[string]any{
		"actions": []any{}, "fieldItems": items, "id": nil, "imageItems": []any{}, "label": "System Default",
		"name": "SYSTEM", "objectType": obj.name(),
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"compactLayouts": []any{master}, "defaultCompactLayoutId": nil,
		"recordTypeCompactLayoutMappings": []any{}, "urls": map[string]string{},
	})
	return nil
}

// recordCount tells how many records objects have, as Salesforce last counted
// them.
func (o *Org) recordCount(w http.ResponseWriter, c *call) error {
	type counted struct {
		Count int    `json:"count"`
		Name  string `json:"name"`
	}
	wanted := strings.FieldsFunc(c.FormValue("sObjects"), func(r rune) bool { return r == ',' || r == ' ' })
	snap, counts := o.now(), []counted{}
	for _, obj := range o.catalog().shown() {
		if len(wanted) > 0 && !containsFold(wanted, obj.name()) {
			continue
		}
		n := snap.size(obj)
		for _, place := range snap.changed(obj) {
			at := &row{snap: snap, obj: obj}
			if at.move(place); at.deleted() || at.record != nil && at.record.gone() {
				n--
			}
		}
		counts = append(counts, counted{n, obj.name()})
	}
	writeJSON(w, http.StatusOK, map[string]any{"sObjects": counts})
	return nil
}

func containsFold(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// restRoutes are the ways to records and to what describes them beyond the
// simplest.
func (o *Org) restRoutes() map[string]resource {
	return map[string]resource{
		"/limits/recordCount":                        {"record-count", false, get(o.recordCount)},
		"/sobjects/{object}/{id}/{value}":            {"record", false, map[string]handler{"GET": o.readByKey, "PATCH": o.upsertByKey, "DELETE": o.deleteByKey}},
		"/sobjects/{object}/describe/layouts":        {"describe-layouts", false, get(o.layouts)},
		"/sobjects/{object}/describe/layouts/{type}": {"describe-layouts", false, get(o.layouts)},
		"/sobjects/{object}/describe/compactLayouts": {"describe-layouts", false, get(o.compactLayouts)},
		"/composite":                           {"composite", false, post(o.composite)},
		"/composite/batch":                     {"composite", false, post(o.compositeBatch)},
		"/composite/sobjects":                  {"collection", false, map[string]handler{"POST": o.createMany, "PATCH": o.updateMany, "DELETE": o.deleteMany}},
		"/composite/sobjects/{object}":         {"collection", false, map[string]handler{"GET": o.readMany, "POST": o.readMany}},
		"/composite/sobjects/{object}/{field}": {"collection", false, map[string]handler{"PATCH": o.upsertMany}},
		"/composite/tree/{object}":             {"collection", false, post(o.createTree)},
	}
}
