package soap

import (
	"errors"
	"strconv"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// mostIDs are how many records one call deletes, undeletes or purges.
const mostIDs = 200

// A turn does one thing to a record.
type turn func(e *change.Edit, obj *store.Object, id string) error

// delete puts records into the recycle bin.
func (s *Server) delete(c call) ([]byte, error) {
	return s.turnAll(c, "DeleteResult", (*change.Edit).Delete)
}

// undelete takes records out of the recycle bin.
func (s *Server) undelete(c call) ([]byte, error) {
	return s.turnAll(c, "UndeleteResult", (*change.Edit).Restore)
}

// emptyRecycleBin removes records for good that are in the recycle bin.
func (s *Server) emptyRecycleBin(c call) ([]byte, error) {
	return s.turnAll(c, "EmptyRecycleBinResult", (*change.Edit).EmptyBin)
}

// turnAll does one thing to the records of a list: to each by itself, or to all
// or none where the header says so. It answers with a result for each.
func (s *Server) turnAll(c call, kind string, do turn) ([]byte, error) {
	if len(c.IDs) > mostIDs {
		return nil, reply.Bad("EXCEEDED_ID_LIMIT",
			"record limit reached. cannot submit more than %d records into this call", mostIDs)
	}
	failures := make([]error, len(c.IDs))
	err := s.Ledger.Within(c.Transaction(), c.origin(), func(e *change.Edit) error {
		for i, id := range c.IDs {
			failures[i] = e.Try(func(e *change.Edit) error { return e.Each([]string{id}, s.met(c, e, do)) })
		}
		if c.AllOrNone {
			return errors.Join(failures...)
		}
		return nil
	})
	if err != nil && !c.AllOrNone {
		return nil, err
	}
	dst := []byte(`<` + c.name + `Response>`)
	for i, id := range c.IDs {
		failure := failures[i]
		if err != nil && failure == nil {
			failure = reply.Bad("ALL_OR_NONE_OPERATION_ROLLED_BACK",
				"Record rolled back because not all records were valid and the request was using AllOrNone header")
		}
		dst = appendTurned(dst, kind, id, failure)
	}
	return append(dst, `</`+c.name+`Response>`...), nil
}

// met does a thing to a record unless a fault is scripted for that.
func (s *Server) met(c call, e *change.Edit, do turn) func(obj *store.Object, id string) error {
	return func(obj *store.Object, id string) error {
		if err := c.RecordFault(c.name, obj.Name(), id); err != nil {
			return err
		}
		return do(e, obj, id)
	}
}

// appendTurned writes what became of one record, in the order of the WSDL.
func appendTurned(dst []byte, kind, id string, failure error) []byte {
	dst = append(dst, `<result xsi:type="`+kind+`">`...)
	if failure != nil {
		dst = appendError(dst, reply.OfMany(failure))
	}
	if full, ok := recordid.Full(id); ok && failure == nil {
		dst = append(dst, `<id>`+full+`</id>`...)
	} else {
		dst = append(dst, `<id xsi:nil="true"/>`...)
	}
	return append(dst, `<success>`+strconv.FormatBool(failure == nil)+`</success></result>`...)
}

func appendError(dst []byte, err error) []byte {
	code := "UNKNOWN_EXCEPTION"
	dst = append(dst, `<errors>`...)
	if refusal, ok := errors.AsType[*reply.Refusal](err); ok {
		code = refusal.Code
		for _, field := range refusal.Fields {
			dst = append(dst, `<fields>`+escaped(field)+`</fields>`...)
		}
	}
	return append(dst, `<message>`+escaped(reply.Reason(err))+`</message><statusCode>`+code+
		`</statusCode></errors>`...)
}
