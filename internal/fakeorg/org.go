package fakeorg

import (
	"errors"
	"net/http"
	"time"
)

// An Org is a fake Salesforce org. It is an http.Handler and safe for use by
// many at a time. Its records and its schema are changed by methods too.
type Org struct {
	*recordAdmin
	*schemaAdmin

	id       string
	seed     uint64
	birth    time.Time
	features Features
	plain    bool

	clock   *Clock
	store   *store
	ledger  *ledger
	login   *loginServer
	usage   *usage
	faults  *faults
	zips    zippers
	ingests *ingests
	routes  *http.ServeMux
}

// New makes an org that has only its setup: the Organization and what the user
// may see. Records come from Generate or LoadDir, before the org is served.
func New(options Options) (*Org, error) {
	if options.Clock == nil {
		return nil, errors.New("new fake org: no clock")
	}
	options = options.withDefaults()
	d := newDice(mix(options.Seed ^ 0x0c7a))
	o := &Org{
		id: makeID("00D", 1+d.below(1_000_000_000)), seed: options.Seed, plain: options.Plain,
		birth: options.Clock.Now().Truncate(time.Second), features: options.features(), clock: options.Clock,
		usage: newUsage(options.Clock, options.daily()), faults: &faults{},
	}
	o.login = newLogin(options.login(o.id, d))
	o.store = newStore(o.birth)
	asker := newAsker(o.store, options.Restricted)
	ids := &jobIDs{}
	queries := newJobs(o.store, o.clock, asker, o.usage, ids, options.bulk())
	setup := options.setup(o.id, o.birth)
	o.ledger = newLedger(o.store, o.clock, options.rules(), hooks{
		Reformed:  func(next *catalog) error { return next.renew(setup.objectPermissions(next.shown())) },
		Committed: func() { queries.startJobs() },
	})
	o.ingests = newIngests(o.store, o.clock, o.ledger, ids, options.bulk())
	o.recordAdmin, o.schemaAdmin = newRecordAdmin(o.ledger), newSchemaAdmin(o.ledger)
	o.newRoutes(options, asker, queries)
	for _, obj := range setup.objects() {
		if err := o.ledger.add(obj); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// Credentials returns what a client needs to log in.
func (o *Org) Credentials() Credentials { return o.login.credentials() }

// ID returns the org's Id, 18 characters.
func (o *Org) ID() string { return o.id }

// Clock returns the org's clock.
func (o *Org) Clock() *Clock { return o.clock }

// Objects returns the names of the objects that the user sees, setup included.
func (o *Org) Objects() []string {
	var names []string
	for _, obj := range o.store.catalog().shown() {
		names = append(names, obj.name())
	}
	return names
}

// ExpireSessions ends all sessions at once.
func (o *Org) ExpireSessions() { o.login.expireSessions() }

// RevokeRefreshTokens takes back what the user consented to, as an
// administrator does in Setup, and ends the sessions that came from it.
func (o *Org) RevokeRefreshTokens() { o.login.revokeRefreshTokens() }

// Fault adds a rule. Of several that match, the first is followed.
func (o *Org) Fault(rule Rule) { o.faults.add(rule) }

// ClearFaults removes all rules.
func (o *Org) ClearFaults() { o.faults.clear() }

// Faults returns the rules in force, with how often each has matched.
func (o *Org) Faults() []Rule { return o.faults.all() }

// Requests tells how many requests of each kind the org has had: login, query,
// query-more, describe, describe-global, updated, deleted, record, job,
// results, result-pages, limits, and so on.
func (o *Org) Requests() map[string]int { return o.usage.requests() }

// ForgetRequests sets the counters of Requests back.
func (o *Org) ForgetRequests() { o.usage.forget() }
