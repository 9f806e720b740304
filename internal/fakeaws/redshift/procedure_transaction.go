package redshift

import (
	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/plpgsql"
)

const explainAtomic = "Try calling the procedure as a top-level call " +
	"i.e. not from within an explicit transaction block. \n" +
	"Or, if this procedure (or one of its ancestors in the call chain) was created with SET config options, " +
	"recreate the procedure without them."

// inAtomic refuses what would end the transaction of somebody else.
func inAtomic(what string) error {
	f := failure.New("2D000", "%s cannot be invoked from a procedure that is executing in an atomic context.", what)
	f.Hint = explainAtomic
	return f
}

// transaction does COMMIT, ROLLBACK and START TRANSACTION.
func (f *frame) transaction(k plpgsql.Kind) error {
	s := f.s
	name := map[plpgsql.Kind]string{plpgsql.DoCommit: "COMMIT", plpgsql.DoRollback: "ROLLBACK",
		plpgsql.DoStart: "START TRANSACTION"}[k]
	if !f.p.nonatomic {
		if k == plpgsql.DoStart {
			return failure.New(failure.Unsupported,
				"START TRANSACTION is not supported inside a stored procedure that is not NONATOMIC")
		}
		if f.atomic {
			return inAtomic(name)
		}
	}
	if k == plpgsql.DoStart {
		if s.pg.state != 'I' {
			return nil // the one that is open goes on
		}
		return s.pg.query("BEGIN", nowhere)
	}
	s.cursor = nil
	if s.pg.state != 'I' {
		s.implicit = false
		if k == plpgsql.DoRollback {
			if err := s.pg.query("ROLLBACK", nowhere); err != nil {
				return err
			}
		} else if err := s.commit(); err != nil {
			return err
		}
	}
	if f.p.nonatomic {
		return nil
	}
	return s.begin()
}
