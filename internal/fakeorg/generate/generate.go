// Package generate makes objects with records: made up, each value a function of
// the seed, the object, the record's number and the field, or loaded from a folder.
package generate

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"catchment/internal/fakeorg/chance"
	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/store"
)

// Features are what an org has only where they are switched on, and since when.
type Features struct {
	MultiCurrency  bool // records carry a CurrencyIsoCode
	RecordTypes    bool // Accounts and Opportunities have record types
	PersonAccounts bool // an Account that is created with a LastName is a person
	StandardDelete bool // lookups take along, stand against or are emptied as Salesforce's own are
	Since          time.Time
}

// Spread shares a number of records out among the generated objects.
func Spread(records int) map[string]int {
	share := map[string]int{"Contact": 30, "Opportunity": 15, "Case": 10, "Task": 15, "Invoice__c": 10}
	counts := map[string]int{"User": min(records, 1+records/1000)}
	left := records - counts["User"]
	rest := left
	for name, percent := range share {
		counts[name] = left * percent / 100
		rest -= counts[name]
	}
	counts["Account"] = rest
	return counts
}

// A World is what all generated objects of an org have in common.
type World struct {
	seed   uint64
	birth  int64  // Unix time; nothing is younger
	admin  string // the Username of the first User
	counts map[string]int
}

// NewWorld makes a world in which nothing is younger than birth.
func NewWorld(seed uint64, birth time.Time, admin string) *World {
	return &World{seed: chance.Mix(seed), birth: birth.Unix(), admin: admin, counts: map[string]int{"User": 1}}
}

// Objects makes the generated objects, with as many records of each as told;
// an object that isn't named has none. There is at least one User: the owner.
func (w *World) Objects(counts map[string]int, features Features) ([]*store.Object, error) {
	kinds := generatedKinds()
	for name := range counts {
		if !slices.ContainsFunc(kinds, func(k kind) bool { return k.name == name }) {
			return nil, fmt.Errorf("generate %s: no such object", name)
		}
	}
	w.counts = maps.Clone(counts)
	w.counts["User"] = max(1, counts["User"])
	var all []*store.Object
	for _, k := range kinds {
		all = append(all, w.object(features.added(k)))
	}
	return append(all, features.objects()...), nil
}

// Users makes the object User alone.
func (w *World) Users() *store.Object { return w.object(kind{"User", "005", userFields()}) }

// A pick is the random numbers of one field of one record.
type pick struct {
	n   int    // which record
	own uint64 // the record's: fields that belong together use it
	h   uint64 // the field's
}

// A maker writes the value of one field; nothing for null.
type maker func(w *World, dst []byte, p pick) []byte

// A kind is an object that can be generated.
type kind struct {
	name, prefix string
	fields       []made
}

// made is a field and how its values come about; a nil maker leaves it null.
type made struct {
	*describe.Field
	make maker
}

func (w *World) object(k kind) *store.Object {
	base := &generated{world: w, prefix: k.prefix, salt: w.salt(k.name), n: w.counts[k.name]}
	var fields []*describe.Field
	for _, f := range k.fields {
		fields = append(fields, f.Field)
		base.makers = append(base.makers, f.make)
	}
	about := describe.New(k.name, k.prefix, fields)
	about.Mergeable = slices.ContainsFunc(fields, func(f *describe.Field) bool { return f.Name == "MasterRecordId" })
	if slices.ContainsFunc(fields, func(f *describe.Field) bool { return f.Name == "RecordTypeId" }) {
		about.RecordTypeInfos = recordTypesOf(k.name)
	}
	if k.name == "User" {
		about.Deletable, about.Undeletable = false, false
	}
	return store.NewObject(about, base)
}

// salt is what the random numbers of an object's records come from.
func (w *World) salt(object string) uint64 {
	salt := chance.Mix(w.seed)
	for _, c := range object {
		salt = chance.Mix(salt ^ uint64(c))
	}
	return salt
}

// generated is a Source that computes its records. Record n has the number
// n+1 in its Id.
type generated struct {
	world  *World
	prefix string
	salt   uint64
	n      int
	makers []maker
}

// Count implements store.Source.
func (g *generated) Count() int { return g.n }

// LastNumber implements store.Source.
func (g *generated) LastNumber() int { return g.n }

// Newest implements store.Source.
func (g *generated) Newest() string { return orgtime.Stamp(time.Unix(g.world.birth, 0)) }

// Find implements store.Source.
func (g *generated) Find(id string) int {
	number, ok := recordid.Number(id, g.prefix)
	if !ok || number < 1 || number > g.n {
		return -1
	}
	return number - 1
}

// AppendValue implements store.Source.
func (g *generated) AppendValue(dst []byte, n, field int) []byte {
	value := g.makers[field]
	if value == nil {
		return dst
	}
	own := ownOf(g.salt, n)
	return value(g.world, dst, pick{n: n, own: own, h: chance.Mix(own ^ uint64(field+1)<<32)})
}

// ownOf is the random number of a record.
func ownOf(salt uint64, n int) uint64 { return chance.Mix(salt + uint64(n)) }

// span is how far back generated records were created: five years.
const span = 5 * 365 * 24 * 3600

// times returns when a record was created, modified and last touched by the
// system: in this order, and never after the birth of the org.
func (w *World) times(own uint64) (created, modified, touched int64) {
	h := chance.Mix(own ^ 0x7157)
	created = w.birth - 3600 - int64(h%span)
	modified, touched = created, created
	if h>>60 > 4 {
		modified += int64(chance.Mix(h) % uint64(w.birth-created))
		touched = modified
	}
	if h>>56&15 == 0 {
		touched += int64(chance.Mix(h+1) % uint64(w.birth-modified+1))
	}
	return created, modified, touched
}
