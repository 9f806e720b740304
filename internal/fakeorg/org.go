package fakeorg

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Options says what kind of org New makes. Everything but Clock may be left
// zero.
type Options struct {
	Seed        uint64        // secrets, tokens and the org's Id come from it
	Clock       *Clock        // the org's own time
	SessionLife time.Duration // how long an access token works; two hours
	JobLatency  time.Duration // from the creation of a Bulk job to its end; none
	JobChunks   int           // parts of a Bulk job that are read at moments of their own; 4
	PageRecords int           // records of a Bulk result page at most; 100,000
	Plain       bool          // answers are never packed, whatever the client takes

	ClientID, ClientSecret string // made from the seed where empty
	Username, Password     string
	App                    App // how clients may log in

	DailyAPIRequests int      // calls in 24 hours; 100,000
	DailyQueryJobs   int      // Bulk query jobs in 24 hours; 10,000
	DailyResultMB    int      // megabytes of Bulk query results in 24 hours; 976,562, a terabyte
	MaxChangedIDs    int      // Ids that getUpdated and getDeleted may answer; 600,000
	Restricted       bool     // the user may not see everything
	SeesAll          []string // objects whose records a restricted user sees all the same
	Sandbox          bool     // the org says that it is a sandbox
	NotInBulk        []string // objects that the Bulk API refuses
	NotInComposite   []string // what of an object composite requests refuse: describe, updated, deleted
	DeleteLog        int      // records of an object that getDeleted remembers; all

	MultiCurrency  bool // generated records carry a CurrencyIsoCode
	RecordTypes    bool // generated Accounts and Opportunities have record types
	PersonAccounts bool // an Account that is created with a LastName is a person
	HardDelete     bool // the user may delete for good by Bulk
	SetAuditFields bool // CreatedDate and its like can be written on create
	QuietCascades  bool // records that go or come back with their parent keep their stamps
	QuietUndeletes bool // a record taken out of the recycle bin keeps its stamp
	QuietMerges    bool // children that a merge gives another parent keep their stamps
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

	schema  atomic.Pointer[catalog]
	writing sync.Mutex // held by whoever changes the schema or records; guards the four below it
	open    []*Transaction
	begun   int // transactions
	locks   map[rowKey]*Transaction
	aging   []binned
	mu      sync.RWMutex // guards commit and the histories of the objects
	commit  uint64

	sessions *sessions
	cursors  cursors
	jobs     jobs
	ingests  ingests
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
		id:    makeID("00D", 1+d.below(1_000_000_000)),
		locks: map[rowKey]*Transaction{},
	}
	o.schema.Store(&catalog{byName: map[string]*object{}, byPrefix: map[string]*object{}, changed: o.birth})
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
	options.JobChunks = orDefault(options.JobChunks, 4)
	options.PageRecords = orDefault(options.PageRecords, 100_000)
	options.DailyAPIRequests = orDefault(options.DailyAPIRequests, 100_000)
	options.DailyQueryJobs = orDefault(options.DailyQueryJobs, 10_000)
	options.DailyResultMB = orDefault(options.DailyResultMB, 976_562)
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

// Objects returns the names of the objects that the user sees, setup included.
func (o *Org) Objects() []string {
	var names []string
	for _, obj := range o.catalog().shown() {
		names = append(names, obj.name())
	}
	return names
}
