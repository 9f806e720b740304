package closure

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"catchment/internal/schema"
	"catchment/internal/schema/kin"
)

// recorded is a recorded answer of describe.
func recorded(t *testing.T, object string) schema.Object {
	t.Helper()
	text, err := os.ReadFile("../../../testdata/describes/" + object + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var o schema.Object
	if err := json.Unmarshal(text, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// What a delete does, worked out by hand from the recorded answers. Many of the relationships have no name.
func TestKinshipOfRecordedObjects(t *testing.T) {
	t.Parallel()
	for object, want := range map[string]map[Effect]string{
		"Account": {
			Takes: "AccountBrand.AccountId Contact.AccountId ContentDistribution.RelatedRecordId FeedItem.ParentId " +
				"Opportunity.AccountId Task.WhatId",
			Forbids: "AuthorizationFormConsent.ConsentGiverId Case.AccountId ChannelProgramMember.PartnerId " +
				"CommSubscriptionConsent.ConsentGiverId ServiceResource.AccountId",
			Empties: "Account.ParentId Lead.ConvertedAccountId User.AccountId",
		},
		"Contact": {
			Takes:   "AIInsightValue.SobjectLookupValueId MatchingInformation.SFDCIdId",
			Forbids: "Case.ContactId Order.BillToContactId User.ContactId",
			Empties: "Contact.ReportsToId",
		},
		"Case": {Takes: "EmailMessage.ParentId CaseComment.ParentId Task.WhatId", Empties: "Case.ParentId"},
	} {
		got := map[Effect][]string{}
		for _, r := range Kinship(recorded(t, object)) {
			got[r.Effect] = append(got[r.Effect], r.String())
			if r.Parent != object || recordless(r.Child) {
				t.Errorf("%+v", r)
			}
		}
		for effect, names := range want {
			for _, name := range strings.Fields(names) {
				if !slices.Contains(got[effect], name) {
					t.Errorf("%s: %s isn't among what it %s", object, name, effect)
				}
			}
		}
		if effect := want[Forbids]; object == "Account" && len(got[Forbids]) != len(strings.Fields(effect)) {
			t.Errorf("an Account can't be deleted for %q", got[Forbids])
		}
	}
}

// SalesforceArchiveNamelessRelationships: what has no name counts by its field.
func TestNamelessRelationships(t *testing.T) {
	t.Parallel()
	o := schema.Object{Name: "A", Children: []kin.Child{
		{Object: "B", Field: "AId", Cascade: true}, {Object: "B", Field: "OtherId"}, {Object: "B", Field: "AId"},
		{Object: "C", Field: "AId", Restricted: true, Deprecated: true}, {Object: "B'--", Field: "AId"},
		{Object: "B", Field: "A Id"}, {Object: "AHistory__b", Field: "AId", Cascade: true},
		{Object: "AChangeEvent", Field: "AId", Cascade: true}, {Object: "Event", Field: "WhatId", Cascade: true},
		{Object: "CombinedAttachment", Field: "ParentId", Cascade: true},
	}}
	want := []Relation{{"A", "B", "AId", Takes}, {"A", "B", "OtherId", Empties}, {"A", "Event", "WhatId", Takes}}
	if got := Kinship(o); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestAlongAndStuck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		o            schema.Object
		along, stuck bool
	}{
		"Contact":             {schema.Object{Createable: true, Deletable: true}, false, false},
		"AccountHistory":      {schema.Object{}, true, false},
		"AccountShare":        {schema.Object{Createable: true, Deletable: true}, true, false},
		"Visit__Share":        {schema.Object{Createable: true, Deletable: true}, true, false},
		"AccountFeed":         {schema.Object{Deletable: true}, true, false},
		"FeedItem":            {schema.Object{Createable: true, Deletable: true}, false, false},
		"ContentDocument":     {schema.Object{Deletable: true}, false, false},
		"ContentVersion":      {schema.Object{Createable: true}, true, false},
		"ContentDocumentLink": {schema.Object{Createable: true, Deletable: true}, true, false},
		"Kept__c":             {schema.Object{Createable: true}, false, true},
	} {
		tt.o.Name = name
		if along(tt.o) != tt.along || stuck(tt.o) != tt.stuck {
			t.Errorf("%s: along %t, stuck %t", name, along(tt.o), stuck(tt.o))
		}
	}
}

// A record that comes by two ways stands at the deepest level, and a circle has an end.
func TestLevels(t *testing.T) {
	t.Parallel()
	g := NewGraph()
	o := g.AddObject(Object{Object: schema.Object{Name: "A"}})
	by := Relation{Parent: "A", Child: "A", Field: "Up", Effect: Takes}
	stands := by
	stands.Effect = Forbids
	for _, id := range []string{"f", "e", "d", "c", "b", "a"} {
		g.Add(Node{ID: id, Object: o, Root: id == "a" || id == "f"})
	}
	at := func(id string) int { n, _ := g.Find(id); return n }
	for _, way := range []string{"ab", "bc", "ac", "cd", "dc", "ad"} {
		g.Lead(at(way[:1]), at(way[1:]), by)
	}
	g.Lead(at("a"), at("a"), by)
	g.Point(at("d"), "e", stands)
	g.Point(at("f"), "nowhere", stands)
	g.Levels()
	for id, want := range map[string]int{"a": 0, "b": 1, "f": 0} {
		if got := g.Nodes[at(id)].Level; got != want {
			t.Errorf("%s: level %d, not %d", id, got, want)
		}
	}
	if c, d, e := g.Nodes[at("c")].Level, g.Nodes[at("d")].Level, g.Nodes[at("e")].Level; c < 2 || d < 1 || e != d+1 {
		t.Errorf("c, d, e: %d, %d, %d", c, d, e)
	}
}
