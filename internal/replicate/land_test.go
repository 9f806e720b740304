package replicate_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdkflow "github.com/aws/aws-sdk-go-v2/service/appflow"
	"github.com/aws/aws-sdk-go-v2/service/appflow/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"catchment/internal/control"
	fake "catchment/internal/fakeaws/appflow"
	"catchment/internal/fakeaws/bucket"
	"catchment/internal/fakeaws/stacks"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/mover/appflow"
	"catchment/internal/mover/appflow/files"
	"catchment/internal/rig"
	"catchment/internal/warehouse/sql"
)

// A cloud is AppFlow and CloudFormation beside a rig. AppFlow appends through
// whatever process has the warehouse open.
type cloud struct {
	*rig.Rig
	flows   *fake.Server
	stacks  *stacks.Server
	urls    [3]string // of AppFlow, CloudFormation and S3
	driver  sql.Driver
	ahead   atomic.Int64 // AWS's clock goes on with each look at it
	lasting bool
	apart   bool
	format  types.FileType // of files, "" where rows land
	bucket  *bucket.Bucket
}

func newCloud(t *testing.T, r *rig.Rig, change func(*fake.Options)) *cloud {
	t.Helper()
	c := &cloud{Rig: r, bucket: &bucket.Bucket{Page: 3}}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	org := r.Org.Credentials()
	o := fake.Options{
		Salesforce: map[string]fake.Profile{"sf": {URL: r.Server.URL, ClientID: org.ClientID,
			ClientSecret: org.ClientSecret, RefreshToken: org.RefreshToken}},
		Redshift: map[string]fake.Sink{"rs": c.sink},
		S3: map[string]fake.Folder{"bucket": func(_ context.Context, key string, body []byte) error {
			c.bucket.Put("bucket/"+key, body)
			return nil
		}},
		HTTP: client, Now: c.awsNow, PutRows: 5,
	}
	if change != nil {
		change(&o)
	}
	c.flows = fake.New(o)
	at := httptest.NewServer(c.flows)
	t.Cleanup(at.Close)
	c.stacks = stacks.New(stacks.Options{AppFlow: at.URL, HTTP: client, Now: c.awsNow})
	stacksAt := httptest.NewServer(c.stacks)
	t.Cleanup(stacksAt.Close)
	bucketAt := httptest.NewServer(c.bucket)
	t.Cleanup(bucketAt.Close)
	c.urls = [3]string{at.URL, stacksAt.URL, bucketAt.URL}
	for i := range r.Flows {
		r.Flows[i].Mover = flow.ByAppFlow
	}
	return c
}

// landing is a rig with an object that AppFlow brings in some way.
func landing(t *testing.T, object string, change func(*cloud)) (*rig.Rig, *cloud) {
	t.Helper()
	r := rig.New(t, crashOrg(t), object)
	c := newCloud(t, r, nil)
	change(c)
	return r, c
}

func (c *cloud) awsNow() time.Time {
	return c.Org.Clock().Now().Add(time.Duration(c.ahead.Add(1)) * time.Second)
}

// sink appends rows as AppFlow does: it names the columns that it has.
func (c *cloud) sink(ctx context.Context, table string, header []string, rows [][]string) error {
	schema, name, _ := strings.Cut(table, ".")
	return c.driver.Tx(ctx, func(tx sql.Tx) error {
		for _, row := range rows {
			places := make([]string, len(row))
			args := make([]any, len(row))
			for i, v := range row {
				places[i] = fmt.Sprintf("$%d", i+1)
				if v != "" {
					args[i] = v
				}
			}
			if _, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO "%s"."%s" ("%s") VALUES (%s)`, schema, name,
				strings.Join(header, `", "`), strings.Join(places, ", ")), args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// lander gives a process its lander. A fate may end it.
func (c *cloud) lander(p *rig.Process, wire http.RoundTripper) mover.Lander {
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
	})
	once := retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 1 })
	client := &http.Client{Transport: wire}
	config := appflow.Config{
		Flows: sdkflow.New(sdkflow.Options{Region: "eu-central-1", Credentials: credentials, BaseEndpoint: &c.urls[0],
			HTTPClient: client, Retryer: once}),
		Stacks: cloudformation.New(cloudformation.Options{Region: "eu-central-1", Credentials: credentials,
			BaseEndpoint: &c.urls[1], HTTPClient: client, Retryer: once}),
		Store: p.Stage, Now: c.awsNow, Deployment: "test", Salesforce: "sf", Redshift: "rs", Bucket: "bucket",
		Lasting:    c.lasting,
		ServerTime: p.Client.ServerTime, Rest: time.Nanosecond, Format: c.format,
	}
	var l mover.Lander
	var err error
	if l, err = appflow.New(config); c.format != "" {
		l, err = appflow.NewFiler(config, files.NewBucket(s3.New(s3.Options{
			Region: "eu-central-1", Credentials: credentials, BaseEndpoint: &c.urls[2], UsePathStyle: true,
			HTTPClient: client, Retryer: once,
		}), "bucket", ""))
	}
	if err != nil {
		c.T.Fatal(err)
	}
	return l
}

// with lets a process land by AppFlow.
func (c *cloud) with(p *rig.Process) {
	transport := &http.Transport{}
	p.Closers = append(p.Closers, func() error { transport.CloseIdleConnections(); return nil })
	c.driver = p.Driver
	p.Landers = map[string]mover.Lander{"appflow": c.lander(p, transport)}
	p.Options.LandApart = c.apart
}

// patient has a process try five times. While it waits time passes, of which a flow that hangs takes much.
func (c *cloud) patient(p *rig.Process, hangs bool) {
	c.with(p)
	p.Tries = 5
	looks := 0
	p.Sleep = func() {
		if looks++; looks > 3 && hangs {
			c.ahead.Add(3600)
		}
	}
}

// A way to land.
type way struct {
	name   string
	change func(*cloud)
}

func ways() []way {
	return []way{{"stack", func(*cloud) {}}, {"lasting", func(c *cloud) { c.lasting = true }},
		{"apart", func(c *cloud) { c.apart = true }}}
}

// everyLanding runs a test in each way to land.
func everyLanding(t *testing.T, test func(t *testing.T, change func(*cloud))) {
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) { test(t, w.change) })
	}
}

// nothingLeft proves that no flow and no stack outlives its run.
func (c *cloud) nothingLeft() {
	c.T.Helper()
	for name, status := range c.stacks.Stacks() {
		if status != "DELETE_IN_PROGRESS" { // nobody looks at it any more
			c.T.Errorf("stack %s is %s", name, status)
		}
	}
	if got := c.flows.Flows(); len(got) > 0 && !c.lasting {
		c.T.Errorf("flows left: %v", got)
	}
}

// holds compares the table with the org.
func (c *cloud) holds() {
	c.T.Helper()
	got, err := c.Compare(c.Rig.Flows[0])
	if err != nil || got.Missing+got.Extra+got.Stale+got.Duplicates != 0 {
		c.T.Errorf("%+v, %v", got, err)
	}
}

// Three runs with changes between them: more rows land than there are records,
// and the table has each record once.
func TestLands(t *testing.T) {
	t.Parallel()
	everyLanding(t, func(t *testing.T, change func(*cloud)) {
		r, c := landing(t, "Contact", change)
		for n := range 3 {
			c.flows.Script(fake.Script{Looks: 2, Again: 2})
			row := r.Done(c.with)
			if o := row.Objects[0]; o.Mover != "appflow" || o.Records == 0 {
				t.Errorf("run %d: %+v", n, o)
			}
			if n == 0 && !strings.Contains(strings.Join(row.Objects[0].Notes, " "), "rows landed for 16 records") {
				t.Errorf("%q", row.Objects[0].Notes)
			}
			c.nothingLeft()
			c.holds()
			r.History(20, uint64(n+3))
		}
	})
}

// The same into Redshift, and PostgreSQL.
func TestLandsInWarehouses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postgres", "redshift"} {
		for _, w := range ways() {
			t.Run(name+" "+w.name, func(t *testing.T) {
				r, c := landing(t, "Contact", w.change)
				r.Shelf = shelfOf(t, name)
				for n := range 3 {
					c.flows.Script(fake.Script{Again: 2})
					if n == 1 { // a flow that failed halfway leaves what it had put
						c.flows.Script(fake.Script{Fail: "Internal failure", After: 3})
					}
					r.Done(c.with)
					c.nothingLeft()
					r.Same()
					r.History(20, uint64(n+3))
				}
			})
		}
	}
}

// What goes wrong at AWS is tried again, in this run or in the next, and
// nothing is lost or counted that isn't there.
func TestLandingFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		before func(*cloud)
		failed bool // the run that meets it fails
	}{
		{"fails halfway", func(c *cloud) { c.flows.Script(fake.Script{Fail: "Internal failure", After: 7}) }, false},
		{"fails halfway for good", func(c *cloud) {
			c.flows.Script(fake.Script{Fail: "INVALID_FIELD: no such column", After: 7})
		}, true},
		{"may not read the object", func(c *cloud) {
			c.flows.Script(fake.Script{Fail: "INSUFFICIENT_ACCESS: insufficient access rights on object", After: 7})
		}, true},
		{"loses rows", func(c *cloud) { c.flows.Script(fake.Script{Lose: 3}) }, false},
		{"hangs", func(c *cloud) { c.flows.Script(fake.Script{Hang: true}) }, false},
		{"throttled", func(c *cloud) {
			c.flows.Fault(fake.Fault{Code: "ThrottlingException", Message: "Rate exceeded", Times: 2})
			c.stacks.Fault(stacks.Fault{Code: "Throttling", Message: "Rate exceeded", Times: 2})
		}, false},
		{"rolls back", func(c *cloud) {
			c.stacks.Script(stacks.Script{Looks: 1, Fail: "Internal failure", Orphan: true})
		}, false},
		{"quota", func(c *cloud) {
			c.flows.Fault(fake.Fault{Operation: "start-flow", Code: "ServiceQuotaExceededException",
				Message: "too many"})
		}, true},
		{"denied", func(c *cloud) {
			c.flows.Fault(fake.Fault{Operation: "start-flow", Code: "AccessDeniedException", Message: "no"})
		}, true},
	}
	for i, tt := range tests {
		for n, w := range ways() {
			if *crashEvery == 0 && n > 0 && n != 1+i%2 { // all of them in the long form
				continue
			}
			t.Run(tt.name+" "+w.name, func(t *testing.T) {
				r, c := landing(t, "Contact", w.change)
				tt.before(c)
				row := r.Run(func(p *rig.Process) { c.patient(p, tt.name == "hangs") })
				if (row.State == control.Failed) != tt.failed {
					t.Fatalf("%s %+v", row.State, row.Objects)
				}
				if tt.failed {
					if o := row.Objects[0]; o.Error == "" || o.Hint == "" {
						t.Errorf("%+v", o)
					}
					c.nothingLeft() // what failed is no reason to keep a flow
					r.Done(c.with)
				}
				c.nothingLeft()
				c.holds()
			})
		}
	}
}

// A flow that ran twice has landed everything twice, the second time after the
// first was claimed: the next run consolidates what nobody claims, first.
func TestRowsThatNobodyClaims(t *testing.T) {
	t.Parallel()
	everyLanding(t, func(t *testing.T, change func(*cloud)) {
		r, c := landing(t, "Contact", change)
		r.Done(c.with)
		p := r.Start(nil)
		table := "salesforce_incremental.contact"
		if c.apart {
			table += "_landing"
		}
		c.driver = p.Driver
		id := r.IDs("Contact")[0]
		err := c.sink(t.Context(), table, []string{"id", "lastname", "systemmodstamp", "isdeleted"},
			[][]string{{id, "stale", "2001-01-01T00:00:00.000Z", "false"},
				{id, "stale", "2001-01-01T00:00:00.000Z", "false"}})
		p.Close()
		if err != nil {
			t.Fatal(err)
		}
		r.History(12, 3)
		row := r.Done(c.with)
		if !strings.Contains(strings.Join(row.Objects[0].Notes, " "), "2 rows that nobody had claimed") {
			t.Errorf("%q", row.Objects[0].Notes)
		}
		c.holds()
	})
}

// A run may die at any moment, between any two calls of AWS, Salesforce,
// warehouse and control table: the next one goes on from there.
func TestCrashWhileLanding(t *testing.T) {
	t.Parallel()
	everyLanding(t, landsThroughCrashes)
}

// landsThroughCrashes lets a run die at one moment after the other.
func landsThroughCrashes(t *testing.T, change func(*cloud)) {
	template := rig.New(t, crashOrg(t), "Contact")
	moments := func() int {
		r := template.Fork(t)
		c := newCloud(t, r, nil)
		change(c)
		f := &rig.Fate{}
		p := r.Start(f)
		defer p.Close()
		c.fated(p, f)
		if row := p.Run(); row.State != control.Done {
			t.Fatalf("without a crash: %+v", row)
		}
		return f.Moments
	}()
	for _, n := range deathsAmong(t, moments, 5) {
		r := template.Fork(t)
		c := newCloud(t, r, nil)
		change(c)
		f := &rig.Fate{At: n}
		p := r.Start(f)
		p.Tries = 1
		if p.Control != nil {
			c.fated(p, f)
			p.Run()
		}
		p.Close()
		r.Later(time.Second) // the forks share an org, whose clock only goes on
		r.Done(c.with)
		c.nothingLeft()
		c.holds()
		if t.Failed() {
			t.Fatalf("died at moment %d of %d", n, moments)
		}
	}
}

// fated lets a process land that may die.
func (c *cloud) fated(p *rig.Process, f *rig.Fate) {
	c.with(p)
	c.driver = rig.Immortal(p.Driver) // AppFlow lives on
	transport := &http.Transport{}
	p.Closers = append(p.Closers, func() error { transport.CloseIdleConnections(); return nil })
	p.Landers = map[string]mover.Lander{"appflow": c.lander(p, f.Wire(transport))}
}
