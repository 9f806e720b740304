package wire

import (
	"cmp"
	"net/http"

	"catchment/internal/plan"
	"catchment/internal/platform"
)

// Bounds are how much of an answer is taken. What they are where they say nothing no
// org has ever met: beyond them it isn't Salesforce that answers, or not as it does.
type Bounds struct {
	Header int64 // bytes of the header; 1 MiB where 0, and Salesforce sends some 2 kB
	Answer int64 // bytes of an answer in JSON, unpacked; 64 MiB where 0
	Value  int64 // bytes of what is held of it at once, as a record; platform.ValueAtMost where 0
	Depth  int   // of JSON; 64 where 0, and a record within a composite answer has about 10
	Result int64 // bytes of a page of results, as they come; 4 GiB where 0, and Salesforce ends a page at 1 GB
}

// filled is b with what it leaves out.
func (b Bounds) filled() Bounds {
	return Bounds{
		Header: cmp.Or(b.Header, 1<<20),
		Answer: cmp.Or(b.Answer, 64<<20),
		Value:  cmp.Or(b.Value, platform.ValueAtMost),
		Depth:  cmp.Or(b.Depth, 64),
		Result: cmp.Or(b.Result, 4<<30),
	}
}

// beyond says that an answer is more than is taken of one.
func beyond(format string, args ...any) error {
	return plan.Failf(plan.Fix, plan.NoOrg, format, args...)
}

// headerSize is about how many bytes a header has on the wire.
func headerSize(h http.Header) (n int64) {
	const between = 4 // ": " and the end of the line
	for name, values := range h {
		for _, v := range values {
			n += int64(len(name) + len(v) + between)
		}
	}
	return n
}
