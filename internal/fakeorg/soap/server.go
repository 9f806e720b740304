// Package soap answers the partner SOAP API as far as clients use it to log in,
// to read and to describe: login, logout, getUserInfo, getServerTimestamp, query,
// queryAll, queryMore, describeGlobal, describeSObject and describeSObjects; and to
// delete, undelete and emptyRecycleBin. What else writes isn't there. A session is
// one of login, or an access token of OAuth.
package soap

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/login"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/query"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/usage"
	"catchment/internal/fakeorg/web"
)

// Server answers SOAP calls. Cursors are those of REST: a locator is good for both.
type Server struct {
	Login   *login.Server
	Store   *store.Store
	Ledger  *change.Ledger
	Clock   *orgtime.Clock
	Asker   *query.Asker
	Cursors *query.Cursors
	Usage   *usage.Meter

	CheckVersion func(version string) error // refuses one that the org doesn't have
}

// Routes are the ways in.
func (s *Server) Routes() map[string]web.Resource {
	all := web.Resource{Kind: "soap", Open: true, Methods: web.Post(s.answer)}
	return map[string]web.Resource{"/services/Soap/u/{number}": all, "/services/Soap/u/{number}/{org}": all}
}

// An operation answers a call of one name: what stands in the body.
type operation func(c call) ([]byte, error)

func (s *Server) operations() map[string]operation {
	return map[string]operation{
		"logout":             s.logout,
		"getUserInfo":        s.userInfo,
		"getServerTimestamp": s.timestamp,
		"query":              s.query,
		"queryAll":           s.query,
		"queryMore":          s.queryMore,
		"describeGlobal":     s.describeGlobal,
		"describeSObject":    s.describe,
		"describeSObjects":   s.describe,
		"delete":             s.delete,
		"undelete":           s.undelete,
		"emptyRecycleBin":    s.emptyRecycleBin,
	}
}

// newestLogin is the last version that login was there in: it was never
// carried over to 65.0.
const newestLogin = 64

func (s *Server) answer(w http.ResponseWriter, r *web.Call) error {
	c, err := readCall(r)
	if err != nil {
		return refuse(w, err)
	}
	if err := s.checkVersion(c); err != nil {
		return refuse(w, err)
	}
	if c.name == "login" {
		inside, err := s.enter(c)
		if err != nil {
			return refuse(w, err)
		}
		return write(w, "", inside)
	}
	if r.Fault != nil && r.Fault.ExpireSession {
		s.Login.Leave(c.Session)
	}
	if !s.Login.Works(c.Session) {
		return refuse(w, reply.Bad("INVALID_SESSION_ID",
			"Invalid Session ID found in SessionHeader: Illegal Session"))
	}
	do := s.operations()[c.name]
	if do == nil {
		return refuse(w, clientFault("No operation available for request {"+partner+"}"+c.name))
	}
	if slices.Contains([]string{"delete", "undelete", "emptyRecycleBin"}, c.name) {
		s.Usage.CountWrite("SOAP " + c.name)
	}
	if err := s.Usage.Charge(w); err != nil {
		return refuse(w, err)
	}
	inside, err := do(c)
	if err != nil {
		return refuse(w, err)
	}
	return write(w, s.limitHeader(), inside)
}

// checkVersion refuses a version that the API doesn't have, and one that has
// no login where that is asked for.
func (s *Server) checkVersion(c call) error {
	number := strings.TrimSuffix(c.PathValue("number"), ".0")
	if err := s.CheckVersion("v" + number + ".0"); err != nil {
		return reply.Bad("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
	}
	if n, err := strconv.Atoi(number); c.name == "login" && (err != nil || n > newestLogin) {
		return reply.Bad("UNSUPPORTED_API_VERSION", "login() isn't there in this version")
	}
	return nil
}
