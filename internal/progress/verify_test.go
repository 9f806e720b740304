package progress

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"catchment/internal/flow"
	"catchment/internal/status"
	"catchment/internal/verify"
)

// A verify shows which flow it is at, and how many records of it are read.
func TestVerifyIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		screen := NewScreen(&out, terminal)
		began := time.Now()
		v := NewVerify(screen, status.Printer{Talk: screen}.SayOf, func() time.Time { return began },
			[]flow.Flow{{Object: "Account"}, {Object: "Contact"}, {Object: "Lead"}})
		out.same(t, "0 of 3 objects done\n")
		v.Hear(verify.Progress{Flow: "Account", Doing: verify.Asking})
		time.Sleep(time.Second)
		out.same(t, erased(1)+"Account  waiting for Salesforce\n0 of 3 objects done\n")
		v.Hear(verify.Progress{Flow: "Account", Doing: verify.Reading, Records: 5, Of: 10, Known: true})
		time.Sleep(time.Second)
		out.same(t, erased(2)+"Account  reading                 [========>         ]  5 of 10\n"+
			"0 of 3 objects done; 5 records\n")
		v.Ended("Account", nil)
		v.Ended("Contact", errors.New("told elsewhere"))
		time.Sleep(time.Second)
		out.same(t, erased(2)+"1 of 3 objects done, 1 failed; 5 records\n")
		v.Close()
		out.same(t, erased(1))
	})
}

// Elsewhere a comparison of many records says a line now and then.
func TestVerifyTalks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		screen := NewScreen(&out, nil)
		v := NewVerify(screen, status.Printer{Talk: screen}.SayOf, time.Now, []flow.Flow{{Object: "Account"}})
		for n := int64(1); n <= 12; n++ {
			v.Hear(verify.Progress{Flow: "Account", Doing: verify.Reading, Records: n * 1000, Of: 12_000, Known: true})
			time.Sleep(time.Second)
		}
		v.Close()
		out.same(t, "Account: 1,000 of 12,000 records read\nAccount: 11,000 of 12,000 records read\n")
	})
}
