//go:build race

package warehousetest

// Raced tells whether the race detector is on. It makes each test take five
// times as long, and what it looks for is in each of them: so it sees a part,
// and make long runs all of them without it.
const Raced = true
