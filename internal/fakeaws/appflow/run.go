package appflow

import (
	"context"
	"fmt"
	"time"
)

// A Script says what becomes of one run. Without one a run goes well.
type Script struct {
	Object string // the next run that reads it; "" is any
	Looks  int    // how often its records are looked at before it gets on
	Hang   bool   // it never ends
	Fail   string // it ends with this message, after so many rows
	After  int
	Again  int // every so many puts, one is done twice: its rows are there twice
	Lose   int // so many rows are counted, and never put
}

// Script adds a script to those that wait for a run.
func (s *Server) Script(script Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts = append(s.scripts, &script)
}

// A run is one execution of a flow.
type run struct {
	id        string
	plan      transfer // as the flow was when it was started
	script    Script
	status    string
	startedAt time.Time
	updatedAt time.Time
	processed int64
	bytes     int64
	written   int64 // bytes of files
	files     int
	message   string
}

// started remembers a client token of StartFlow.
type started struct {
	execution string
	at        time.Time
}

// tokenLife is how long a client token stands for the run that it started.
const tokenLife = 8 * time.Hour

func (f *flow) running() *run {
	for _, r := range f.runs {
		if r.status == "InProgress" {
			return r
		}
	}
	return nil
}

// startFlow starts a run. Within eight hours the same token starts nothing,
// whatever else has changed; after that it starts another run.
func (s *Server) startFlow(_ context.Context, in map[string]any) (any, error) {
	f, err := s.find(in)
	if err != nil {
		return nil, err
	}
	token, now := text(in, "clientToken"), s.o.Now()
	if before, ok := f.tokens[token]; ok && token != "" && now.Sub(before.at) < tokenLife {
		return map[string]any{"executionId": before.execution, "flowArn": f.arn(), "flowStatus": "Active"}, nil
	}
	if f.running() != nil {
		return nil, refuse("ConflictException", "Flow %s is running", f.name)
	}
	if s.runningNow() >= s.o.MaxRuns {
		return nil, refuse("ServiceQuotaExceededException",
			"The maximum number of concurrent flow runs (%d) is reached", s.o.MaxRuns)
	}
	s.made++
	r := &run{id: fmt.Sprintf("%08d-0000-4000-8000-000000000000", s.made), plan: f.plan, status: "InProgress",
		startedAt: now, updatedAt: now}
	for i, script := range s.scripts {
		if script.Object == "" || script.Object == f.plan.object {
			r.script = *script
			s.scripts = append(s.scripts[:i:i], s.scripts[i+1:]...)
			break
		}
	}
	f.runs = append(f.runs, r)
	f.tokens[token] = started{r.id, now}
	return map[string]any{"executionId": r.id, "flowArn": f.arn(), "flowStatus": "Active"}, nil
}

func (s *Server) runningNow() int {
	n := 0
	for _, f := range s.flows {
		if f.running() != nil {
			n++
		}
	}
	return n
}

// stopFlow is for flows that have a schedule or an event.
func (s *Server) stopFlow(_ context.Context, in map[string]any) (any, error) {
	f, err := s.find(in)
	if err != nil {
		return nil, err
	}
	return nil, refuse("UnsupportedOperationException", "Flow %s is on demand and can't be stopped", f.name)
}

func (s *Server) cancel(_ context.Context, in map[string]any) (any, error) {
	f, err := s.find(in)
	if err != nil {
		return nil, err
	}
	for _, r := range f.runs {
		if r.status == "InProgress" {
			r.status, r.updatedAt = "Canceled", s.o.Now()
		}
	}
	return map[string]any{"invalidExecutions": []string{}}, nil
}

// records tells of the runs of a flow, newest first, twenty at a time. To look
// is what lets a run get on.
func (s *Server) records(ctx context.Context, in map[string]any) (any, error) {
	f, err := s.find(in)
	if err != nil {
		return nil, err
	}
	if r := f.running(); r != nil {
		s.advance(context.WithoutCancel(ctx), r) // a run doesn't end because who looked has died
	}
	size := 20
	if n, ok := in["maxResults"].(float64); ok && n > 0 {
		size = min(int(n), 100)
	}
	from := min(number(text(in, "nextToken")), len(f.runs))
	to := min(from+size, len(f.runs))
	list := []any{}
	for i := from; i < to; i++ {
		list = append(list, f.runs[len(f.runs)-1-i].record())
	}
	out := map[string]any{"flowExecutions": list}
	if to < len(f.runs) {
		out["nextToken"] = fmt.Sprint(to)
	}
	return out, nil
}

func (r *run) record() any {
	written := r.bytes
	if r.plan.s3 != nil {
		written = r.written
	}
	result := map[string]any{"bytesProcessed": r.bytes, "bytesWritten": written, "recordsProcessed": r.processed}
	if r.message != "" {
		result["errorInfo"] = map[string]any{"putFailuresCount": 0, "executionMessage": r.message}
	}
	return map[string]any{
		"executionId": r.id, "executionStatus": r.status, "executionResult": result,
		"startedAt": epoch(r.startedAt), "lastUpdatedAt": epoch(r.updatedAt),
	}
}

// advance does a run's work, unless its script says to wait.
func (s *Server) advance(ctx context.Context, r *run) {
	if r.script.Hang || r.script.Looks > 0 {
		r.script.Looks--
		return
	}
	err := s.move(ctx, r)
	r.status, r.updatedAt = "Successful", s.o.Now()
	if err != nil {
		r.status, r.message = "Error", err.Error()
	}
}

// move reads the org and appends what it finds.
func (s *Server) move(ctx context.Context, r *run) error {
	rows, err := s.read(ctx, r.plan)
	if err != nil {
		return err
	}
	failing := r.script.Fail != ""
	if failing {
		rows = rows[:min(r.script.After, len(rows))]
	}
	lost := min(r.script.Lose, len(rows))
	r.processed += int64(lost)
	rows = rows[lost:]
	for put := 1; len(rows) > 0; put++ {
		n := min(s.o.PutRows, len(rows))
		times := 1
		if r.script.Again > 0 && put%r.script.Again == 0 {
			times = 2
		}
		for range times {
			if err := s.put(ctx, r, rows[:n]); err != nil {
				return err
			}
			r.processed += int64(n)
		}
		for _, row := range rows[:n] {
			for _, value := range row {
				r.bytes += int64(len(value)) + 1
			}
		}
		rows = rows[n:]
	}
	if failing {
		return fmt.Errorf("%s", r.script.Fail)
	}
	return nil
}

// put appends rows to the destination's table, or writes a file of them.
func (s *Server) put(ctx context.Context, r *run, rows [][]string) error {
	if r.plan.s3 != nil {
		if err := s.write(ctx, r, rows); err != nil {
			return message("The request failed because the destination Amazon S3 returned an error: %w", err)
		}
		return nil
	}
	if err := r.plan.sink(ctx, r.plan.table, r.plan.to, rows); err != nil {
		return message("The request failed because the destination Amazon Redshift returned an error: %w", err)
	}
	return nil
}

// message makes an error of AppFlow's own words, which begin as sentences do.
func message(words string, args ...any) error { return fmt.Errorf(words, args...) }
