package control

// For the tests, which stand outside since sqlite imports this package.
var (
	Claim      = claim
	Migrate    = migrate
	Migrations = migrations
)

type Migration = migration
