package flow

import (
	"slices"
	"strings"

	"catchment/internal/schema"
)

// Resolve meets the flows of a file with the objects of an org, as describe
// global lists them. Each flow gets the object's name as the org spells it, and
// "*" becomes one flow for each object that can be copied and has no flow of
// its own, in the order of objects. What it takes is told at starTakes.
func Resolve(f *File, objects []schema.Object) ([]Flow, error) {
	known := newCatalogue(objects)
	var problems []Problem
	var flows []Flow
	named := map[string]bool{}
	for _, fl := range f.Flows {
		if fl.Object == Star {
			continue
		}
		o, ok := known.byName[strings.ToLower(fl.Object)]
		switch {
		case !ok:
			problems = append(problems, fl.problem("object", "the org has no object %q that this user can see%s", fl.Object, meant(fl.Object, known.names)))
			continue
		case !o.Queryable || o.Deprecated:
			problems = append(problems, fl.problem("object", "Salesforce doesn't let %s be queried", o.Name))
			continue
		}
		fl.Object = o.Name
		if known.isHistory(o.Name) && !fl.chosen {
			fl.Deletes = Ignore
		}
		named[strings.ToLower(o.Name)] = true
		flows = append(flows, fl)
	}
	for _, fl := range f.Flows {
		if fl.Object != Star {
			continue
		}
		without := map[string]bool{}
		for i, name := range fl.ExcludeObjects {
			without[strings.ToLower(name)] = true
			if _, ok := known.byName[strings.ToLower(name)]; !ok {
				problems = append(problems, fl.problem(index("exclude_objects", i), "the org has no object %q that this user can see%s", name, meant(name, known.names)))
			}
		}
		for _, o := range objects {
			lower := strings.ToLower(o.Name)
			if named[lower] || without[lower] || !known.starTakes(o) {
				continue
			}
			one := fl
			one.Object, one.ExcludeObjects, one.star = o.Name, nil, true
			flows = append(flows, one)
		}
	}
	return flows, asError(problems)
}

// A catalogue is the objects of an org, by their names in lower case.
type catalogue struct {
	byName map[string]schema.Object
	names  []string
}

func newCatalogue(objects []schema.Object) catalogue {
	c := catalogue{byName: map[string]schema.Object{}}
	for _, o := range objects {
		c.byName[strings.ToLower(o.Name)] = o
		c.names = append(c.names, o.Name)
	}
	return c
}

// starTakes tells whether "*" copies an object. It leaves out
//   - what describe says can't be queried, or can't be read by Id: those are
//     computed for each question (UserRecordAccess);
//   - what can be read only with a filter that names its parent
//     (ContentDocumentLink), which describe doesn't tell;
//   - what hangs on another object and says who may see or has changed its
//     records: X__Share, X__Feed, X__History. They are often larger than all
//     the rest, many have no SystemModstamp, and Bulk refuses some;
//   - what isn't this org's records: __x (external), __mdt (metadata), __b (big
//     objects), ChangeEvent, and Knowledge versions.
//
// A flow that names such an object is let through: Salesforce decides.
func (c catalogue) starTakes(o schema.Object) bool {
	if !o.Queryable || !o.Retrieveable || o.Deprecated || slices.Contains(needFilter(), o.Name) {
		return false
	}
	for _, suffix := range []string{"__x", "__mdt", "__b", "__e", "__kav", "ChangeEvent"} {
		if strings.HasSuffix(o.Name, suffix) {
			return false
		}
	}
	return !c.hangsOn(o.Name, "Share", "Feed", "FieldHistory", "History")
}

// isHistory tells whether an object tells what was changed in another one.
// Salesforce itself deletes such records after 18 to 24 months: a copy that
// followed would forget what it is there for, so deletes are ignored unless the
// flow itself says otherwise.
func (c catalogue) isHistory(name string) bool { return c.hangsOn(name, "FieldHistory", "History") }

// hangsOn tells whether an object's name is that of another one with one of
// these endings.
func (c catalogue) hangsOn(name string, endings ...string) bool {
	for _, ending := range endings {
		parent, ok := strings.CutSuffix(name, ending)
		if !ok {
			continue
		}
		if strings.HasSuffix(parent, "__") { // Invoice__Share is of Invoice__c
			parent += "c"
		}
		if _, ok := c.byName[strings.ToLower(parent)]; ok {
			return true
		}
	}
	return false
}

// needFilter lists objects that answer only to a filter on one parent or on
// one Id. Nothing in describe tells them; extractors keep lists of them, and
// these are what theirs have in common.
func needFilter() []string {
	return []string{
		"Announcement", "AppTabMember", "CollaborationGroupRecord", "ColorDefinition", "ContentDocumentLink",
		"ContentFolderItem", "ContentFolderMember", "DataStatistics", "DatacloudDandBCompany", "EntityParticle",
		"FieldDefinition", "FieldHistoryArchive", "FlexQueueItem", "FlowVariableView", "FlowVersionView",
		"IconDefinition", "IdeaComment", "KnowledgeArticleVersion", "NetworkUserHistoryRecent", "OwnerChangeOptionInfo",
		"PicklistValueInfo", "PlatformAction", "RelationshipDomain", "RelationshipInfo", "SearchLayout", "SiteDetail",
		"UserEntityAccess", "UserFieldAccess", "Vote",
	}
}
