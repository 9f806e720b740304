package redshift

import (
	"slices"
	"strconv"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
)

// A prepared statement. PostgreSQL has it too unless the stand-in does it
// itself.
type prepared struct {
	command *command // nil for an empty one
	there   string   // its name in PostgreSQL, "" where it isn't there
	oids    []uint32
}

// A portal is a statement with its parameters.
type portal struct {
	prepared *prepared
	bind     pgproto3.Bind
	bound    bool // PostgreSQL has it
}

// parse prepares a statement.
func (s *session) parse(m *pgproto3.Parse) error {
	all, err := lex.Split(m.Query)
	if err != nil {
		return err
	}
	if len(all) > 1 {
		return failure.New(failure.Syntax, "cannot insert multiple commands into a prepared statement")
	}
	if err := s.forget(m.Name); err != nil {
		return err
	}
	p := &prepared{oids: slices.Clone(m.ParameterOIDs)}
	if len(all) == 1 {
		p.oids = withTexts(p.oids, all[0])
		if p.command, err = read(all[0]); err != nil {
			return err
		}
		if p.command.local == nil {
			if s.pg.state == 'E' {
				return aborted()
			}
			p.there = "client_" + m.Name
			s.pg.front.Send(&pgproto3.Parse{Name: p.there, Query: p.command.SQL, ParameterOIDs: m.ParameterOIDs})
			if err := s.pg.sync(nowhere); err != nil {
				return err
			}
		}
	}
	s.prepared[m.Name] = p
	s.send(&pgproto3.ParseComplete{})
	return nil
}

// withTexts makes texts of the parameters whose type nobody said.
func withTexts(oids []uint32, s lex.Statement) []uint32 {
	for _, t := range s {
		if t.Kind != lex.Param {
			continue
		}
		if n, err := strconv.Atoi(t.Text[1:]); err == nil && n < 1<<15 && n > len(oids) {
			oids = append(oids, make([]uint32, n-len(oids))...)
		}
	}
	for i := range oids {
		if oids[i] == 0 {
			oids[i] = pgtype.VarcharOID
		}
	}
	return oids
}

// forget drops a prepared statement.
func (s *session) forget(name string) error {
	p := s.prepared[name]
	delete(s.prepared, name)
	if p == nil || p.there == "" {
		return nil
	}
	s.pg.front.Send(&pgproto3.Close{ObjectType: 'S', Name: p.there})
	return s.pg.sync(nowhere)
}

// bind keeps the parameters. PostgreSQL gets them with the first use, when the
// transaction is open.
func (s *session) bind(m *pgproto3.Bind) error {
	p, ok := s.prepared[m.PreparedStatement]
	if !ok {
		return failure.New("26000", `prepared statement "%s" does not exist`, m.PreparedStatement)
	}
	o := &portal{prepared: p, bind: pgproto3.Bind{
		ParameterFormatCodes: slices.Clone(m.ParameterFormatCodes),
		ResultFormatCodes:    slices.Clone(m.ResultFormatCodes),
		Parameters:           make([][]byte, len(m.Parameters)),
	}}
	for i, v := range m.Parameters {
		if v != nil {
			o.bind.Parameters[i] = append([]byte{}, v...)
		}
	}
	s.portals[m.DestinationPortal] = o
	s.send(&pgproto3.BindComplete{})
	return nil
}

// take gives PostgreSQL the portal.
func (s *session) take(name string, o *portal) error {
	if o.bound {
		return nil
	}
	if err := s.begin(); err != nil {
		return err
	}
	there := "client_" + name
	s.pg.front.Send(&pgproto3.Close{ObjectType: 'P', Name: there})
	bind := o.bind
	bind.DestinationPortal, bind.PreparedStatement = there, o.prepared.there
	s.pg.front.Send(&bind)
	if err := s.pg.sync(nowhere); err != nil {
		return err
	}
	o.bound = true
	return nil
}

// describe tells what a statement or a portal takes and gives.
func (s *session) describe(m *pgproto3.Describe) error {
	if m.ObjectType == 'S' {
		p, ok := s.prepared[m.Name]
		if !ok {
			return failure.New("26000", `prepared statement "%s" does not exist`, m.Name)
		}
		if p.there == "" {
			s.send(&pgproto3.ParameterDescription{ParameterOIDs: p.oids})
			s.send(&pgproto3.NoData{})
			return nil
		}
		s.pg.front.Send(&pgproto3.Describe{ObjectType: 'S', Name: p.there})
		return s.pg.sync(s.send)
	}
	o, ok := s.portals[m.Name]
	if !ok {
		return failure.New("34000", `portal "%s" does not exist`, m.Name)
	}
	if o.prepared.there == "" {
		s.send(&pgproto3.NoData{})
		return nil
	}
	if err := s.take(m.Name, o); err != nil {
		return err
	}
	s.pg.front.Send(&pgproto3.Describe{ObjectType: 'P', Name: "client_" + m.Name})
	return s.pg.sync(s.send)
}

// execute does a portal.
func (s *session) execute(m *pgproto3.Execute) error {
	o, ok := s.portals[m.Portal]
	if !ok {
		return failure.New("34000", `portal "%s" does not exist`, m.Portal)
	}
	c := o.prepared.command
	if c == nil {
		s.send(&pgproto3.EmptyQueryResponse{})
		return nil
	}
	if c.local != nil {
		return s.run(c, o.arguments(), withoutShape(s.send))
	}
	if err := s.server.faults.statement(s.ctx); err != nil {
		return err
	}
	if c.Alone != "" && s.pg.state != 'I' && !s.implicit {
		return failure.New(failure.Active, "%s cannot run inside a transaction block", c.Alone)
	}
	if err := s.before(c.Writes); err != nil {
		return err
	}
	if err := s.take(m.Portal, o); err != nil {
		return err
	}
	s.pg.front.Send(&pgproto3.Execute{Portal: "client_" + m.Portal, MaxRows: m.MaxRows})
	if err := s.pg.sync(retag(s.send, c.Tag)); err != nil {
		return err
	}
	if m.MaxRows == 0 { // it has run to its end, and must not hold the tables that it read
		s.pg.front.Send(&pgproto3.Close{ObjectType: 'P', Name: "client_" + m.Portal})
		if err := s.pg.sync(nowhere); err != nil {
			return err
		}
		o.bound = false
	}
	return s.after(c)
}

// arguments are the parameters for what the stand-in does itself.
func (o *portal) arguments() []argument {
	args := make([]argument, len(o.bind.Parameters))
	for i, v := range o.bind.Parameters {
		args[i].value = v
		switch formats := o.bind.ParameterFormatCodes; {
		case len(formats) == 1:
			args[i].binary = formats[0] == 1
		case i < len(formats):
			args[i].binary = formats[i] == 1
		}
		if i < len(o.prepared.oids) {
			args[i].oid = o.prepared.oids[i]
		}
	}
	return args
}

// withoutShape leaves out the description of rows, which Execute doesn't send.
func withoutShape(to emit) emit {
	return func(msg pgproto3.BackendMessage) {
		switch msg.(type) {
		case *pgproto3.RowDescription, *pgproto3.DataRow:
		default:
			to(msg)
		}
	}
}

// close drops a statement or a portal.
func (s *session) close(m *pgproto3.Close) error {
	if m.ObjectType == 'S' {
		if err := s.forget(m.Name); err != nil {
			return err
		}
	} else {
		delete(s.portals, m.Name)
	}
	s.send(&pgproto3.CloseComplete{})
	return nil
}
