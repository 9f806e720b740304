package fakeorg

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Features are what an org has only where they are switched on.
type Features struct {
	MultiCurrency  bool // records carry a CurrencyIsoCode
	RecordTypes    bool // Accounts and Opportunities have record types
	PersonAccounts bool // an Account that is created with a LastName is a person
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

// A world is what all generated objects of an org have in common.
type world struct {
	seed   uint64
	birth  int64  // Unix time; nothing is younger
	admin  string // the Username of the first User
	counts map[string]int
}

// newWorld makes a world in which nothing is younger than birth.
func newWorld(seed uint64, birth time.Time, admin string) *world {
	return &world{seed: mix(seed), birth: birth.Unix(), admin: admin, counts: map[string]int{"User": 1}}
}

// objects makes the generated objects, with as many records of each as told;
// an object that isn't named has none. There is at least one User: the owner.
func (w *world) objects(counts map[string]int, features Features) ([]*object, error) {
	kinds := generatedKinds()
	for name := range counts {
		if !slices.ContainsFunc(kinds, func(k kind) bool { return k.name == name }) {
			return nil, fmt.Errorf("generate %s: no such object", name)
		}
	}
	w.counts = maps.Clone(counts)
	w.counts["User"] = max(1, counts["User"])
	var all []*object
	for _, k := range kinds {
		all = append(all, w.object(features.added(k)))
	}
	return append(all, features.objects(time.Unix(w.birth, 0))...), nil
}

// users makes the object User alone.
func (w *world) users() *object { return w.object(kind{"User", "005", userFields()}) }

// A pick is the random numbers of one field of one record.
type pick struct {
	n   int    // which record
	own uint64 // the record's: fields that belong together use it
	h   uint64 // the field's
}

// A maker writes the value of one field; nothing for null.
type maker func(w *world, dst []byte, p pick) []byte

// A kind is an object that can be generated.
type kind struct {
	name, prefix string
	fields       []made
}

// made is a field and how its values come about; a nil maker leaves it null.
type made struct {
	*fieldDescribe
	make maker
}

func (w *world) object(k kind) *object {
	salt := mix(w.seed)
	for _, c := range k.name {
		salt = mix(salt ^ uint64(c))
	}
	base := &generated{world: w, prefix: k.prefix, salt: salt, n: w.counts[k.name]}
	var fields []*fieldDescribe
	for _, f := range k.fields {
		fields = append(fields, f.fieldDescribe)
		base.makers = append(base.makers, f.make)
	}
	about := newDescribe(k.name, k.prefix, fields)
	about.Mergeable = slices.ContainsFunc(fields, func(f *fieldDescribe) bool { return f.Name == "MasterRecordId" })
	if slices.ContainsFunc(fields, func(f *fieldDescribe) bool { return f.Name == "RecordTypeId" }) {
		about.RecordTypeInfos = recordTypesOf(k.name)
	}
	if k.name == "User" {
		about.Deletable, about.Undeletable = false, false
	}
	return newObject(about, base)
}

// generated is a source that computes its records. Record n has the number
// n+1 in its Id.
type generated struct {
	world  *world
	prefix string
	salt   uint64
	n      int
	makers []maker
}

func (g *generated) count() int      { return g.n }
func (g *generated) lastNumber() int { return g.n }
func (g *generated) newest() string  { return stamp(time.Unix(g.world.birth, 0)) }

func (g *generated) find(id string) int {
	number, ok := idNumber(id, g.prefix)
	if !ok || number < 1 || number > g.n {
		return -1
	}
	return number - 1
}

func (g *generated) appendValue(dst []byte, n, field int) []byte {
	value := g.makers[field]
	if value == nil {
		return dst
	}
	own := mix(g.salt + uint64(n))
	return value(g.world, dst, pick{n: n, own: own, h: mix(own ^ uint64(field+1)<<32)})
}

// span is how far back generated records were created: five years.
const span = 5 * 365 * 24 * 3600

// times returns when a record was created, modified and last touched by the
// system: in this order, and never after the birth of the org.
func (w *world) times(own uint64) (created, modified, touched int64) {
	h := mix(own ^ 0x7157)
	created = w.birth - 3600 - int64(h%span)
	modified, touched = created, created
	if h>>60 > 4 {
		modified += int64(mix(h) % uint64(w.birth-created))
		touched = modified
	}
	if h>>56&15 == 0 {
		touched += int64(mix(h+1) % uint64(w.birth-modified+1))
	}
	return created, modified, touched
}
