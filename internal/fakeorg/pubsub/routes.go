package pubsub

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"catchment/internal/fakeorg/events"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// Routes are the test's own ways in: what was published, and what is selected, limited and spoilt.
func (s *Server) Routes() map[string]web.Resource {
	return map[string]web.Resource{
		"/_org/events": {Kind: web.Admin, Open: true, Methods: web.Methods{"GET": s.told, "POST": s.change}},
		"/_org/events/faults": {Kind: web.Admin, Open: true,
			Methods: web.Methods{"GET": s.listFaults, "POST": s.addFaults}},
	}
}

// told lists events that were published: ?after=REPLAYID&limit=n.
func (s *Server) told(w http.ResponseWriter, c *web.Call) error {
	query := c.URL.Query()
	after, most := uint64(0), 1000
	if text := query.Get("after"); text != "" {
		id, err := hex.DecodeString(text)
		number, ok := events.ParseReplayID(id)
		if err != nil || !ok {
			return reply.Bad("INVALID_ARGUMENT_TYPE", "after must be a replay Id, as hexadecimal digits")
		}
		after = number
	}
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return reply.Bad("INVALID_ARGUMENT_TYPE", "limit must be a number of events")
		}
		most = n
	}
	reply.JSON(w, http.StatusOK, s.Bus.Told(after, most))
	return nil
}

// asked is what the admin API takes.
type asked struct {
	Do       string   `json:"do"`
	Entities []string `json:"entities"`
	Name     string   `json:"name"`
	Entity   string   `json:"entity"`
	Type     string   `json:"type"`
	IDs      []string `json:"ids"`

	RetentionSeconds   float64 `json:"retentionSeconds"`
	Kept               int     `json:"kept"`
	MostEntities       int     `json:"mostEntities"`
	TransactionChanges int     `json:"transactionChanges"`
	DailyEvents        int     `json:"dailyEvents"`

	KeepaliveSeconds   float64 `json:"keepaliveSeconds"`
	IdleSeconds        float64 `json:"idleSeconds"`
	PermissionsSeconds float64 `json:"permissionsSeconds"`
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func (s *Server) change(w http.ResponseWriter, c *web.Call) error {
	var a asked
	decoder := json.NewDecoder(c.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&a); err != nil {
		return reply.Bad("JSON_PARSER_ERROR", "%v", err)
	}
	if err := s.do(a); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) do(a asked) error {
	switch a.Do {
	case "select":
		return s.Bus.Select(a.Entities...)
	case "add-channel":
		return s.Bus.AddChannel(a.Name, a.Entities...)
	case "gap":
		typ, ok := events.ParseGap(a.Type)
		if !ok {
			return reply.Bad("INVALID_ARGUMENT_TYPE", "type must be GAP_UPDATE or another of its kind, not %q", a.Type)
		}
		return s.Bus.Gap(a.Entity, typ, a.IDs...)
	case "limits":
		s.Bus.SetLimits(events.Limits{
			Retention: seconds(a.RetentionSeconds), Kept: a.Kept, Entities: a.MostEntities,
			TransactionChanges: a.TransactionChanges, DailyEvents: a.DailyEvents,
		})
		return nil
	case "timing":
		s.SetTiming(Timing{seconds(a.KeepaliveSeconds), seconds(a.IdleSeconds), seconds(a.PermissionsSeconds)})
		return nil
	}
	return reply.Bad("INVALID_ARGUMENT_TYPE", "do must be select, add-channel, gap, limits or timing, not %q", a.Do)
}

// addFaults adds the rules of a list; an empty one clears them all.
func (s *Server) addFaults(w http.ResponseWriter, c *web.Call) error {
	var all []Rule
	decoder := json.NewDecoder(c.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&all); err != nil {
		return reply.Bad("JSON_PARSER_ERROR", "%v", err)
	}
	if len(all) == 0 {
		s.ClearFaults()
	}
	if err := s.Fault(all...); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) listFaults(w http.ResponseWriter, _ *web.Call) error {
	reply.JSON(w, http.StatusOK, s.rules.All())
	return nil
}
