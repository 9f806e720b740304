// Package dataapi is the Redshift Data API in front of a cluster that speaks
// the wire protocol. To the cluster it is a client like any other.
package dataapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits of the Data API (Management Guide, "Using the Amazon Redshift Data
// API", and "Troubleshooting issues").
const (
	longestSQL      = 100 << 10
	longestDataRow  = 64 << 10
	largestResult   = 500 << 20
	mostStatements  = 500
	longestSession  = 24 * 60 * 60
	tokensLive      = 8 * time.Hour
	pageOfRecords   = 1000
	mostInBatch     = 40
	mostListed      = 100
	noClusterThere  = "Redshift endpoint doesn't exist in this region."
	noResultToShow  = "Query does not have result. Please check query status with DescribeStatement."
	statementFormat = "JSON"
)

// Options are what a Data API is made of.
type Options struct {
	URL            string // the wire of the cluster
	User, Password string // who may connect there
	// Cluster and Workgroup are what is asked for. Empty: every name is taken.
	Cluster, Workgroup string
	// Secret tells who a secret lets in; nil: every secret lets User in.
	Secret func(ctx context.Context, arn string) (user, password string, err error)

	Paused    func() bool // nobody answers at the wire
	Throttled func() bool // this call is refused
}

// A Server is the Redshift Data API over HTTP.
type Server struct {
	o        Options
	ctx      context.Context
	listener net.Listener
	http     *http.Server
	wait     sync.WaitGroup

	mu         sync.Mutex
	statements map[string]*job
	order      []*job
	tokens     map[string]*job
	sessions   map[string]*kept
}

// A refusal is an error of the Data API.
type refusal struct {
	kind, message string
	more          map[string]any
}

func (r *refusal) Error() string { return r.kind + ": " + r.message }

func invalid(format string, args ...any) error {
	return &refusal{kind: "ValidationException", message: fmt.Sprintf(format, args...)}
}

// notFound is the refusal of a call about a statement.
func notFound(message, id string) error {
	return &refusal{kind: "ResourceNotFoundException", message: message, more: map[string]any{"ResourceId": id}}
}

// Start starts a Data API on a free port of the loopback interface. What runs
// ends with ctx; Close stops the rest.
func Start(ctx context.Context, o Options) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &Server{
		o: o, ctx: ctx, listener: l,
		statements: map[string]*job{}, tokens: map[string]*job{}, sessions: map[string]*kept{},
	}
	d.http = &http.Server{Handler: d, ReadHeaderTimeout: 10 * time.Second}
	d.wait.Go(func() { _ = d.http.Serve(l) }) // it ends with Close
	return d, nil
}

// URL is the endpoint of the SDK's client. Whatever signature comes with a call
// is taken.
func (d *Server) URL() string { return "http://" + d.listener.Addr().String() }

// Close stops answering, and waits for the statements, whose context must be
// over.
func (d *Server) Close() error {
	err := d.http.Close()
	d.mu.Lock()
	for _, k := range d.sessions {
		k.close()
	}
	d.mu.Unlock()
	d.wait.Wait()
	return err
}

// An apiCall is the request of any of the operations.
type apiCall struct {
	ID                      string   `json:"Id"`
	SQL                     string   `json:"Sql"`
	SQLs                    []string `json:"Sqls"`
	Parameters              []parameter
	ClientToken             string
	ClusterIdentifier       string
	WorkgroupName           string
	Database                string
	DBUser                  string `json:"DbUser"`
	SecretArn               string
	SessionID               string `json:"SessionId"`
	SessionKeepAliveSeconds int
	StatementName           string
	ResultFormat            string
	Status                  string
	MaxResults              int
	NextToken               string
}

type parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ServeHTTP answers a call of the JSON 1.1 protocol.
func (d *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "RedshiftData.")
	answer, err := d.answer(r, operation)
	code := http.StatusOK
	if err != nil {
		var f *refusal
		if !errors.As(err, &f) {
			f = &refusal{kind: "InternalServerException", message: err.Error()}
		}
		body := map[string]any{"__type": f.kind, "message": f.message}
		for k, v := range f.more {
			body[k] = v
		}
		answer = body
		w.Header().Set("X-Amzn-ErrorType", f.kind)
		if code = http.StatusBadRequest; f.kind == "InternalServerException" {
			code = http.StatusInternalServerError
		}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	// The SDK closes its request's body as soon as an answer begins, and if
	// net/http hasn't looked for the body's end by then, it breaks the line off.
	// No service answers that fast but one on the same machine.
	time.Sleep(2 * time.Millisecond)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(code)
	_, _ = w.Write(text) // who went doesn't wait for an answer
}

func (d *Server) answer(r *http.Request, operation string) (any, error) {
	if d.o.Throttled() {
		return nil, &refusal{kind: "ThrottlingException", message: "Rate exceeded"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	var c apiCall
	if err := json.Unmarshal(body, &c); err != nil {
		return nil, &refusal{kind: "SerializationException", message: "the request is no JSON"}
	}
	switch operation {
	case "ExecuteStatement", "BatchExecuteStatement":
		return d.submit(&c, operation == "BatchExecuteStatement")
	case "DescribeStatement":
		return d.describe(c.ID)
	case "GetStatementResult":
		return d.result(&c)
	case "CancelStatement":
		return d.cancel(c.ID)
	case "ListStatements":
		return d.list(&c)
	}
	return nil, &refusal{kind: "UnknownOperationException", message: "the stand-in has no " + operation}
}

// submit takes statements to be done, and returns before they are.
func (d *Server) submit(c *apiCall, batch bool) (any, error) {
	if !batch {
		c.SQLs = []string{c.SQL}
	}
	if err := d.check(c); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if j := d.tokens[c.ClientToken]; c.ClientToken != "" && j != nil && time.Since(j.created) < tokensLive {
		if !slices.Equal(j.call.SQLs, c.SQLs) || !slices.Equal(j.call.Parameters, c.Parameters) {
			return nil, invalid("The client token was used with other parameters")
		}
		return j.accepted(), nil
	}
	active := 0
	for _, j := range d.order {
		if !j.ended() {
			active++
		}
	}
	if active >= mostStatements {
		return nil, &refusal{
			kind: "ActiveStatementsExceededException", message: "Active statements exceeded the allowed quota (500).",
		}
	}
	j := newJob(c, batch)
	var err error
	if j.session, err = d.session(c); err != nil {
		return nil, err
	}
	d.statements[j.id] = j
	d.order = append(d.order, j)
	if c.ClientToken != "" {
		d.tokens[c.ClientToken] = j
	}
	ctx, stop := context.WithCancel(context.Background())
	j.stop, j.stopped = stop, ctx.Done()
	d.wait.Go(func() {
		j.run(d.ctx, d)
		stop()
	})
	return j.accepted(), nil
}

// check refuses calls that make no sense, before anything is done.
func (d *Server) check(c *apiCall) error {
	o := d.o
	switch {
	case c.SessionID == "" && (c.ClusterIdentifier == "") == (c.WorkgroupName == ""):
		return invalid("Either ClusterIdentifier or WorkgroupName must be specified, and not both")
	case c.SessionID == "" && c.Database == "":
		return invalid("Database must be specified")
	case c.ClusterIdentifier != "" && c.DBUser == "" && c.SecretArn == "" && c.SessionID == "":
		return invalid("Either SecretArn or DbUser must be specified")
	case c.WorkgroupName != "" && c.DBUser != "":
		return invalid("DbUser can't be specified with WorkgroupName")
	case c.DBUser != "" && c.SecretArn != "":
		return invalid("DbUser and SecretArn can't be specified together")
	case o.Cluster != "" && c.ClusterIdentifier != "" && c.ClusterIdentifier != o.Cluster,
		o.Workgroup != "" && c.WorkgroupName != "" && c.WorkgroupName != o.Workgroup:
		return invalid(noClusterThere)
	case c.SessionKeepAliveSeconds < 0 || c.SessionKeepAliveSeconds > longestSession:
		return invalid("SessionKeepAliveSeconds must be between 0 and %d", longestSession)
	case len(c.SQLs) == 0 || len(c.SQLs) > mostInBatch:
		return invalid("Sqls must have between 1 and %d statements", mostInBatch)
	case c.ResultFormat != "" && c.ResultFormat != statementFormat:
		return invalid("the stand-in gives results as JSON only")
	case len(c.ClientToken) > 64:
		return invalid("ClientToken must have at most 64 characters")
	case d.o.Paused():
		return invalid("The cluster is paused")
	}
	for _, sql := range c.SQLs {
		if strings.TrimSpace(sql) == "" {
			return invalid("Sql must not be empty")
		}
		if len(sql) > longestSQL {
			return invalid("SQL statement can't exceed %d bytes", longestSQL)
		}
	}
	return checkParameters(c.SQLs, c.Parameters)
}

// session gives the session that a call names or asks for; nil where it needs
// none.
func (d *Server) session(c *apiCall) (*kept, error) {
	for id, k := range d.sessions {
		if k.over() {
			k.close()
			delete(d.sessions, id)
		}
	}
	if c.SessionID == "" {
		if c.SessionKeepAliveSeconds == 0 {
			return nil, nil
		}
		k := &kept{id: newID(), alive: time.Duration(c.SessionKeepAliveSeconds) * time.Second, call: *c}
		d.sessions[k.id] = k
		k.take()
		return k, nil
	}
	k := d.sessions[c.SessionID]
	if k == nil {
		return nil, invalid("Session is not available")
	}
	if !k.take() {
		return nil, invalid("Session is busy: a statement is running in it")
	}
	if c.SessionKeepAliveSeconds > 0 {
		k.alive = time.Duration(c.SessionKeepAliveSeconds) * time.Second
	}
	c.ClusterIdentifier, c.WorkgroupName, c.Database, c.DBUser, c.SecretArn =
		k.call.ClusterIdentifier, k.call.WorkgroupName, k.call.Database, k.call.DBUser, k.call.SecretArn
	return k, nil
}

func (d *Server) find(id string) (*job, string, error) {
	id, sub, _ := strings.Cut(id, ":")
	d.mu.Lock()
	defer d.mu.Unlock()
	j := d.statements[id]
	if j == nil {
		return nil, "", notFound("Query does not exist.", id)
	}
	return j, sub, nil
}

func (d *Server) describe(id string) (any, error) {
	j, _, err := d.find(id)
	if err != nil {
		return nil, err
	}
	return j.described(), nil
}

// cancel stops a statement that runs.
func (d *Server) cancel(id string) (any, error) {
	j, _, err := d.find(id)
	if err != nil {
		return nil, err
	}
	if j.ended() {
		return nil, invalid("Could not cancel a query that is already in %s state with ID: %s", j.state(), j.id)
	}
	j.stop()
	return map[string]any{"Status": true}, nil
}

// list lists statements, the newest first.
func (d *Server) list(c *apiCall) (any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []any
	for _, j := range slices.Backward(d.order) {
		if c.Status != "" && c.Status != "ALL" && c.Status != string(j.state()) ||
			!strings.HasPrefix(j.call.StatementName, c.StatementName) {
			continue
		}
		all = append(all, j.listed())
	}
	from := 0
	if c.NextToken != "" {
		if _, err := fmt.Sscanf(c.NextToken, "from-%d", &from); err != nil || from > len(all) {
			return nil, invalid("NextToken is not valid")
		}
	}
	n := c.MaxResults
	if n <= 0 || n > mostListed {
		n = mostListed
	}
	to := min(from+n, len(all))
	answer := map[string]any{"Statements": all[from:to]}
	if to < len(all) {
		answer["NextToken"] = fmt.Sprintf("from-%d", to)
	}
	return answer, nil
}
