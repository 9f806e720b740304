// Package appflow lands records by Amazon AppFlow: one flow per attempt, each
// in a CloudFormation stack of its own, or one lasting flow per object whose
// filter is changed before each run.
//
// AppFlow appends to a table of Redshift and knows nothing of attempts: which
// rows came is settled afterwards, by counting (replicate claims them). What
// this package has to see to is that nothing is lost on the way: the window
// has room on both sides (define.go), a start is never given twice without
// need, and every execution since the last claim is counted (decide.go).
//
// With a Format it leaves files in S3 instead, and which of them count is settled by the
// executions' records (filer.go); package files reads them.
//
// It works against whatever a crash left behind: names follow from the attempt,
// and every method looks before it acts. Start at New; make.go makes flows,
// run.go starts them and waits, errors.go says what AWS's errors mean.
package appflow

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/appflow"
	"github.com/aws/aws-sdk-go-v2/service/appflow/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"catchment/internal/blob"
	"catchment/internal/mover"
	"catchment/internal/plan"
)

// Config is what a Lander works with.
type Config struct {
	Flows  *appflow.Client
	Stacks *cloudformation.Client // not needed where flows last
	Store  blob.Store             // where templates are kept
	Now    func() time.Time

	Deployment string // tells this catchment's flows from another one's
	Salesforce string // the connector profiles
	Redshift   string
	Bucket     string // AppFlow's intermediate bucket, or that of the files
	Prefix     string // in it; may be ""
	Format     types.FileType
	Lasting    bool // one flow per object stays, and its filter is changed

	ServerTime func(context.Context) (time.Time, error) // of the org

	Patience time.Duration // after which an execution hangs; 6 hours where 0
	Rest     time.Duration // between a change of a flow and its start; 15 seconds where 0
}

// A Lander lands records by AppFlow.
type Lander struct{ c Config }

var (
	_ mover.Lander    = (*Lander)(nil)
	_ mover.Templater = (*Lander)(nil)
)

// New makes a Lander of rows. What its settings lack is told at once.
func New(c Config) (*Lander, error) {
	c.Format = ""
	return newLander(c)
}

func newLander(c Config) (*Lander, error) {
	for _, need := range []struct{ key, value string }{
		{"appflow.salesforce", c.Salesforce}, {"appflow.redshift", c.Redshift}, {"appflow.bucket", c.Bucket},
	} {
		if need.value == "" && (need.key != "appflow.redshift" || c.Format == "") {
			return nil, plan.Fixf("see docs/howto/appflow.md", "mover appflow needs the key %s", need.key)
		}
	}
	if c.Patience == 0 {
		c.Patience = 6 * time.Hour
	}
	if c.Rest == 0 {
		c.Rest = 15 * time.Second
	}
	return &Lander{c}, nil
}

// Traits are those of AppFlow, which lands what Bulk carries too. What it takes
// of the org is not known.
func (l *Lander) Traits() mover.Traits {
	return mover.Traits{Lands: true, Outlives: true, Plain: true}
}

// Plan names the landing of an attempt. The name is that of flow and stack.
func (l *Lander) Plan(r mover.LandRequest) mover.Landing {
	attempt := r.Attempt
	if l.c.Lasting {
		attempt = "lasting"
	}
	return mover.Landing{ID: nameOf(l.c.Deployment, r.Org, r.Object, attempt)}
}

// namePrefix is what the names of our stacks and flows begin with.
const namePrefix = "catchment-"

// nameOf makes a name that CloudFormation and AppFlow both take: letters,
// digits and hyphens, no underscore.
func nameOf(deployment, org, object, attempt string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{deployment, org, object, attempt}, "\x00")))
	return namePrefix + slug(object) + "-" + hex.EncodeToString(sum[:6])
}

// slug is an object's name as far as it fits into a stack's.
func slug(object string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(object) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b.WriteRune(c)
		case c == '_' && b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := b.String()
	return strings.Trim(s[:min(len(s), 60)], "-")
}

// Template writes the CloudFormation template that lands r.
func (l *Lander) Template(r mover.LandRequest) ([]byte, error) {
	d, err := l.define(r)
	if err != nil {
		return nil, err
	}
	return d.template()
}

// Keep stores the CloudFormation template that lands r.
func (l *Lander) Keep(ctx context.Context, r mover.LandRequest) (string, error) {
	text, err := l.Template(r)
	if err != nil {
		return "", err
	}
	return l.store(ctx, r.Object, text)
}

// store keeps a template under a name that its content gives it.
func (l *Lander) store(ctx context.Context, object string, text []byte) (key string, err error) {
	sum := sha256.Sum256(text)
	key = "templates/" + slug(object) + "-" + hex.EncodeToString(sum[:6]) + ".json"
	_, err = l.c.Store.Put(ctx, key, bytes.NewReader(text))
	if errors.Is(err, blob.ErrExists) {
		err = l.same(ctx, key, text)
	}
	if err != nil {
		return "", fmt.Errorf("keep the template of %s: %w", object, err)
	}
	return key, nil
}

// longestBody is how long a template may be in the request itself; a longer
// one is read from S3 (CloudFormation quotas).
const longestBody = 51_200

// keep stores a template, and tells how CloudFormation can read it: its text, or
// its URL.
func (l *Lander) keep(ctx context.Context, object string, text []byte) (body, url string, err error) {
	key, err := l.store(ctx, object, text)
	if err != nil {
		return "", "", err
	}
	if len(text) <= longestBody {
		return string(text), "", nil
	}
	_, where := l.c.Store.Where(key)
	bucket, rest, ok := strings.Cut(strings.TrimPrefix(where, "s3://"), "/")
	if !ok || !strings.HasPrefix(where, "s3://") {
		return "", "", plan.Fixf("keep the stage in S3 (stage.url: s3://bucket/prefix), "+
			"or name fewer fields in the flow",
			"the template of %s is %d bytes long, and CloudFormation takes only %d without S3", object,
			len(text), longestBody)
	}
	return "", "https://" + bucket + ".s3.amazonaws.com/" + rest, nil
}

// same proves that a stored template is the one that was to be stored.
func (l *Lander) same(ctx context.Context, key string, text []byte) error {
	f, err := l.c.Store.Open(ctx, key)
	if err != nil {
		return err
	}
	defer f.Close()
	stored, err := io.ReadAll(f)
	if err == nil && !bytes.Equal(stored, text) {
		err = plan.Failf(plan.Fix, "delete it from the stage; the next run writes it anew",
			"template %s is not what it was stored as", key)
	}
	return err
}
