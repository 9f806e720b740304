package listening

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/twmb/avro"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	rpc "google.golang.org/grpc/status"

	"catchment/internal/eventbus"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/project"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
	"catchment/internal/salesforce/pubsub"
	"catchment/internal/status"
)

const accountSchema = `{"type":"record","name":"AccountChangeEvent","fields":[{"name":"ChangeEventHeader","type":
{"type":"record","name":"ChangeEventHeader","fields":[{"name":"entityName","type":"string"},
{"name":"recordIds","type":{"type":"array","items":"string"}},{"name":"changeType","type":"string"},
{"name":"changeOrigin","type":"string"},{"name":"transactionKey","type":"string"},
{"name":"sequenceNumber","type":"int"},
{"name":"commitTimestamp","type":"long"},{"name":"commitNumber","type":"long"},{"name":"commitUser","type":"string"},
{"name":"nulledFields","type":{"type":"array","items":"string"}},
{"name":"diffFields","type":{"type":"array","items":"string"}},
{"name":"changedFields","type":{"type":"array","items":"string"}}]}},
{"name":"Name","type":["null","string"]},{"name":"Fax","type":["null","string"]},
{"name":"Newer__c","type":["null","string"]}]}`

// A server has events, and refuses streams by a code where it has one.
type server struct {
	eventbus.UnimplementedPubSubServer
	payloads [][]byte
	code     string
	opened   chan *eventbus.FetchRequest
}

func (s *server) GetSchema(context.Context, *eventbus.SchemaRequest) (*eventbus.SchemaInfo, error) {
	return &eventbus.SchemaInfo{SchemaId: "s", SchemaJson: accountSchema}, nil
}

func (s *server) Subscribe(stream eventbus.PubSub_SubscribeServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	s.opened <- first
	if s.code != "" {
		stream.SetTrailer(metadata.Pairs("error-code", "sfdc.platform.eventbus.grpc."+s.code))
		return rpc.Error(codes.InvalidArgument, "no")
	}
	answer := &eventbus.FetchResponse{}
	for i, payload := range s.payloads {
		answer.Events = append(answer.Events, &eventbus.ConsumerEvent{ReplayId: []byte{0, byte(i + 1)},
			Event: &eventbus.ProducerEvent{Id: "uuid", SchemaId: "s", Payload: payload}})
		answer.Events[i].Event.Id += string(rune('a' + i))
	}
	if err := stream.Send(answer); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

// payload is an update of the fields that the bitmap names.
func payload(t *testing.T, bitmap string, fields map[string]any) []byte {
	t.Helper()
	record := map[string]any{"ChangeEventHeader": map[string]any{"entityName": "Account",
		"recordIds": []string{"001000000000001AAA"}, "changeType": "UPDATE", "changeOrigin": "", "transactionKey": "t",
		"sequenceNumber": 1, "commitTimestamp": int64(1767323045000), "commitNumber": int64(1), "commitUser": "005",
		"nulledFields": []string{}, "diffFields": []string{}, "changedFields": []string{bitmap}},
		"Name": nil, "Fax": nil, "Newer__c": nil}
	for name, value := range fields {
		record[name] = value
	}
	text, err := avro.MustParse(accountSchema).Encode(record)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A screen is what the command printed, and ends the command once so many lines are there.
type screen struct {
	bytes.Buffer
	lines int
	ends  func()
}

func (s *screen) Write(text []byte) (int, error) {
	n, err := s.Buffer.Write(text)
	if s.lines > 0 && strings.Count(s.String(), "\n") >= s.lines {
		s.ends()
	}
	return n, err
}

// listened runs the command against a server until it has printed so many lines, and gives what it said.
func listened(t *testing.T, s *server, lines int, args ...string) (out, talk string, described int, err error) {
	t.Helper()
	s.opened = make(chan *eventbus.FetchRequest, 100)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := grpc.NewServer()
	eventbus.RegisterPubSubServer(served, s)
	go func() { _ = served.Serve(listener) }()
	defer served.Stop()
	org := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if !strings.HasSuffix(r.URL.Path, "/sobjects/account/describe") && !strings.HasSuffix(r.URL.Path,
			"/sobjects/Account/describe") {
			http.Error(w, `[{"errorCode":"NOT_FOUND"}]`, http.StatusNotFound)
			return
		}
		described++
		newer := ""
		if described > 1 {
			newer = `,{"name":"Newer__c","type":"string"}`
		}
		_, _ = w.Write([]byte(`{"name":"Account","fields":[{"name":"Name","type":"string"},` +
			`{"name":"Fax","type":"phone"}` + newer + `]}`))
	}))
	defer org.Close()
	file := &flow.File{Org: flow.Org{URL: org.URL, APIVersion: "66.0", PubSub: "http://" + listener.Addr().String()}}
	now := time.Now()
	world := project.World{HTTP: org.Client(), Now: func() time.Time { now = now.Add(time.Hour); return now }}
	p := project.New(world, file)
	p.Org, err = salesforce.New(salesforce.Config{URL: org.URL, APIVersion: "66.0", HTTP: org.Client(),
		Login: session{org.URL}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	results := &screen{lines: lines, ends: func() { cancel(plan.ErrStopped) }}
	var said bytes.Buffer
	d := &Desk{Project: p, Printer: status.Printer{Results: results, Talk: &said}}
	var f flags
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "--values":
			f.values = true
		case "--from":
			i++
			f.from = args[i]
		}
	}
	start, err := f.start()
	if err != nil {
		t.Fatal(err)
	}
	err = d.listen(ctx, "account", start, f.values)
	return results.String(), said.String(), described, err
}

// A session is a way to log in that asks nobody.
type session struct{ url string }

func (s session) Login(context.Context, login.Endpoint) (login.Session, error) {
	return login.Session{Token: "s3cr3t", InstanceURL: s.url, OrgID: "00D000000000001EAA"}, nil
}

func TestEventsShowNamesAndNoValues(t *testing.T) {
	t.Parallel()
	s := &server{payloads: [][]byte{payload(t, "0x06", map[string]any{"Name": "s3cr3t name", "Fax": "1"}),
		payload(t, "0x80", nil), payload(t, "0x02", map[string]any{"Name": "x"})}}
	out, talk, _, err := listened(t, s, 3, "--from", "earliest")
	if !errors.Is(err, plan.ErrStopped) || strings.Contains(out+talk, "s3cr3t") {
		t.Fatal(out, talk, err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	want := `{"at":"2026-01-02T03:04:05Z","change":"update","fields":[{"name":"Name","state":"set"},` +
		`{"name":"Fax","state":"set"}],"id":"uuida","object":"Account","position":"0001",` +
		`"records":["001000000000001AAA"],"sequence":1,"transaction":"t","type":"event","user":"005"}`
	if lines[0] != want {
		t.Errorf("%s\nwant\n%s", lines[0], want)
	}
	if !strings.Contains(lines[1], `"error":"changedFields names position 7`) ||
		!strings.Contains(lines[1], `"records":["001000000000001AAA"]`) || !strings.Contains(lines[1], `"hint":"`) {
		t.Error(lines[1])
	}
	if !strings.Contains(talk, "following /data/AccountChangeEvent") ||
		!strings.Contains(talk, "catchment events Account --from 0003") {
		t.Error(talk)
	}
	if first := <-s.opened; first.ReplayPreset != eventbus.ReplayPreset_EARLIEST {
		t.Error(first)
	}
}

// A field that describe doesn't know has it asked again, and the same event then says more.
func TestEventsOfANewField(t *testing.T) {
	t.Parallel()
	s := &server{payloads: [][]byte{payload(t, "0x0A", map[string]any{"Name": "a", "Newer__c": "b"})}}
	out, _, described, err := listened(t, s, 1, "--from", "00ff", "--values")
	if !errors.Is(err, plan.ErrStopped) || described != 2 {
		t.Fatal(out, described, err)
	}
	var got line
	if err := json.Unmarshal([]byte(out), &got); err != nil || len(got.Fields) != 2 || got.Fields[1].Value == nil ||
		*got.Fields[1].Value != "b" {
		t.Error(out, err)
	}
	if first := <-s.opened; first.ReplayPreset != eventbus.ReplayPreset_CUSTOM || string(first.ReplayId) != "\x00\xff" {
		t.Error(first)
	}
}

// What stands against it is told, with what to do.
func TestEventsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for code, hint := range map[string]string{
		"topic.not.found":                       "Setup > Change Data Capture",
		"topic.meta.permission":                 "View All Data",
		"subscription.fetch.replayid.corrupted": "catchment run",
		"subscription.limit.exceeded":           "72 hours",
	} {
		_, _, _, err := listened(t, &server{code: code}, 0, "--from", "00ff")
		if err == nil || !strings.Contains(plan.HintOf(err), hint) {
			t.Errorf("%s: %v, %s", code, err, plan.HintOf(err))
		}
		if lost, is := errors.AsType[*pubsub.Lost](err); is != (hint == "catchment run") || is && lost.Position == "" {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestWhereToBegin(t *testing.T) {
	t.Parallel()
	if start, err := (flags{}).start(); err != nil || start != pubsub.Tip() {
		t.Error(start, err)
	}
	if _, err := (flags{from: "yesterday"}).start(); err == nil || !strings.Contains(plan.HintOf(err), "earliest") {
		t.Error(err)
	}
}
