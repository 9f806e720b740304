package redshift

import (
	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
	"catchment/internal/fakeaws/redshift/translate"

	"github.com/jackc/pgx/v5/pgproto3"
)

// begin reads BEGIN. Whatever isolation it asks for, the database's is what it
// gets.
func begin(s lex.Statement) (*command, error) {
	tag := "BEGIN"
	if s.Starts("start") {
		tag = "START TRANSACTION"
	}
	i := 1
	for i < len(s) {
		switch rest := s[i:]; {
		case rest[0].Is("work", "transaction", ","), rest.Starts("read", "write"), rest.Starts("read", "only"),
			rest[0].Is("write", "only"):
			i++
		case rest.Starts("isolation", "level") && len(rest) > 2 &&
			rest[2].Is("serializable", "repeatable", "read", "snapshot"):
			i += 3
			if i < len(s) && s[i].Is("read", "committed", "uncommitted") {
				i++
			}
		default:
			return nil, failure.Near(rest[0].Text)
		}
	}
	sql := "BEGIN ISOLATION LEVEL REPEATABLE READ"
	if s.Find(0, "only") >= 0 {
		sql += " READ ONLY"
	}
	return own(tag, func(s *session, _ []argument, to emit) error {
		switch {
		case s.pg.state == 'E':
			return aborted()
		case s.implicit:
			s.implicit = false // what came before in the same message belongs to it
			return nil
		case s.pg.state == 'T':
			to(warning(failure.Active, "there is already a transaction in progress"))
			return nil
		}
		return s.pg.query(sql, nowhere)
	}), nil
}

func commit(s lex.Statement) (*command, error) {
	if len(s) > 1 && !(len(s) == 2 && s[1].Is("work", "transaction")) {
		return nil, failure.Near(s[1].Text)
	}
	return own("", func(s *session, _ []argument, to emit) error {
		if s.pg.state == 'I' || s.implicit {
			to(warning("25P01", "there is no transaction in progress"))
		}
		if s.pg.state == 'I' {
			to(complete("COMMIT"))
			return nil
		}
		s.implicit = false
		tag := "COMMIT"
		if s.pg.state == 'E' {
			tag = "ROLLBACK"
		}
		if err := s.commit(); err != nil {
			return err
		}
		to(complete(tag))
		return nil
	}), nil
}

func rollback(s lex.Statement) (*command, error) {
	if len(s) > 1 && !(len(s) == 2 && s[1].Is("work", "transaction")) {
		return nil, translate.Unsupported(s) // ROLLBACK TO SAVEPOINT
	}
	return own("ROLLBACK", func(s *session, _ []argument, to emit) error {
		if s.pg.state == 'I' {
			to(warning("25P01", "there is no transaction in progress"))
			return nil
		}
		s.implicit = false
		return s.pg.query("ROLLBACK", nowhere)
	}), nil
}

// truncate commits what came before and itself, and can't be taken back.
func truncate(s lex.Statement) (*command, error) {
	i := 1
	if s.Starts("truncate", "table") {
		i = 2
	}
	t, end, err := s.ReferenceAt(i)
	if err != nil {
		return nil, err
	}
	if end < len(s) { // several tables, CASCADE, RESTART IDENTITY
		return nil, failure.Near(s[end].Text)
	}
	return own("TRUNCATE", func(s *session, _ []argument, to emit) error {
		if s.pg.state == 'E' {
			return aborted()
		}
		if s.pg.state == 'I' {
			if err := s.pg.query("BEGIN", nowhere); err != nil {
				return err
			}
		}
		s.implicit = false
		if err := s.pg.query("TRUNCATE TABLE "+t.String(), nowhere); err != nil {
			return err
		}
		return s.commit()
	}), nil
}

func complete(tag string) *pgproto3.CommandComplete {
	return &pgproto3.CommandComplete{CommandTag: []byte(tag)}
}

func warning(code, text string) *pgproto3.NoticeResponse {
	return &pgproto3.NoticeResponse{Severity: "WARNING", Code: code, Message: text}
}

func info(text string) *pgproto3.NoticeResponse {
	return &pgproto3.NoticeResponse{Severity: "INFO", Code: "00000", Message: text}
}

func aborted() error {
	return failure.New(failure.Aborted,
		"current transaction is aborted, commands ignored until end of transaction block")
}

// retag tells the client another tag than PostgreSQL's.
func retag(to emit, tag string) emit {
	if tag == "" {
		return to
	}
	return func(msg pgproto3.BackendMessage) {
		if _, ok := msg.(*pgproto3.CommandComplete); ok {
			msg = complete(tag)
		}
		to(msg)
	}
}
