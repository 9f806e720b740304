package rest

import (
	"net/http"
	"slices"
	"strings"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/web"
)

// Describes answers what objects and fields there are.
type Describes struct{ store *store.Store }

// NewDescribes makes Describes of what a store holds.
func NewDescribes(s *store.Store) *Describes { return &Describes{s} }

// Routes are the ways to what describes records.
func (a *Describes) Routes() map[string]web.Resource {
	return map[string]web.Resource{
		"/sobjects":                                  {Kind: "describe-global", Methods: web.Get(a.describeGlobal)},
		"/sobjects/{object}/describe":                {Kind: "describe", Methods: web.Get(a.describe)},
		"/sobjects/{object}/describe/layouts":        {Kind: "describe-layouts", Methods: web.Get(a.layouts)},
		"/sobjects/{object}/describe/layouts/{type}": {Kind: "describe-layouts", Methods: web.Get(a.layouts)},
		"/sobjects/{object}/describe/compactLayouts": {Kind: "describe-layouts", Methods: web.Get(a.compactLayouts)},
		"/limits/recordCount":                        {Kind: "record-count", Methods: web.Get(a.recordCount)},
	}
}

// notModified answers 304 where the schema hasn't changed since the client
// last looked; it puts the schema's own time on every other answer.
func (a *Describes) notModified(w http.ResponseWriter, c *web.Call) bool {
	changed := a.store.Catalog().Changed
	w.Header().Set("Last-Modified", changed.Format(http.TimeFormat))
	since, err := http.ParseTime(c.Header.Get("If-Modified-Since"))
	if err != nil || changed.After(since) {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

func (a *Describes) describeGlobal(w http.ResponseWriter, c *web.Call) error {
	if a.notModified(w, c) {
		return nil
	}
	flags := []describe.Flags{}
	for _, obj := range a.store.Catalog().Shown() {
		flags = append(flags, flagsOf(obj, c.Version))
	}
	slices.SortFunc(flags, func(a, b describe.Flags) int { return strings.Compare(a.Name, b.Name) })
	reply.JSON(w, http.StatusOK, map[string]any{"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": flags})
	return nil
}

// flagsOf is what describe global says of an object, with the URLs of a version.
func flagsOf(o *store.Object, version string) describe.Flags {
	flags, at := o.About.Flags, "/services/data/"+version+"/sobjects/"+o.Name()
	flags.URLs = map[string]string{"sobject": at, "describe": at + "/describe", "rowTemplate": at + "/{ID}"}
	if flags.Layoutable {
		for _, part := range []string{"approvalLayouts", "compactLayouts", "layouts"} {
			flags.URLs[part] = at + "/describe/" + part
		}
		flags.URLs["listviews"], flags.URLs["quickActions"] = at+"/listviews", at+"/quickActions"
	}
	return flags
}

func (a *Describes) describe(w http.ResponseWriter, c *web.Call) error {
	obj, err := pathObject(a.store, c)
	if err != nil {
		return err
	}
	if a.notModified(w, c) {
		return nil
	}
	about := *obj.About
	about.Flags = flagsOf(obj, c.Version)
	if about.Layoutable {
		at := web.BaseURL(c.Request) + "/"
		about.URLs["defaultValues"] = about.URLs["sobject"] + "/defaultValues?recordTypeId&fields"
		about.URLs["uiDetailTemplate"], about.URLs["uiEditTemplate"] = at+"{ID}", at+"{ID}/e"
		about.URLs["uiNewRecord"] = at + obj.Prefix() + "/e"
	}
	about.ActionOverrides, about.NamedLayoutInfos = []any{}, []any{}
	about.ChildRelationships = a.store.Catalog().Children(obj)
	about.RecordTypeInfos = recordTypes(about)
	about.SobjectDescribeOption = "FULL"
	reply.JSON(w, http.StatusOK, about)
	return nil
}

// recordTypes gives an object that has none the master record type, with the
// URL of its layout.
func recordTypes(about describe.Object) []describe.RecordType {
	infos := []describe.RecordType{}
	for _, info := range about.RecordTypeInfos {
		info.URLs = map[string]string{"layout": about.URLs["layouts"] + "/" + info.RecordTypeID}
		infos = append(infos, info)
	}
	if len(infos) == 0 && about.Layoutable {
		const master = "012000000000000AAA"
		infos = append(infos, describe.RecordType{
			Active: true, Available: true, DefaultRecordTypeMapping: true, DeveloperName: "Master", Master: true,
			Name: "Master", RecordTypeID: master,
			URLs: map[string]string{"layout": about.URLs["layouts"] + "/" + master},
		})
	}
	return infos
}
