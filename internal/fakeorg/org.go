package fakeorg

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"catchment/internal/fakeorg/admin"
	"catchment/internal/fakeorg/bulk"
	"catchment/internal/fakeorg/chance"
	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/events"
	"catchment/internal/fakeorg/faults"
	"catchment/internal/fakeorg/generate"
	"catchment/internal/fakeorg/login"
	"catchment/internal/fakeorg/pubsub"
	"catchment/internal/fakeorg/query"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/storage"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/usage"
	"catchment/internal/fakeorg/web"
)

// An Org is a fake Salesforce org. It is an http.Handler and safe for use by
// many at a time. Its records and its schema are changed by methods too.
type Org struct {
	*admin.Records
	*admin.Schema

	id       string
	seed     uint64
	birth    time.Time
	features generate.Features
	world    *generate.World
	plain    bool

	clock    *Clock
	store    *store.Store
	ledger   *change.Ledger
	login    *login.Server
	guard    *admin.Guard
	usage    *usage.Meter
	faults   *faults.Rules
	zips     web.Zippers
	versions *web.Versions
	pubsub   *pubsub.Server // nil where nobody asked for one
	ingests  *bulk.Ingests
	routes   *http.ServeMux
}

// New makes an org that has only its setup: the Organization and what the user
// may see. Records come from Generate or LoadDir, before the org is served.
func New(options Options) (*Org, error) {
	if options.Clock == nil {
		return nil, errors.New("new fake org: no clock")
	}
	versions, err := web.NewVersions(options.NewestVersion)
	if err = errors.Join(err, options.App.Check()); err != nil {
		return nil, fmt.Errorf("new fake org: %w", err)
	}
	options = options.withDefaults()
	dice := chance.New(chance.Mix(options.Seed ^ 0x0c7a))
	birth := options.Clock.Now().Truncate(time.Second)
	o := &Org{
		id: recordid.New("00D", 1+dice.Below(1_000_000_000)), seed: options.Seed, plain: options.Plain,
		birth: birth, features: options.features(birth), clock: options.Clock,
		faults: &faults.Rules{}, versions: versions,
	}
	secrets := options.secrets(dice)
	o.login, o.guard = login.New(options.login(o.id, secrets)), admin.NewGuard(secrets)
	o.store = store.New(birth)
	taken := storage.New(o.store, o.clock, options.StorageEvery)
	o.usage = usage.New(o.clock, options.daily(), options.storage(taken.Taken))
	rights := query.Rights{AllFiles: options.allFiles(), LinkFields: options.LinkFields}
	asker := query.NewAsker(o.store, rights)
	ids := &bulk.IDs{}
	queries := bulk.NewQueries(o.store, asker, o.usage, ids, options.bulk())
	setup := options.setup(o.id, birth)
	hooks := change.Hooks{
		Reforming: func(next *store.Catalog) error { return next.Renew(setup.ObjectPermissions(next.Shown())) },
		Committing: func() {
			queries.StartJobs()
			taken.Look()
		},
	}
	if options.PubSub {
		bus := events.New(o.store, o.clock, options.Seed, options.Events)
		hooks.Committed = bus.Publish
		o.pubsub = pubsub.New(bus, o.store, o.clock, options.Seed)
		o.pubsub.Org, o.pubsub.Works, o.pubsub.May = o.id, o.login.Works, options.follows
	}
	o.ledger = change.New(o.store, o.clock, options.rules(), hooks)
	o.ingests = bulk.NewIngests(o.store, o.ledger, o.faults, ids, options.bulk())
	o.Records, o.Schema = admin.NewRecords(o.ledger), admin.NewSchema(o.ledger)
	o.newRoutes(options, asker, queries)
	for _, obj := range setup.Objects() {
		if err := o.ledger.Add(obj); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// Credentials returns what a client needs to log in.
func (o *Org) Credentials() Credentials { return o.login.Credentials() }

// ID returns the org's Id, 18 characters.
func (o *Org) ID() string { return o.id }

// Clock returns the org's clock.
func (o *Org) Clock() *Clock { return o.clock }

// PubSub is the org's Pub/Sub API, or nil where Options didn't ask for one.
func (o *Org) PubSub() *pubsub.Server { return o.pubsub }

// Objects returns the names of the objects that the user sees, setup included.
func (o *Org) Objects() []string {
	var names []string
	for _, obj := range o.store.Catalog().Shown() {
		names = append(names, obj.Name())
	}
	return names
}

// GuardAdmin lets nobody use the admin API without the token that it returns: for
// an org that others than this machine reach. It is called before the org is served.
func (o *Org) GuardAdmin() (token string) { return o.guard.Close() }

// ExpireSessions ends all sessions at once.
func (o *Org) ExpireSessions() { o.login.ExpireSessions() }

// RevokeRefreshTokens takes back what the user consented to, as an
// administrator does in Setup, and ends the sessions that came from it.
func (o *Org) RevokeRefreshTokens() { o.login.RevokeRefreshTokens() }

// Fault adds a rule. Of several that match, the first is followed.
func (o *Org) Fault(rule Rule) { o.faults.Add(rule) }

// ClearFaults removes all rules.
func (o *Org) ClearFaults() { o.faults.Clear() }

// Faults returns the rules in force, with how often each has matched.
func (o *Org) Faults() []Rule { return o.faults.All() }

// Requests tells how many requests of each kind the org has had: login, query,
// query-more, describe, describe-global, updated, deleted, record, job,
// results, result-pages, limits, search, soap, and so on.
func (o *Org) Requests() map[string]int { return o.usage.Requests() }

// Writes tells how many requests the org has had to change records, whatever became of
// them: "DELETE collection", "POST ingest", "SOAP undelete", and so on.
func (o *Org) Writes() map[string]int { return o.usage.Writes() }
