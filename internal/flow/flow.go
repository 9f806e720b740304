// Package flow reads catchment.yaml: which org is copied where, and the flows,
// one for each object.
//
// Parse reports every problem of a file at once, with its line, and accepts
// only what this version does: a key that it doesn't know is refused, never
// ignored. Resolve and Choose then meet the org's own description: they expand
// object: "*", and choose the fields of a flow.
//
// The package opens no file, no connection and no secret: secrets are
// references, of which it only asks package secret how they look. Start at Parse.
package flow

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"catchment/internal/body"
	"catchment/internal/merger"
	"catchment/internal/policy"
	"catchment/internal/schedule"
	"catchment/internal/secret"
	"catchment/internal/upkeep"
	"catchment/internal/value"
)

// A File is one catchment.yaml, with everything that it left out filled in.
type File struct {
	Name      string // as it was given to Parse; problems start with it
	Org       Org
	Warehouse Warehouse
	Stage     Stage
	Control   Control
	Files     struct{ Group string } // who may read what is written on this machine, too; "" is nobody
	AppFlow   AppFlow
	Limits    Limits
	Archive   policy.Archive
	Settle    time.Duration // how often catchment stream has windows prove what events brought
	Flows     []Flow
	Variables []string // that its urls and paths name

	FromControl bool     // flows: control: what is to be copied stands in control rows, and Flows is empty
	Movers      []Mover  // that those rows may ask for; what else does is wrong
	defaults    defaults // that Flows have already
	dir         string   // of the file itself, once RelativeTo has told
}

// Org is where records come from.
type Org struct {
	URL             string // https://..., without a slash at the end
	APIVersion      string // as platform.Newest; "" for the newest that both sides know
	Login           Login
	Reserve         int  // percent of the daily API limits, left to people (invariant 10)
	AcceptEncrypted bool // copy fields that Salesforce keeps encrypted
	Composite       Composite
	InstanceHosts   []string // where a login may send us besides; most orgs need none
	PubSub          string   // https://..., where change events come from; "" for where Salesforce's do
}

// Composite says whether questions about many objects are put into composite
// requests, each of which Salesforce counts as one call.
type Composite string

// The ways with composite requests. CompositeAuto gives them up where an org
// refuses them, and remembers that.
const (
	CompositeAuto Composite = "auto"
	CompositeOn   Composite = "on"
	CompositeOff  Composite = "off"
)

// Login says how to get a token. Everything but Flow, Audience and Alias is a
// reference to a secret, in a form of secret.Backends; "" where the flow doesn't
// use it.
type Login struct {
	Flow         string // client_credentials, jwt, refresh_token, sf_cli, password or token
	ClientID     string
	ClientSecret string
	Username     string
	Password     string
	RefreshToken string
	Token        string
	Key          string // of jwt: the private key, PEM
	Audience     string // of jwt: a URL, "" for the org's own
	Alias        string // of sf_cli: how the Salesforce CLI knows the org
}

// Warehouse is where rows go.
type Warehouse struct {
	URL           string
	Schema        string
	StagingSchema string
	GrantTo       []string        // roles that may read the final tables
	Wait          time.Duration   // for other programs that have a file of this machine open; 0: not at all
	Text          string          // where texts have a longest: fail, truncate or super; the URL says it, too
	File          bool            // it is a file of this machine: the path in URL
	History       upkeep.History  // of a lake
	Maintain      upkeep.Maintain // of a lake
	Merge         merger.Merger   // of a lake
}

// Stage is where pages are kept, and for how long after they were loaded.
type Stage struct {
	URL  string
	Keep time.Duration
}

// Folder is the folder of this machine that pages lie in, "" where they lie elsewhere.
func (s Stage) Folder() string {
	if path, ok := strings.CutPrefix(s.URL, "dir:"); ok {
		return path
	}
	return ""
}

// Control is where the control table is.
type Control struct{ URL string }

// The defaults are what a flow gets that doesn't say otherwise.
type defaults struct {
	Deletes Deletes
	Mover   Mover
	Naming  Naming
	NUL     NUL
	Refresh schedule.Refresh
	Sweep   schedule.Sweep
	Invalid Invalid
	Rejects Invalid
	Salt    string // a reference to a secret
}

// Limits bound the work of one run.
type Limits struct {
	Flows     int   // at a time
	Downloads int   // at a time, over all flows
	Stage     int64 // bytes of the pages that wait; a full stage waits
	Bodies    int64 // API calls a day for bodies of files, over all flows; 0: no limit

	Answer time.Duration // how long Salesforce may think before it answers
	Stall  time.Duration // how long an answer may bring nothing
}

// Deletes says what becomes of a row whose record was deleted.
type Deletes string

// The deletes policies.
const (
	Flag   Deletes = "flag"
	Remove Deletes = "remove"
	Ignore Deletes = "ignore"
)

// Mover says what brings the records.
type Mover string

// The movers; Auto leaves it to the number of changed records.
const (
	Auto      Mover = "auto"
	Bulk      Mover = "bulk"
	REST      Mover = "rest"
	ByAppFlow Mover = "appflow"
)

// Naming says how columns are called.
type Naming string

// The namings of AccountId: accountid or account_id.
const (
	Lower Naming = "lower"
	Snake Naming = "snake"
)

// NUL says what becomes of a NUL byte in a text, and of what is no text, as half
// of a pair of UTF-16.
type NUL string

// The ways with NUL, for a warehouse that can't store it. What is no text none can.
const (
	Replace NUL = "replace" // by U+2400, or by U+FFFD, and reported
	Fail    NUL = "fail"
)

// Star is the object of a flow that stands for all objects that can be copied.
const Star = "*"

// A Flow says what to copy of one object.
type Flow struct {
	Object         string   // its API name; before Resolve also Star
	ExcludeObjects []string // of Star
	Fields         []string // API names; empty for all
	Exclude        []string // API names
	Include        []string // API names: fields that only come where they are named
	Where          string   // SOQL without the word WHERE
	Deletes        Deletes
	Mover          Mover
	Naming         Naming
	NUL            NUL
	Refresh        schedule.Refresh
	RefreshFields  []string // API names: further fields that change without a stamp
	Window         schedule.Window
	Sweep          schedule.Sweep
	Bodies         body.Which // of its files that are copied; "" for none
	Paused         bool
	Stream         bool // catchment stream follows its change events

	Changes []value.Change    // of values on their way, in order of their fields
	Checks  []value.Check     // that a live record has to keep
	Rename  map[string]string // the column of a field, by its API name
	Drop    []string          // fields that are not copied, and forgotten where they were
	Invalid Invalid           // what becomes of a record that breaks a check
	Rejects Invalid           // Refuse: and a run fails that keeps a record out, for whatever reason
	Salt    string            // a reference to the secret of sha256; "" for none

	AcceptEncrypted bool // the org's

	// Wrong says why nothing can be copied by this flow, though by others: its object was
	// copied before and is gone, no table can bear its name, or its control row is wrong.
	Wrong error

	Withheld []string // fields that describe shows, and that Salesforce refused to read

	Row    string  // the control row that wants it; "" for a flow of a file
	Line   int     // in the file; 0 for a flow that was not read from one
	source *source // nil for those
	star   bool    // came out of "*": what it excludes need not exist everywhere
	chosen bool    // the flow itself says what becomes of deletes
}

// CopiesBodies tells whether a flow of the file copies the bodies of files.
func (f *File) CopiesBodies() bool {
	return slices.ContainsFunc(f.Flows, func(fl Flow) bool { return fl.Bodies != "" })
}

// RelativeTo makes the relative paths of a file's urls, of its references to files and of
// its holds relative to dir, which is the directory of the file itself.
func (f *File) RelativeTo(dir string) {
	f.dir = dir
	l := &f.Org.Login
	refs := []*string{&f.defaults.Salt,
		&f.Warehouse.URL, &f.Stage.URL, &f.Control.URL,
		&l.ClientID, &l.ClientSecret, &l.Username, &l.Password, &l.RefreshToken, &l.Token, &l.Key,
	}
	for i := range f.Flows {
		refs = append(refs, &f.Flows[i].Salt)
	}
	for _, ref := range refs {
		f.relate(ref)
	}
	f.relateHolds()
}

// relate makes one url or reference relative to the file's directory, where it is a path.
func (f *File) relate(ref *string) {
	paths := []string{"dir", "sqlite"}
	if f.Warehouse.File {
		paths = append(paths, schemeOf(f.Warehouse.URL))
	}
	for _, b := range secret.Backends() {
		if b.File {
			paths = append(paths, b.Scheme)
		}
	}
	scheme, path, _ := strings.Cut(*ref, ":")
	if slices.Contains(paths, scheme) && !filepath.IsAbs(path) {
		*ref = scheme + ":" + filepath.Join(f.dir, path)
	}
}
