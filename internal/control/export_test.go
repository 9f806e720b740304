package control

// For the tests, which stand outside since sqlite imports this package.
var (
	AttemptStates = attemptStates
	Claim         = claim
	Migrate       = migrate
	Migrations    = migrations
	RunStates     = runStates
)

const (
	LeaseTime   = leaseTime
	StepsAtMost = stepsAtMost
)

type Migration = migration
