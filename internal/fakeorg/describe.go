package fakeorg

import (
	"net/http"
	"slices"
	"strings"
)

// notModified answers 304 where the schema hasn't changed since the client
// last looked; it puts the schema's own time on every other answer.
func (o *Org) notModified(w http.ResponseWriter, c *call) bool {
	changed := o.catalog().changed
	w.Header().Set("Last-Modified", changed.Format(http.TimeFormat))
	since, err := http.ParseTime(c.Header.Get("If-Modified-Since"))
	if err != nil || changed.After(since) {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

func (o *Org) describeGlobal(w http.ResponseWriter, c *call) error {
	if o.notModified(w, c) {
		return nil
	}
	flags := []objectFlags{}
	for _, obj := range o.catalog().shown() {
		flags = append(flags, obj.flags(c.version))
	}
	slices.SortFunc(flags, func(a, b objectFlags) int { return strings.Compare(a.Name, b.Name) })
	writeJSON(w, http.StatusOK, map[string]any{"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": flags})
	return nil
}

// flags is what describe global says of an object, with the URLs of a version.
func (o *object) flags(version string) objectFlags {
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

func (o *Org) describe(w http.ResponseWriter, c *call) error {
	obj, err := o.pathObject(c)
	if err != nil {
		return err
	}
	if o.notModified(w, c) {
		return nil
	}
	about := *obj.about
	about.objectFlags = obj.flags(c.version)
	if about.Layoutable {
		at := baseURL(c.Request) + "/"
		about.URLs["defaultValues"] = about.URLs["sobject"] + "/defaultValues?recordTypeId&fields"
		about.URLs["uiDetailTemplate"], about.URLs["uiEditTemplate"] = at+"{ID}", at+"{ID}/e"
		about.URLs["uiNewRecord"] = at + obj.prefix() + "/e"
	}
	about.ActionOverrides, about.NamedLayoutInfos = []any{}, []any{}
	about.ChildRelationships = o.children(obj)
	about.RecordTypeInfos = recordTypes(about)
	about.SobjectDescribeOption = "FULL"
	writeJSON(w, http.StatusOK, about)
	return nil
}

// basicInfo is GET on an object itself: what describe global says, without
// what one has looked at lately.
func (o *Org) basicInfo(w http.ResponseWriter, c *call) error {
	obj, err := o.pathObject(c)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"objectDescribe": obj.flags(c.version), "recentItems": []any{}})
	return nil
}

// children are the lookups of the org's objects that point to obj.
func (o *Org) children(obj *object) []childRelationship {
	all := []childRelationship{}
	for _, child := range o.catalog().shown() {
		for _, f := range child.about.Fields {
			for _, target := range f.ReferenceTo {
				if target == obj.name() {
					all = append(all, childRelationship{
						CascadeDelete: f.CascadeDelete, ChildSObject: child.name(), Field: f.Name,
						JunctionIDListNames: []string{}, JunctionReferenceTo: []string{},
						RelationshipName: childName(child, f), RestrictedDelete: f.RestrictedDelete,
					})
				}
			}
		}
	}
	return all
}

// childName is the plural under which a parent knows its children; lookups
// that every object has, such as CreatedBy, have none.
func childName(child *object, f *fieldDescribe) *string {
	if !f.Updateable || f.Name == "OwnerId" {
		return nil
	}
	name := strings.ReplaceAll(child.about.LabelPlural, " ", "")
	if slices.Contains(f.ReferenceTo, child.name()) {
		name = "Child" + name
	}
	if f.Custom {
		name += "__r"
	}
	return &name
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
