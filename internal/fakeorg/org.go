package fakeorg

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"catchment/internal/fakeorg/soql"
)

// Options says what kind of org New makes. Everything but Clock may be left
// zero.
type Options struct {
	Seed        uint64        // secrets, tokens and the org's Id come from it
	Clock       *Clock        // the org's own time
	SessionLife time.Duration // how long an access token works; two hours
	JobLatency  time.Duration // from the creation of a Bulk job to its end; none
	PageRecords int           // records of a Bulk result page at most; 100,000

	ClientID, ClientSecret string // made from the seed where empty
	Username, Password     string
	App                    App // how clients may log in

	DailyAPIRequests int      // calls in 24 hours; 100,000
	DailyQueryJobs   int      // Bulk query jobs in 24 hours; 10,000
	MaxChangedIDs    int      // Ids that getUpdated and getDeleted may answer; 600,000
	Restricted       bool     // the user may not see everything
	SeesAll          []string // objects whose records a restricted user sees all the same
	Sandbox          bool     // the org says that it is a sandbox
	NotInBulk        []string // objects that the Bulk API refuses
}

// Credentials is what a client needs to log in.
type Credentials struct {
	ClientID, ClientSecret string
	Username, Password     string
	RefreshToken           string
	AccessToken            string // of a session that is open already
}

// An Org is a fake Salesforce org. It is an http.Handler and safe for use by
// many at a time.
type Org struct {
	options Options
	clock   *Clock
	id      string
	birth   time.Time
	login   Credentials
	routes  http.Handler

	mu       sync.RWMutex // guards commit and the histories of the objects
	commit   uint64
	objects  []*object // in the order in which they came
	byName   map[string]*object
	byPrefix map[string]*object

	sessions *sessions
	cursors  cursors
	jobs     jobs
	faults   faults
	usage    usage
	zips     sync.Pool
}

// New makes an org that has only its setup: the Organization and what the user
// may see. Records come from Generate or LoadDir, before the org is served.
func New(options Options) (*Org, error) {
	if options.Clock == nil {
		return nil, errors.New("new fake org: no clock")
	}
	options = withDefaults(options)
	d := &dice{state: mix(options.Seed ^ 0x0c7a)}
	o := &Org{
		options: options, clock: options.Clock, birth: options.Clock.Now().Truncate(time.Second),
		id:     makeID("00D", 1+d.below(1_000_000_000)),
		byName: map[string]*object{}, byPrefix: map[string]*object{},
	}
	o.login = Credentials{
		ClientID:     orDefault(options.ClientID, "3MVG9"+d.secret(80)),
		ClientSecret: orDefault(options.ClientSecret, d.secret(64)),
		Username:     orDefault(options.Username, "admin@"+d.secret(8)+".example.com"),
		Password:     orDefault(options.Password, d.secret(16)),
		RefreshToken: "5Aep861" + d.secret(60),
	}
	o.sessions = newSessions(d.next(), o.login.RefreshToken)
	o.login.AccessToken = o.openSession(nil)
	o.routes = o.newRoutes()
	for _, obj := range o.setupObjects() {
		if err := o.add(obj); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func withDefaults(options Options) Options {
	options.SessionLife = orDefault(options.SessionLife, 2*time.Hour)
	options.PageRecords = orDefault(options.PageRecords, 100_000)
	options.DailyAPIRequests = orDefault(options.DailyAPIRequests, 100_000)
	options.DailyQueryJobs = orDefault(options.DailyQueryJobs, 10_000)
	options.MaxChangedIDs = orDefault(options.MaxChangedIDs, 600_000)
	return options
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Credentials returns what a client needs to log in.
func (o *Org) Credentials() Credentials { return o.login }

// ID returns the org's Id, 18 characters.
func (o *Org) ID() string { return o.id }

// Clock returns the org's clock.
func (o *Org) Clock() *Clock { return o.clock }

// Objects returns the names of the org's objects, setup included.
func (o *Org) Objects() []string {
	var names []string
	for _, obj := range o.objects {
		names = append(names, obj.name())
	}
	return names
}

// add gives the org an object. Orgs aren't served before they have all.
func (o *Org) add(obj *object) error {
	key := strings.ToLower(obj.name())
	if o.byName[key] != nil {
		return fmt.Errorf("add %s: the org has one already", obj.name())
	}
	if prefix := obj.prefix(); prefix != "" {
		if other := o.byPrefix[prefix]; other != nil {
			return fmt.Errorf("add %s: key prefix %s is that of %s", obj.name(), prefix, other.name())
		}
		o.byPrefix[prefix] = obj
	}
	o.byName[key] = obj
	o.objects = append(o.objects, obj)
	if permissions, ok := o.object("ObjectPermissions"); ok {
		*permissions = *o.objectPermissions()
	}
	return nil
}

// object finds an object by its name in any case.
func (o *Org) object(name string) (*object, bool) {
	obj, ok := o.byName[strings.ToLower(name)]
	return obj, ok
}

// Entity implements soql.Schema.
func (o *Org) Entity(name string) (*soql.Entity, bool) {
	obj, ok := o.object(name)
	if !ok || !obj.about.Queryable {
		return nil, false
	}
	return obj.entity, true
}
