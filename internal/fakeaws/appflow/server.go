// Package appflow is an Amazon AppFlow for tests: it answers the real SDK over
// HTTP and moves records from a Salesforce org into a table, as AppFlow does.
// It only ever appends: a record that changed is a second row, a run that was
// started twice brings everything twice, a put that was tried again leaves its
// rows twice, and a run that fails leaves what it had brought.
//
// It is read from AWS's own documents (API reference, user guide, the SDK's
// model), and reads the org with a client of its own: nothing of it is shared
// with the mover that is tested against it. Where the documents leave a
// question open, an Option lets a test try both answers.
//
// Nothing runs in the background: a run gets on when somebody looks at its
// execution records. Start at New; flows are in flow.go, runs in run.go.
package appflow

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Sink appends rows to a table: header names its columns, and "" is null.
type Sink func(ctx context.Context, table string, header []string, rows [][]string) error

// A Folder takes an object of a bucket by its key, in the place of one that is there.
type Folder func(ctx context.Context, key string, body []byte) error

// A Profile is a connector profile for Salesforce: OAuth with a refresh token,
// since AppFlow takes no client credentials for Salesforce.
type Profile struct {
	URL                    string
	ClientID, ClientSecret string
	RefreshToken           string
}

// Options say how AppFlow is set up.
type Options struct {
	Salesforce map[string]Profile // connector profiles by name
	Redshift   map[string]Sink    // and those of destinations
	S3         map[string]Folder  // buckets by name
	HTTP       *http.Client       // to reach the org
	Now        func() time.Time
	Pause      time.Duration // between two looks at a job of the org, where its time is that of a clock

	MaxFlows   int  // of the account; 1,000
	MaxRuns    int  // at a time; 1,000
	PutRows    int  // rows that are put at once; 1,000
	DatesFirst bool // in S3, folders of the date stand before that of the execution
	Quoting    Quoting
	Inclusive  bool // BETWEEN takes its bounds in; Airflow's authors found that it doesn't
}

// A Server is one account's AppFlow. It is an http.Handler.
type Server struct {
	o       Options
	mu      sync.Mutex
	flows   map[string]*flow
	created map[string]string // by client token: the request it came with
	faults  []*Fault
	scripts []*Script
	calls   map[string]int
	made    int
}

// New makes an AppFlow without flows.
func New(o Options) *Server {
	if o.MaxFlows == 0 {
		o.MaxFlows = 1000
	}
	if o.MaxRuns == 0 {
		o.MaxRuns = 1000
	}
	if o.PutRows == 0 {
		o.PutRows = 1000
	}
	return &Server{o: o, flows: map[string]*flow{}, created: map[string]string{}, calls: map[string]int{}}
}

// A Fault makes calls fail.
type Fault struct {
	Operation string // "start-flow"; "" is any
	Code      string // "ThrottlingException"
	Message   string
	Times     int  // how many calls; 0 is one
	Done      bool // the call is done all the same: only its answer is lost
}

// Fault adds a fault to those that wait.
func (s *Server) Fault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times = max(f.Times, 1)
	s.faults = append(s.faults, &f)
}

// Calls tells how often an operation was called.
func (s *Server) Calls(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[operation]
}

// Flows lists the names of the flows that exist.
func (s *Server) Flows() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names()
}

// A refusal is an error as AppFlow answers it.
type refusal struct {
	status  int
	code    string
	message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func refuse(code, format string, args ...any) error {
	status := http.StatusBadRequest
	switch code {
	case "ConflictException":
		status = http.StatusConflict
	case "ResourceNotFoundException":
		status = http.StatusNotFound
	case "ServiceQuotaExceededException":
		status = http.StatusPaymentRequired
	case "ThrottlingException":
		status = http.StatusTooManyRequests
	case "AccessDeniedException":
		status = http.StatusForbidden
	case "InternalServerException":
		status = http.StatusInternalServerError
	}
	return &refusal{status, code, fmt.Sprintf(format, args...)}
}

// ServeHTTP answers one call. Calls are done one after the other.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.Trim(r.URL.Path, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[operation]++
	fault := s.fault(operation)
	if fault != nil && !fault.Done {
		answer(w, nil, refuse(fault.Code, "%s", fault.Message))
		return
	}
	out, err := s.do(r, operation)
	if fault != nil {
		out, err = nil, refuse(fault.Code, "%s", fault.Message)
	}
	answer(w, out, err)
}

func (s *Server) do(r *http.Request, operation string) (any, error) {
	var in map[string]any
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, refuse("ValidationException", "the body is no JSON")
	}
	do, ok := map[string]func(context.Context, map[string]any) (any, error){
		"create-flow": s.createFlow, "update-flow": s.updateFlow, "delete-flow": s.deleteFlow,
		"describe-flow": s.describeFlow, "list-flows": s.listFlows,
		"start-flow": s.startFlow, "stop-flow": s.stopFlow, "cancel-flow-executions": s.cancel,
		"describe-flow-execution-records": s.records,
	}[operation]
	if !ok {
		return nil, refuse("ResourceNotFoundException", "this stand-in has no %s", operation)
	}
	return do(r.Context(), in)
}

func (s *Server) fault(operation string) *Fault {
	for _, f := range s.faults {
		if f.Times > 0 && (f.Operation == "" || f.Operation == operation) {
			f.Times--
			return f
		}
	}
	return nil
}

func answer(w http.ResponseWriter, out any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err == nil {
		_ = json.NewEncoder(w).Encode(out)
		return
	}
	no, ok := err.(*refusal)
	if !ok {
		no = &refusal{http.StatusInternalServerError, "InternalServerException", err.Error()}
	}
	w.Header().Set("X-Amzn-ErrorType", no.code)
	w.WriteHeader(no.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": no.message})
}

// epoch is how this protocol writes a moment: seconds with a fraction.
func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// text reads a field that is a text.
func text(in map[string]any, name string) string {
	s, _ := in[name].(string)
	return s
}

// inside reads a field that is an object, empty where there is none.
func inside(in map[string]any, names ...string) map[string]any {
	for _, name := range names {
		in, _ = in[name].(map[string]any)
	}
	return in
}
