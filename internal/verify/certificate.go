package verify

import (
	"time"

	"catchment/internal/warehouse/evidence"
)

// CertificateFormat counts up when a field of Certificate changes its meaning.
const CertificateFormat = 1

// A Certificate says what was compared, when, and what came out, so that
// somebody else can do it again: docs/howto/verify.md documents each field.
type Certificate struct {
	Type      string             `json:"type"`   // "certificate"
	Format    int                `json:"format"` // CertificateFormat
	Catchment string             `json:"catchment"`
	MadeAt    time.Time          `json:"made_at"`
	Org       string             `json:"org"`
	Agrees    bool               `json:"agrees"` // every object does, and none was a sample
	Objects   []CertifiedCompare `json:"objects"`
}

// A CertifiedCompare is one object of a Certificate.
type CertifiedCompare struct {
	Object     string    `json:"object"`
	Table      string    `json:"table"`
	Generation int64     `json:"generation"`
	Compared   Method    `json:"compared"`
	Columns    []string  `json:"columns"`
	LeftOut    []LeftOut `json:"left_out,omitempty"`
	Where      string    `json:"where,omitempty"`
	Deletes    string    `json:"deletes"`
	ReadAt     time.Time `json:"read_at"`
	EndedAt    time.Time `json:"ended_at"`
	AsOf       time.Time `json:"as_of"`
	Grade      string    `json:"grade"`

	Source      int64 `json:"source"`
	Warehouse   int64 `json:"warehouse"`
	Missing     int64 `json:"missing"`
	Extra       int64 `json:"extra"`
	Stale       int64 `json:"stale"`
	Wrong       int64 `json:"wrong"`
	Formulas    int64 `json:"formulas"`
	Duplicates  int64 `json:"duplicates"`
	Pending     int64 `json:"pending"`
	Rejected    int64 `json:"rejected,omitzero"`
	Outdated    int64 `json:"outdated,omitzero"`
	Unjudged    int64 `json:"unjudged,omitempty"`
	Archived    int64 `json:"archived,omitzero"` // rows whose records an archive took out of the org; in neither set
	Unconfirmed int64 `json:"unconfirmed"`
	Repaired    int64 `json:"repaired"`
	Remaining   int64 `json:"remaining"`
	Calls       int64 `json:"api_calls"`

	Bodies       *CertifiedBodies `json:"bodies,omitempty"`
	SourceSet    *CertifiedSet    `json:"source_set,omitempty"`
	WarehouseSet *CertifiedSet    `json:"warehouse_set,omitempty"`
	Agrees       bool             `json:"agrees"` // nothing differs, or nothing does any more, and all of it was judged
}

// A CertifiedSet is a warehouse.Set.
type CertifiedSet struct {
	Records int64  `json:"records"`
	SHA256  string `json:"sha256"`
}

// A CertifiedBodies is what was found of the bodies of an object's files.
type CertifiedBodies struct {
	Copied   int64 `json:"copied"`
	Bytes    int64 `json:"bytes"`
	Nothing  int64 `json:"nothing"`
	Aside    int64 `json:"aside"`
	Waiting  int64 `json:"waiting"`
	Lost     int64 `json:"lost"`
	Resized  int64 `json:"resized"`
	Changed  int64 `json:"changed"`
	ReadBack int64 `json:"read_back"`
}

// Certify writes results down. org is the Id of the org, version that of this
// program.
func Certify(results []Result, org, version string, at time.Time) Certificate {
	c := Certificate{
		Type: "certificate", Format: CertificateFormat, Catchment: version, MadeAt: at.UTC(), Org: org,
		Agrees: len(results) > 0,
	}
	for _, r := range results {
		o := CertifiedCompare{
			Object: r.Object, Table: r.Table, Generation: r.Generation, Compared: r.Method, Columns: r.Columns,
			LeftOut: r.LeftOut, Where: r.Where, Deletes: r.Deletes, ReadAt: r.ReadAt, EndedAt: r.EndedAt, AsOf: r.AsOf,
			Grade: r.Grade, Source: r.Source, Warehouse: r.Warehouse,
			Missing: r.Missing, Extra: r.Extra, Stale: r.Stale, Wrong: r.Wrong, Formulas: r.Formulas,
			Duplicates: r.Duplicates, Pending: r.Pending, Unjudged: r.Unjudged, Rejected: r.Rejected,
			Outdated: r.Outdated, Archived: r.Archived,
			Unconfirmed: r.Unconfirmed, Repaired: r.Repaired, Remaining: r.Remaining(), Calls: r.Calls,
			Agrees: r.Remaining()+r.Unjudged == 0,
		}
		if r.Method != Counts {
			o.SourceSet, o.WarehouseSet = certifiedSet(r.SourceSet), certifiedSet(r.WarehouseSet)
		}
		if b := r.Bodies; b != nil {
			o.Bodies = &CertifiedBodies{b.Copied, b.Bytes, b.Nothing, b.Aside, b.Waiting, b.Lost, b.Resized, b.Changed,
				b.ReadBack}
			o.Agrees = o.Agrees && b.Aside+b.Waiting+b.Dropped == 0
		}
		c.Objects = append(c.Objects, o)
		c.Agrees = c.Agrees && o.Agrees && r.Method != Counts
	}
	return c
}

func certifiedSet(s evidence.Set) *CertifiedSet { return &CertifiedSet{s.Records, s.Digest} }
