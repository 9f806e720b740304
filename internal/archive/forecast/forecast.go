// Package forecast works out what a plan would free in Salesforce, what that is worth, and what it costs:
// storage, money, calls, days, and room in the recycle bin.
//
// It asks nobody: who plans has counted. Start at Bytes and Of.
package forecast

import (
	"math"

	"catchment/internal/policy"
	"catchment/internal/schema"
)

// Bytes is what records of an object take of an org's data storage. content is how long the texts are of
// those that take what they say.
func Bytes(object string, records, content int64) int64 {
	each, known := schema.StorageBytes(object)
	if !known {
		return content
	}
	return each * records
}

// Measured tells whether an object's records take what they say.
func Measured(object string) bool {
	_, known := schema.StorageBytes(object)
	return !known
}

// A Group is the records of one object that go, and how many bodies they have that the org has to
// give once more, since it knows no checksum of them.
type Group struct {
	Records int64
	Bodies  int64
	Along   bool // they aren't deleted by themselves
}

// perBatch is how many records a plan deletes before it proves what became of them.
const perBatch = 2000

// Calls that one batch takes, about: a job is made, filled, closed, polled twice, its three results are taken
// and it is dropped.
const callsPerJob = 9

// perCall is how many records one call reads by their Ids, and perQuery how many a query finds in the bin.
const (
	perCall  = 2000
	perQuery = 180
)

// Calls is about how many calls of the API it takes to prove, delete and prove again: each record is read
// twice before its delete and looked up in the bin after it, where it has no body any more.
func Calls(groups []Group) int64 {
	var calls int64
	for _, g := range groups {
		calls += 2*ceil(g.Records, perCall) + ceil(g.Records, perQuery) + 2*g.Bodies
		if !g.Along {
			calls += callsPerJob * ceil(g.Records, perBatch)
		}
	}
	return calls
}

// Days is how many days the deletes take, at so many a day; 0 is any number.
func Days(records, perDay int64) int {
	switch {
	case records == 0:
		return 0
	case perDay <= 0:
		return 1
	}
	return int(min(ceil(records, perDay), math.MaxInt32))
}

// binDays is how long the recycle bin keeps a record, and binPerMB how many it holds for each megabyte of
// the org's storage (Salesforce Help, "View, Restore, and Manage the Recycle Bin").
const (
	binDays  = 15
	binPerMB = 25
)

// Bin is how many records the recycle bin holds at most while a plan is carried out, beside those that are
// in it now.
func Bin(now, records, perDay int64) int64 {
	if perDay > 0 && perDay <= records/binDays {
		records = perDay * binDays
	}
	return now + records
}

// BinRoom is how many records the bin of an org with so many megabytes of storage holds.
func BinRoom(dataMB int64) int64 { return binPerMB * dataMB }

// Money is what some storage costs a month, in the currency of a price.
func Money(data, files int64, price policy.Price) float64 {
	const gb = 1 << 30
	sum := float64(data)/gb*price.DataGBMonth + float64(files)/gb*price.FileGBMonth
	return math.Round(sum*100) / 100
}

func ceil(n, by int64) int64 { return (n + by - 1) / by }
