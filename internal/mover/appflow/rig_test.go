package appflow_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdkflow "github.com/aws/aws-sdk-go-v2/service/appflow"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"go.uber.org/goleak"

	"catchment/internal/blob"
	fake "catchment/internal/fakeaws/appflow"
	"catchment/internal/fakeaws/bucket"
	"catchment/internal/fakeaws/stacks"
	"catchment/internal/fakeorg"
	"catchment/internal/mover"
	"catchment/internal/mover/appflow"
	"catchment/internal/mover/appflow/files"
	"catchment/internal/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A rig is an org, AppFlow and CloudFormation in front of it, and the table
// that takes what lands.
type rig struct {
	t      *testing.T
	org    *fakeorg.Org
	flows  *fake.Server
	stacks *stacks.Server
	now    time.Time
	config appflow.Config
	store  memory
	left   bucket.Bucket
	files  *files.Bucket

	mu   sync.Mutex
	rows [][]string
	into string
	head []string
}

func newRig(t *testing.T, change func(*fake.Options, *stacks.Options)) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC), store: memory{}}
	org, err := fakeorg.New(fakeorg.Options{Seed: 1, Clock: fakeorg.StillClock(r.now.Add(-time.Hour)), PageRecords: 40})
	if err == nil {
		err = org.GenerateCounts(map[string]int{"Account": 100, "User": 1}, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.org = org
	transport := &http.Transport{}
	client := &http.Client{Transport: transport}
	t.Cleanup(transport.CloseIdleConnections)
	serve := func(h http.Handler) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	c := org.Credentials()
	o := fake.Options{
		Salesforce: map[string]fake.Profile{"sf": {URL: serve(org), ClientID: c.ClientID, ClientSecret: c.ClientSecret,
			RefreshToken: c.RefreshToken}},
		Redshift: map[string]fake.Sink{"rs": r.sink},
		S3: map[string]fake.Folder{"bucket": func(_ context.Context, key string, body []byte) error {
			r.left.Put("bucket/"+key, body)
			return nil
		}},
		HTTP: client, Now: func() time.Time { return r.now }, PutRows: 30,
	}
	so := stacks.Options{HTTP: client, Now: o.Now}
	if change != nil {
		change(&o, &so)
	}
	r.flows = fake.New(o)
	flowsAt := serve(r.flows)
	so.AppFlow = flowsAt
	r.stacks = stacks.New(so)
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
	})
	once := retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 1 })
	r.config = appflow.Config{
		Flows: sdkflow.New(sdkflow.Options{Region: "eu-central-1", Credentials: credentials,
			BaseEndpoint: aws.String(flowsAt), HTTPClient: client, Retryer: once}),
		Stacks: cloudformation.New(cloudformation.Options{Region: "eu-central-1", Credentials: credentials,
			BaseEndpoint: aws.String(serve(r.stacks)), HTTPClient: client, Retryer: once}),
		Store: r.store, Now: o.Now, Deployment: "test", Salesforce: "sf", Redshift: "rs", Bucket: "bucket",
		ServerTime: func(context.Context) (time.Time, error) { return org.Clock().Now(), nil },
	}
	r.files = files.NewBucket(s3.New(s3.Options{Region: "eu-central-1", Credentials: credentials, UsePathStyle: true,
		BaseEndpoint: aws.String(serve(&r.left)), HTTPClient: client, Retryer: once}), "bucket", "in")
	return r
}

func (r *rig) sink(_ context.Context, table string, header []string, rows [][]string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.into, r.head = table, header
	for _, row := range rows {
		r.rows = append(r.rows, slices.Clone(row))
	}
	return nil
}

func (r *rig) lander(change func(*appflow.Config)) *appflow.Lander {
	r.t.Helper()
	c := r.config
	if change != nil {
		change(&c)
	}
	l, err := appflow.New(c)
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

// request reads some fields of all Accounts.
func (r *rig) request(attempt string) mover.LandRequest {
	return mover.LandRequest{
		Org: r.org.ID(), Attempt: attempt, Run: "run-1", Object: "Account", Table: "salesforce_incremental.account",
		Fields: []schema.Field{{Name: "Id", Type: schema.ID}, {Name: "Name", Type: schema.String},
			{Name: "SystemModstamp", Type: schema.DateTime},
			{Name: "IsDeleted", Type: schema.Boolean}, {Name: "AnnualRevenue", Type: schema.Currency}},
		Columns: []string{"id", "name", "systemmodstamp", "isdeleted", "annualrevenue"}, Cursor: "SystemModstamp",
	}
}

// made makes the flow of a landing, looking as often as it takes.
func (r *rig) made(l mover.Lander, q mover.LandRequest, at mover.Landing) (mover.Landing, error) {
	var err error
	for range 30 {
		if at, err = l.Make(r.t.Context(), q, at); err != nil || at.Made {
			return at, err
		}
		r.now = r.now.Add(10 * time.Second)
	}
	r.t.Fatal("it is never made")
	return at, nil
}

// landed starts a landing and waits for its end.
func (r *rig) landed(l mover.Lander, at mover.Landing) (mover.Landing, error) {
	at, err := l.Start(r.t.Context(), at)
	for looks := 0; err == nil && !at.Done && looks < 50; looks++ {
		r.now = r.now.Add(10 * time.Second)
		at, err = l.Poll(r.t.Context(), at)
	}
	return at, err
}

// keys counts rows and different Ids that landed.
func (r *rig) keys() (rows, keys int) {
	ids := map[string]bool{}
	for _, row := range r.rows {
		ids[row[0]] = true
	}
	return len(r.rows), len(ids)
}

// memory is a blob store in memory.
type memory map[string][]byte

func (m memory) Put(_ context.Context, key string, body io.Reader) (blob.Info, error) {
	if _, ok := m[key]; ok {
		return blob.Info{}, blob.ErrExists
	}
	b, err := io.ReadAll(body)
	m[key] = b
	return blob.Info{Key: key, Size: int64(len(b))}, err
}

func (m memory) Open(_ context.Context, key string) (io.ReadCloser, error) {
	b, ok := m[key]
	if !ok {
		return nil, blob.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (m memory) List(_ context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for key, b := range m {
			if strings.HasPrefix(key, prefix) && !yield(blob.Info{Key: key, Size: int64(len(b))}, nil) {
				return
			}
		}
	}
}

func (m memory) Delete(_ context.Context, key string) error { delete(m, key); return nil }

func (m memory) Where(key string) (path, url string) { return "", "s3://bucket/stage/" + key }
