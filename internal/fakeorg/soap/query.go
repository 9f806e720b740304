package soap

import (
	"strconv"
	"strings"

	"catchment/internal/fakeorg/encode"
	"catchment/internal/fakeorg/query"
	"catchment/internal/fakeorg/store"
)

// The records of an answer, where the client doesn't say how many it wants,
// and the bounds of what it may want.
const (
	usualBatch    = 500
	smallestBatch = 200
	largestBatch  = 2000
)

// batch is how many records the client gets at once.
func (c call) batch() int {
	if c.BatchSize == 0 {
		return usualBatch
	}
	return min(max(c.BatchSize, smallestBatch), largestBatch)
}

// origin is by what the call changes records, as change events name it.
func (c call) origin() string { return "com/salesforce/api/soap/" + strconv.Itoa(c.version()) + ".0" }

// version is that of the API, such as 66; it has been checked.
func (c call) version() int {
	number, _ := strconv.Atoi(strings.TrimSuffix(c.PathValue("number"), ".0"))
	return number
}

// query answers with the first records of a statement.
func (s *Server) query(c call) ([]byte, error) {
	q, err := s.Asker.In(c.version()).Ask(c.QueryString, c.name == "queryAll")
	if err != nil {
		return nil, err
	}
	r, err := query.Answer(c.Context(), s.Store.Now(), q, query.At(s.Clock.Now()))
	if err != nil {
		return nil, err
	}
	switch {
	case q.Bound.Count:
		return s.page(c, spot{Result: r, until: 0})
	case q.Bound.Grouped:
		return s.page(c, spot{Result: r, until: r.Total})
	}
	at := spot{Result: r, until: min(c.batch(), r.Total)}
	if at.until < r.Total {
		at.next = query.Locator(s.Cursors.Add(r, s.Clock.Now()), at.until)
	}
	return s.page(c, at)
}

// queryMore reads on.
func (s *Server) queryMore(c call) ([]byte, error) {
	from, err := s.Cursors.Find(c.Locator, s.Clock.Now())
	if err != nil {
		return nil, err
	}
	at := spot{Result: from.Result, from: from.From, until: min(from.From+c.batch(), from.Total)}
	if at.until < at.Total {
		at.next = query.Locator(from.Name, at.until)
	}
	return s.page(c, at)
}

// A spot is a part of an answer, and the locator of what follows it.
type spot struct {
	*query.Result
	from, until int
	next        string
}

// page writes a part of an answer.
func (s *Server) page(c call, at spot) ([]byte, error) {
	dst := []byte(`<` + c.name + `Response><result xsi:type="QueryResult"><done>` +
		strconv.FormatBool(at.next == "") + `</done>`)
	if at.next == "" {
		dst = append(dst, `<queryLocator xsi:nil="true"/>`...)
	} else {
		dst = append(dst, `<queryLocator>`+at.next+`</queryLocator>`...)
	}
	rows := encode.NewXML(at.Result)
	if at.Bound.Grouped {
		for _, g := range at.Groups {
			dst = rows.AppendGroup(dst, at.Result, g)
		}
	} else {
		err := at.Each(c.Context(), at.from, at.until-at.from, func(r *store.Row) bool {
			dst = rows.AppendRow(dst, r)
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	dst = append(dst, `<size>`...)
	dst = strconv.AppendInt(dst, int64(at.Total), 10)
	return append(dst, `</size></result></`+c.name+`Response>`...), nil
}
