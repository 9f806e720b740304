package rollout

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/plan"
)

// An account is one of maps, whose stack does at once what it is asked.
type account struct {
	stack   Stack
	events  []Event
	store   blob.Store
	running []string
	left    []string
	did     []string
	lost    int // how many looks at the stack get lost
	changes []Change
}

func (a *account) Stack(context.Context, string) (Stack, error) {
	if a.lost > 0 {
		a.lost--
		return Stack{}, plan.Failf(plan.Retry, "", "connection reset")
	}
	return a.stack, nil
}

func (a *account) end(status, token string) {
	a.stack.Status = status
	a.events = []Event{{Token: token, Resource: "s", Status: status, Stack: true}}
}

func (a *account) Create(_ context.Context, c Change) (string, error) {
	a.did, a.changes = append(a.did, "create"), append(a.changes, c)
	a.stack = Stack{ID: "id", Name: c.Stack, Parameters: c.Parameters}
	a.end("CREATE_COMPLETE", c.Token)
	return "id", nil
}

func (a *account) Update(_ context.Context, c Change) error {
	a.did, a.changes = append(a.did, "update"), append(a.changes, c)
	a.end("UPDATE_COMPLETE", c.Token)
	return nil
}

func (a *account) Delete(_ context.Context, _, token string) error {
	a.did = append(a.did, "delete")
	a.end("DELETE_COMPLETE", token)
	return nil
}

func (a *account) Events(context.Context, string) ([]Event, error) { return a.events, nil }

func (a *account) Bucket(_ context.Context, name string) (Bucket, error) {
	if name == "" {
		name = "own"
	}
	return Bucket{Name: name, Store: a.store, URL: func(key string) string { return "https://s3/" + key }}, nil
}

func (a *account) Running(context.Context, string) ([]string, error) { return a.running, nil }

func (a *account) Left(context.Context, string) ([]string, error) { return a.left, nil }

func (a *account) Remove(_ context.Context, name string) error {
	a.did = append(a.did, "remove "+name)
	return nil
}

func newWork(t *testing.T) (Work, *account) {
	t.Helper()
	store, err := dir.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a := &account{store: store}
	n := 0
	return Work{Account: a, Token: func() string { n++; return fmt.Sprint("token", n) }, Tell: func(Progress) {},
		Pace: Pace{Every: time.Millisecond}}, a
}

// program is a zip with the head of a program.
func program(t *testing.T, name string, machine elf.Machine) []byte {
	t.Helper()
	head := make([]byte, 64)
	copy(head, "\x7fELF\x02\x01\x01")
	head[16], head[18], head[20], head[52] = 2, byte(machine), 1, 64
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write(head)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const someTemplate = `
Parameters:
  CodeBucket: {Type: String}
  Architecture: {Type: String}
  Schedule: {Type: String, Default: ""}
  Password: {Type: String, Default: none}
Resources:
  A: {Type: "AWS::SNS::Topic", Properties: {TopicName: !Ref Schedule}}
`

func deployment(t *testing.T) Deployment {
	return Deployment{Stack: "s", Template: []byte(someTemplate), Config: []byte("c"), Script: []byte("p"),
		Zip: File{"lambda.zip", program(t, "bootstrap", elf.EM_AARCH64)}}
}

// A stack that never stood is deleted and made anew, with the parameters that it
// was given; one that stands is changed, and keeps them.
func TestParametersAreKept(t *testing.T) {
	w, a := newWork(t)
	for _, c := range []struct{ status, did string }{
		{"ROLLBACK_COMPLETE", "delete,create"}, {"CREATE_COMPLETE", "update"}, {"", "create"},
	} {
		a.did, a.changes = nil, nil
		a.stack = Stack{ID: "id", Name: "s", Status: c.status,
			Parameters: map[string]string{"CodeBucket": "mine", "Schedule": "rate(2 hours)", "Gone": "x"}}
		if c.status == "" {
			a.stack = Stack{}
		}
		done, err := w.Deploy(t.Context(), deployment(t))
		if err != nil || strings.Join(a.did, ",") != c.did {
			t.Fatalf("%s: %v, %v", c.status, a.did, err)
		}
		change := a.changes[0]
		kept := strings.Join(change.Kept, ",") + change.Parameters["Schedule"]
		want := map[string]string{"ROLLBACK_COMPLETE": "rate(2 hours)", "CREATE_COMPLETE": "Schedule", "": ""}[c.status]
		if kept != want || change.Parameters["Architecture"] != "arm64" || change.Parameters["Gone"] != "" {
			t.Errorf("%s: %+v", c.status, change)
		}
		if want := map[bool]string{true: "own", false: "mine"}[c.status == ""]; done.Bucket != want {
			t.Errorf("%s: bucket %s", c.status, done.Bucket)
		}
	}
}

// What is lost on the way is asked for again: the stack gets on meanwhile.
func TestLostAnswers(t *testing.T) {
	w, a := newWork(t)
	w.Tell = func(p Progress) {
		if strings.HasPrefix(p.Text, "making") {
			a.lost = 3
		}
	}
	if done, err := w.Deploy(t.Context(), deployment(t)); err != nil || !done.Made || a.lost > 0 {
		t.Errorf("%+v, %v", done, err)
	}
}

// A stack that couldn't be rolled back is left alone, and told with what failed.
func TestRuin(t *testing.T) {
	w, a := newWork(t)
	a.stack = Stack{ID: "id", Name: "s", Status: "UPDATE_ROLLBACK_FAILED", Reason: "[A] failed"}
	_, err := w.Deploy(t.Context(), deployment(t))
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "[A] failed") {
		t.Errorf("%v", err)
	}
	a.events = []Event{{Resource: "A", Type: "T", Status: "UPDATE_FAILED", Reason: "the key is gone"}}
	_, err = w.Deploy(t.Context(), deployment(t))
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "A (T): the key is gone") ||
		!strings.Contains(plan.HintOf(err), "continue-update-rollback --stack-name s") || len(a.did) > 0 {
		t.Errorf("%v, hint %q", err, plan.HintOf(err))
	}
}

// What lies under a hash has to be what the hash says.
func TestOtherBytesUnderAHash(t *testing.T) {
	w, a := newWork(t)
	if _, err := w.Deploy(t.Context(), deployment(t)); err != nil {
		t.Fatal(err)
	}
	key := a.changes[0].Parameters[codeKey]
	if err := a.store.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if _, err := a.store.Put(t.Context(), key, strings.NewReader("theirs")); err != nil {
		t.Fatal(err)
	}
	_, err := w.Deploy(t.Context(), deployment(t))
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "has other bytes") || len(a.changes) != 1 {
		t.Errorf("%v", err)
	}
}

// A zip that isn't the functions' program is refused before anything is uploaded.
func TestOtherZips(t *testing.T) {
	w, a := newWork(t)
	for name, text := range map[string][]byte{
		"no zip": []byte("x"), "no program": program(t, "main", elf.EM_X86_64),
		"for riscv": program(t, "bootstrap", elf.EM_RISCV),
	} {
		d := deployment(t)
		d.Zip.Text = text
		if _, err := w.Deploy(t.Context(), d); plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, err := range a.store.List(t.Context(), "") {
		t.Errorf("something is stored, %v", err)
	}
}

// A parameter that the template lacks, or that isn't the user's, is told with
// those that are.
func TestParametersAreChecked(t *testing.T) {
	w, _ := newWork(t)
	d := deployment(t)
	d.Parameters = map[string]string{"Shedule": "x", "CodeKey": "y", "CodeBucket": "z"}
	_, err := w.Deploy(t.Context(), d)
	for _, want := range []string{"no parameter Shedule", "CodeKey follows from what is uploaded",
		"CodeBucket is given by --bucket"} {
		if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), want) {
			t.Errorf("%v", err)
		}
	}
	if plan.HintOf(err) != "give one of: Password, Schedule" {
		t.Error(plan.HintOf(err))
	}
}

// What the template has no default for is asked for before anything is uploaded,
// with what it is; once given, it stays.
func TestParametersAreComplete(t *testing.T) {
	w, a := newWork(t)
	d := deployment(t)
	d.Template = bytes.Replace(d.Template, []byte("Default: none"), []byte("Description: a reference"), 1)
	_, err := w.Deploy(t.Context(), d)
	if plan.ClassOf(err) != plan.Fix || err.Error() != "the template needs Password: a reference" ||
		plan.HintOf(err) != "add --parameter Password=VALUE" || len(a.did) > 0 {
		t.Errorf("%v, hint %q", err, plan.HintOf(err))
	}
	d.Parameters = map[string]string{"Password": "aws-sm:p"}
	if _, err := w.Deploy(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	d.Parameters = nil
	if _, err := w.Deploy(t.Context(), d); err != nil || a.changes[1].Kept[0] != "Password" {
		t.Errorf("%+v, %v", a.changes, err)
	}
}

// A template that is too long for a request goes by its URL.
func TestLongTemplate(t *testing.T) {
	w, a := newWork(t)
	d := deployment(t)
	d.Template = append(d.Template, strings.Repeat(" ", longestTemplate)...)
	if _, err := w.Deploy(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	key, ok := strings.CutPrefix(a.changes[0].URL, "https://s3/")
	r, err := a.store.Open(t.Context(), key)
	if err != nil || !ok {
		t.Fatalf("%s, %v", a.changes[0].URL, err)
	}
	defer r.Close()
	if text, err := io.ReadAll(r); err != nil || !bytes.Equal(text, d.Template) || a.changes[0].Template != "" {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// Flows go before the stack; a run that goes on is in the way of both.
func TestDestroy(t *testing.T) {
	w, a := newWork(t)
	a.stack = Stack{ID: "id", Name: "s", Status: "CREATE_COMPLETE", Outputs: map[string]string{"Machine": "arn"}}
	a.left, a.running = []string{"catchment-account-1"}, []string{"arn:run"}
	target := Target{Stack: "s", AppFlow: true, Deployment: "prod"}
	_, err := w.Survey(t.Context(), target)
	if plan.ClassOf(err) != plan.Retry || !strings.Contains(err.Error(), "arn:run") {
		t.Errorf("%v", err)
	}
	a.running = nil
	found, err := w.Survey(t.Context(), target)
	if err != nil || len(a.did) > 0 {
		t.Fatalf("%v, %v", a.did, err)
	}
	gone, err := w.Destroy(t.Context(), found)
	if err != nil || strings.Join(a.did, ",") != "remove catchment-account-1,delete" ||
		gone.Stack.Status != "DELETE_COMPLETE" {
		t.Errorf("%v, %+v, %v", a.did, gone, err)
	}
	a.stack = Stack{Name: "s", Status: "UPDATE_IN_PROGRESS"}
	if _, err := w.Survey(t.Context(), target); plan.ClassOf(err) != plan.Retry {
		t.Errorf("%v", err)
	}
	a.stack, target.AppFlow = Stack{}, false
	if found, err := w.Survey(t.Context(), target); err != nil || len(found.Flows) > 0 {
		t.Errorf("%+v, %v", found, err)
	}
}
