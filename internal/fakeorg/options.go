package fakeorg

import (
	"cmp"
	"io"
	"slices"
	"time"

	"catchment/internal/fakeorg/bulk"
	"catchment/internal/fakeorg/chance"
	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/events"
	"catchment/internal/fakeorg/generate"
	"catchment/internal/fakeorg/login"
	"catchment/internal/fakeorg/rest"
	"catchment/internal/fakeorg/standard"
	"catchment/internal/fakeorg/usage"
)

// Options says what kind of org New makes. Everything but Clock may be left
// zero.
type Options struct {
	Seed        uint64        // the org's Id comes from it, and its secrets and tokens
	Random      io.Reader     // secrets and tokens come from here instead, where it is set
	Clock       *Clock        // the org's own time
	SessionLife time.Duration // how long an access token works; two hours
	JobLatency  time.Duration // from the creation of a Bulk job to its end; none
	JobChunks   int           // parts of a Bulk job that are read at moments of their own; 4
	PageRecords int           // records of a Bulk result page at most; 100,000
	Plain       bool          // answers are never packed, whatever the client takes

	ClientID, ClientSecret string // made from the seed where empty
	Username, Password     string
	App                    App // how clients may log in

	NewestVersion    int      // of the API; 68
	DailyAPIRequests int      // calls in 24 hours; 100,000
	DailyQueryJobs   int      // Bulk query jobs in 24 hours; 10,000
	DailyResultMB    int      // megabytes of Bulk query results in 24 hours; 976,562, a terabyte
	MaxChangedIDs    int      // Ids that getUpdated and getDeleted may answer; 600,000
	Restricted       bool     // the user may not see everything
	NoQueryAllFiles  bool     // the user lacks Query All Files, as administrators do who haven't asked for it
	LinkFields       bool     // links that are named by Ids may be asked for by their other fields, too
	SeesAll          []string // objects whose records a restricted user sees all the same
	Sandbox          bool     // the org says that it is a sandbox
	NotInBulk        []string // objects that the Bulk API refuses
	NotInComposite   []string // what of an object composite requests refuse: describe, updated, deleted
	DeleteLog        int      // records of an object that getDeleted remembers; all

	MultiCurrency  bool // generated records carry a CurrencyIsoCode
	RecordTypes    bool // generated Accounts and Opportunities have record types
	PersonAccounts bool // an Account that is created with a LastName is a person
	HardDelete     bool // the user may delete for good by Bulk
	SetAuditFields bool // CreatedDate and its like can be written on create, of the objects that Salesforce lists
	InactiveOwners bool // records can be created for owners who aren't active
	QuietCascades  bool // records that go or come back with their parent keep their stamps
	QuietUndeletes bool // a record taken out of the recycle bin keeps its stamp
	QuietMerges    bool // children that a merge gives another parent keep their stamps
	StandardDelete bool // generated lookups take along, stand against or are emptied as Salesforce's own are
	QuietClears    bool // a record of which a lookup is emptied, because its parent went, keeps its stamp
	Ranges         bool // a part of a file's body can be asked for, of which Salesforce's guides say nothing

	PubSub bool          // records that change are published as events, and kept for who subscribes
	Events events.Limits // how many, where they are

	MostAlong     int           // a delete that takes so many records along is too large; 100,000
	DataStorageMB int           // what records may take; 10,240. The recycle bin holds 25 records for each
	FileStorageMB int           // what files may take; 10,240
	StorageEvery  time.Duration // how old what the limits say of both may be; an hour
	LongestUpload int64         // bytes of a file; 2 GB for a ContentVersion and 500 MB for others, as in Salesforce
}

// binnedPerMB is how many records the recycle bin holds for each megabyte of storage.
const binnedPerMB = 25

// orgName is what the org calls itself.
const orgName = "Catchment Test Org"

// withDefaults fills in what was left zero.
func (options Options) withDefaults() Options {
	options.SessionLife = cmp.Or(options.SessionLife, 2*time.Hour)
	options.JobChunks = cmp.Or(options.JobChunks, 4)
	options.PageRecords = cmp.Or(options.PageRecords, 100_000)
	options.DailyAPIRequests = cmp.Or(options.DailyAPIRequests, 100_000)
	options.DailyQueryJobs = cmp.Or(options.DailyQueryJobs, 10_000)
	options.DailyResultMB = cmp.Or(options.DailyResultMB, 976_562)
	options.MaxChangedIDs = cmp.Or(options.MaxChangedIDs, 600_000)
	options.DataStorageMB = cmp.Or(options.DataStorageMB, 10_240)
	options.FileStorageMB = cmp.Or(options.FileStorageMB, 10_240)
	options.StorageEvery = cmp.Or(options.StorageEvery, time.Hour)
	options.MostAlong = cmp.Or(options.MostAlong, 100_000)
	return options
}

func (options Options) features(birth time.Time) generate.Features {
	return generate.Features{
		MultiCurrency: options.MultiCurrency, RecordTypes: options.RecordTypes, PersonAccounts: options.PersonAccounts,
		StandardDelete: options.StandardDelete, Since: birth,
	}
}

func (options Options) rules() change.Rules {
	return change.Rules{
		SetAuditFields: options.SetAuditFields, InactiveOwners: options.InactiveOwners,
		QuietCascades:  options.QuietCascades,
		QuietUndeletes: options.QuietUndeletes, QuietMerges: options.QuietMerges, QuietClears: options.QuietClears,
		MostAlong: options.MostAlong, MostBinned: binnedPerMB * options.DataStorageMB,
	}
}

// follows tells whether the user may follow the changes of an object's records, which needs to see all of them.
func (options Options) follows(entity string) bool {
	return !options.Restricted || slices.Contains(options.SeesAll, entity)
}

func (options Options) daily() usage.Daily {
	return usage.Daily{Requests: options.DailyAPIRequests, Jobs: options.DailyQueryJobs,
		ResultMB: options.DailyResultMB}
}

func (options Options) storage(taken func() (data, files int)) usage.Storage {
	return usage.Storage{DataMB: options.DataStorageMB, FileMB: options.FileStorageMB, Taken: taken}
}

func (options Options) bulk() bulk.Options {
	return bulk.Options{
		Clock: options.Clock, Latency: options.JobLatency, Chunks: options.JobChunks, PageRecords: options.PageRecords,
		Unsupported: options.NotInBulk, HardDelete: options.HardDelete,
	}
}

// secrets is where secrets come from. dice are those of the seed.
func (options Options) secrets(dice *chance.Dice) *chance.Dice {
	if options.Random != nil {
		return chance.Drawn(options.Random)
	}
	return dice
}

func (options Options) login(org string, d *chance.Dice) login.Options {
	return login.Options{
		Clock: options.Clock, Org: org, Name: orgName, Sandbox: options.Sandbox,
		SessionLife: options.SessionLife, App: options.App, Dice: d,
		Credentials: Credentials{
			ClientID: options.ClientID, ClientSecret: options.ClientSecret,
			Username: options.Username, Password: options.Password,
		},
	}
}

func (options Options) setup(org string, birth time.Time) standard.Setup {
	return standard.Setup{
		ID: org, Name: orgName, Birth: birth, Sandbox: options.Sandbox, Restricted: options.Restricted,
		SeesAll: options.SeesAll, HardDelete: options.HardDelete, AllFiles: options.allFiles(),
		SetAuditFields: options.SetAuditFields, InactiveOwners: options.InactiveOwners,
	}
}

// allFiles tells whether the user has Query All Files, which needs View All Data.
func (options Options) allFiles() bool { return !options.Restricted && !options.NoQueryAllFiles }

func (options Options) records() rest.RecordOptions {
	return rest.RecordOptions{Ranges: options.Ranges, LongestUpload: options.LongestUpload}
}

func (options Options) replication(birth time.Time) rest.ReplicationOptions {
	return rest.ReplicationOptions{Birth: birth, MaxChangedIDs: options.MaxChangedIDs, DeleteLog: options.DeleteLog}
}
