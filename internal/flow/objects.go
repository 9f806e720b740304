package flow

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/schema"
)

// Resolve meets the flows of a file with the objects of an org, as describe
// global lists them. Each flow gets the object's name as the org spells it, and
// a pattern of names becomes one flow for each object that it matches, that can be copied
// and has no flow of its own, in the order of objects: of two patterns the first takes it,
// and "*" takes what no other did. What a pattern takes is told at starTakes.
//
// An object that the org doesn't have is a mistake in the file, unless it is one
// of copied, which are as describe told of them when they were copied, or a control
// row wants it: then its flow says what is wrong, and the others go on.
func Resolve(f *File, objects []schema.Object, copied ...schema.Object) ([]Flow, error) {
	r := resolution{known: newCatalogue(objects), copied: copied, named: map[string]bool{}}
	for _, fl := range f.Flows {
		switch {
		case fl.Wrong != nil:
			r.flows = append(r.flows, fl)
		case !fl.Pattern():
			r.name(fl)
		}
	}
	for _, fl := range r.flows { // what a wrong row was to say of its object, "*" doesn't know
		r.named[strings.ToLower(fl.Object)] = true
	}
	for _, fl := range patterns(f.Flows) {
		r.expand(fl, objects)
	}
	return r.flows, asError(r.problems)
}

// A resolution is Resolve on its way.
type resolution struct {
	known    catalogue
	copied   []schema.Object
	named    map[string]bool // objects that have a flow, in lower case
	flows    []Flow
	problems []problem
}

// name takes a flow that names its object.
func (r *resolution) name(fl Flow) {
	o, ok := r.known.byName[strings.ToLower(fl.Object)]
	var what string
	switch {
	case !ok:
		what = fmt.Sprintf("the org has no object %q that this user can see", fl.Object)
	case !o.Queryable || o.Deprecated:
		what = fmt.Sprintf("Salesforce doesn't let %s be queried", o.Name)
	case o.Big():
		r.refuse(fl, fl.problem("object",
			"%s is a big object: its records are told apart by its index, which no API "+
				"describes; leave it out", o.Name))
		return
	case o.Name == entities:
		r.refuse(fl, fl.problem("object",
			"%s answers no more than 2,000 of its records, and has no queryMore for the rest; leave it out: "+
				"_catchment_objects and _catchment_fields tell of what is copied", o.Name))
		return
	case r.named[strings.ToLower(o.Name)]: // only rows can: a file with two is refused when it is read
		r.refuse(fl, fl.problem("object", "%s has another row, and a table has one flow", o.Name))
		return
	}
	if c, was := r.wasCopied(fl.Object); what != "" && was {
		fl.Object, fl.Wrong = c.Name, r.known.vanished(c, fl.leave())
	} else if what != "" {
		near := ""
		if !ok {
			near = meant(fl.Object, r.known.names)
		}
		r.refuse(fl, fl.problem("object", "%s%s", what, near))
		return
	} else {
		fl.Object = o.Name
	}
	r.add(fl)
}

// refuse says that a flow can't be: its file is wrong, or its control row, which stops no
// other.
func (r *resolution) refuse(fl Flow, problems ...problem) {
	if fl.Row == "" {
		r.problems = append(r.problems, problems...)
		return
	}
	fl.Object, fl.Wrong = fl.Row, rowError(problems) // the object's name may be another row's
	r.flows = append(r.flows, fl)
}

// leave is how a flow is taken out of runs for good.
func (fl Flow) leave() string {
	if fl.Row != "" {
		return "catchment flows remove " + fl.Row
	}
	return "take its flow out of catchment.yaml"
}

// add gives an object its flow.
func (r *resolution) add(fl Flow) {
	if r.known.fades(fl.Object) && !fl.chosen {
		fl.Deletes = Ignore
	}
	r.named[strings.ToLower(fl.Object)] = true
	r.flows = append(r.flows, fl)
}

func (r *resolution) wasCopied(object string) (schema.Object, bool) {
	for _, c := range r.copied {
		if strings.EqualFold(c.Name, object) {
			return c, true
		}
	}
	return schema.Object{}, false
}

// vanished says that an object is gone that was copied before, and what may
// have become of it. A renamed object keeps the prefix of its Ids.
func (c catalogue) vanished(was schema.Object, leave string) error {
	hint := "it was deleted, or hidden from the integration user, whose permissions should be looked at"
	others := func(like func(schema.Object) bool) []string {
		return slices.DeleteFunc(slices.Clone(c.names), func(name string) bool {
			o := c.byName[strings.ToLower(name)]
			return !o.Queryable || o.Name == was.Name || !like(o)
		})
	}
	prefix := others(func(o schema.Object) bool { return was.KeyPrefix != "" && o.KeyPrefix == was.KeyPrefix })
	label := others(func(o schema.Object) bool { return was.Label != "" && o.Label == was.Label })
	switch {
	case len(prefix) == 1:
		hint = fmt.Sprintf("its Ids began with %s, as those of %s do: it was renamed; name that in catchment.yaml, "+
			"which makes a new table", was.KeyPrefix, prefix[0])
	case len(label) > 0:
		hint += fmt.Sprintf("; %s has the same label", label[0])
	default:
		hint += meant(was.Name, others(func(schema.Object) bool { return true }))
	}
	return plan.Fixf(hint+"; if it is gone for good: "+leave+", and the table stays as it is",
		"the org has no object %s any more that this user can query", was.Name)
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

// starTakes tells whether "*" copies an object.
func (c catalogue) starTakes(o schema.Object) bool { return c.starLeaves(o) == "" }

// Why "*" leaves objects out. Those of the third kind are often larger than all
// the rest; a flow that names such an object is let through, and Salesforce
// decides.
const (
	leftUnread   = "Salesforce doesn't let them be queried, or be read by their Ids"
	leftFiltered = "they answer only to a query that names their parents"
	leftHanging  = "they say who may see the records of another object, or who changed them; to copy one, " +
		"give it a flow of its own"
	leftOther = "they are no records of this org: big and external objects, metadata, events, versions of articles"
	leftNames = "no query, key or table can bear their names"
)

// entities describes the objects of the org. A query of more than 2,000 fails with
// EXCEEDED_ID_LIMIT ("EntityDefinition does not support queryMore()"), LIMIT and OFFSET
// aren't kept to (Tooling API guide, "SOQL Operation Limitations").
const entities = "EntityDefinition"

// starLeaves says why "*" doesn't copy an object, or "". What is computed for
// each question (UserRecordAccess) can't be read by Id; what needs a filter
// describe doesn't tell.
func (c catalogue) starLeaves(o schema.Object) string {
	if wrongName(o.Name) != "" {
		return leftNames
	}
	for _, suffix := range []string{"__x", "__mdt", "__b", "__e", "__kav", "ChangeEvent"} {
		if strings.HasSuffix(o.Name, suffix) {
			return leftOther
		}
	}
	switch {
	case o.Big() || o.Name == entities:
		return leftOther
	case slices.Contains(needFilter(), o.Name):
		return leftFiltered
	case !o.Queryable || !o.Retrieveable || o.Deprecated:
		return leftUnread
	case c.hangsOn(o.Name, "Share", "Feed", "FieldHistory", "History"):
		return leftHanging
	}
	return ""
}

// fades tells whether Salesforce itself deletes an object's records once they
// are old: field histories after 18 to 24 months, logs after six. A copy that
// followed would forget what it is there for, so deletes are ignored unless the
// flow itself says otherwise.
func (c catalogue) fades(name string) bool {
	return slices.Contains([]string{"LoginHistory", "LoginGeo", "SetupAuditTrail", "VerificationHistory"}, name) ||
		c.hangsOn(name, "FieldHistory", "History")
}

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
		"FieldDefinition", "FlexQueueItem", "FlowVariableView", "FlowVersionView",
		"IconDefinition", "IdeaComment", "KnowledgeArticleVersion", "NetworkUserHistoryRecent", "OwnerChangeOptionInfo",
		"PicklistValueInfo", "PlatformAction", "RelationshipDomain", "RelationshipInfo", "SearchLayout", "SiteDetail",
		"UserEntityAccess", "UserFieldAccess", "Vote",
	}
}
