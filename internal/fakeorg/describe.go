package fakeorg

import (
	"net/http"
	"slices"
	"strings"
)

// describeAPI answers what objects and fields there are.
type describeAPI struct{ store *store }

func newDescribeAPI(s *store) *describeAPI { return &describeAPI{s} }

// routes are the ways to what describes records.
func (a *describeAPI) routes() map[string]resource {
	return map[string]resource{
		"/sobjects":                                  {"describe-global", false, get(a.describeGlobal)},
		"/sobjects/{object}/describe":                {"describe", false, get(a.describe)},
		"/sobjects/{object}/describe/layouts":        {"describe-layouts", false, get(a.layouts)},
		"/sobjects/{object}/describe/layouts/{type}": {"describe-layouts", false, get(a.layouts)},
		"/sobjects/{object}/describe/compactLayouts": {"describe-layouts", false, get(a.compactLayouts)},
		"/limits/recordCount":                        {"record-count", false, get(a.recordCount)},
	}
}

// notModified answers 304 where the schema hasn't changed since the client
// last looked; it puts the schema's own time on every other answer.
func (a *describeAPI) notModified(w http.ResponseWriter, c *call) bool {
	changed := a.store.catalog().changed
	w.Header().Set("Last-Modified", changed.Format(http.TimeFormat))
	since, err := http.ParseTime(c.Header.Get("If-Modified-Since"))
	if err != nil || changed.After(since) {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

func (a *describeAPI) describeGlobal(w http.ResponseWriter, c *call) error {
	if a.notModified(w, c) {
		return nil
	}
	flags := []objectFlags{}
	for _, obj := range a.store.catalog().shown() {
		flags = append(flags, flagsOf(obj, c.version))
	}
	slices.SortFunc(flags, func(a, b objectFlags) int { return strings.Compare(a.Name, b.Name) })
	writeJSON(w, http.StatusOK, map[string]any{"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": flags})
	return nil
}

// flagsOf is what describe global says of an object, with the URLs of a version.
func flagsOf(o *object, version string) objectFlags {
	flags, at := o.about.objectFlags, "/services/data/"+version+"/sobjects/"+o.name()
	flags.URLs = map[string]string{"sobject": at, "describe": at + "/describe", "rowTemplate": at + "/{ID}"}
	if flags.Layoutable {
		for _, part := range []string{"approvalLayouts", "compactLayouts", "layouts"} {
			flags.URLs[part] = at + "/describe/" + part
		}
		flags.URLs["listviews"], flags.URLs["quickActions"] = at+"/listviews", at+"/quickActions"
	}
	return flags
}

func (a *describeAPI) describe(w http.ResponseWriter, c *call) error {
	obj, err := pathObject(a.store, c)
	if err != nil {
		return err
	}
	if a.notModified(w, c) {
		return nil
	}
	about := *obj.about
	about.objectFlags = flagsOf(obj, c.version)
	if about.Layoutable {
		at := baseURL(c.Request) + "/"
		about.URLs["defaultValues"] = about.URLs["sobject"] + "/defaultValues?recordTypeId&fields"
		about.URLs["uiDetailTemplate"], about.URLs["uiEditTemplate"] = at+"{ID}", at+"{ID}/e"
		about.URLs["uiNewRecord"] = at + obj.prefix() + "/e"
	}
	about.ActionOverrides, about.NamedLayoutInfos = []any{}, []any{}
	about.ChildRelationships = a.store.catalog().children(obj)
	about.RecordTypeInfos = recordTypes(about)
	about.SobjectDescribeOption = "FULL"
	writeJSON(w, http.StatusOK, about)
	return nil
}

// recordTypes gives an object that has none the master record type, with the
// URL of its layout.
func recordTypes(about objectDescribe) []recordTypeInfo {
	infos := []recordTypeInfo{}
	for _, info := range about.RecordTypeInfos {
		info.URLs = map[string]string{"layout": about.URLs["layouts"] + "/" + info.RecordTypeID}
		infos = append(infos, info)
	}
	if len(infos) == 0 && about.Layoutable {
		const master = "012000000000000AAA"
		infos = append(infos, recordTypeInfo{
			Active: true, Available: true, DefaultRecordTypeMapping: true, DeveloperName: "Master", Master: true,
			Name: "Master", RecordTypeID: master, URLs: map[string]string{"layout": about.URLs["layouts"] + "/" + master},
		})
	}
	return infos
}
