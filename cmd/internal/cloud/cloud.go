// Package cloud lists the drivers that both programs have: those that need no
// cgo and no disk, so that they also run in Lambda.
package cloud

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	awsappflow "github.com/aws/aws-sdk-go-v2/service/appflow"
	"github.com/aws/aws-sdk-go-v2/service/appflow/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"catchment/internal/awserr"
	"catchment/internal/blob"
	"catchment/internal/blob/s3"
	"catchment/internal/control/dynamo"
	"catchment/internal/control/versioned"
	"catchment/internal/dns"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/mover/appflow"
	"catchment/internal/mover/appflow/files"
	"catchment/internal/mover/bulk"
	"catchment/internal/mover/rest"
	"catchment/internal/plan"
	"catchment/internal/project"
	"catchment/internal/salesforce"
	"catchment/internal/secret"
	"catchment/internal/warehouse/handshake"
	"catchment/internal/warehouse/lake/readers"
)

// An AWS is the account that the environment names. It is asked for only where
// a configuration needs it.
type AWS struct {
	// Names is how warehouses find the hosts of their URLs; nil as the machine does.
	Names  *dns.Patience
	config func() (aws.Config, error)
}

// lookup finds hosts by Names.
func (a *AWS) lookup() handshake.Lookup {
	if a.Names == nil {
		return nil
	}
	return a.Names.Lookup(net.DefaultResolver.LookupHost)
}

// New makes an AWS of the environment, as every program of AWS reads it: proxy
// and AWS_CA_BUNDLE included, which the SDK adds to a client of its own only.
func New() *AWS {
	return &AWS{config: sync.OnceValues(func() (aws.Config, error) {
		c, err := config.LoadDefaultConfig(context.Background())
		if err != nil {
			return c, plan.Fixf("look at AWS_PROFILE, AWS_REGION and ~/.aws/config",
				"read the configuration of AWS: %w", err)
		}
		if c.Region == "" {
			return c, plan.Fixf("set AWS_REGION", "AWS needs a region")
		}
		return c, nil
	})}
}

// Config is how the SDK reaches the account.
func (a *AWS) Config() (aws.Config, error) { return a.config() }

// S3 makes a client. A stand-in on this machine has no names for its buckets.
func (a *AWS) S3() (*awss3.Client, error) {
	c, err := a.config()
	return awss3.NewFromConfig(c, func(o *awss3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil || c.BaseEndpoint != nil
	}), err
}

// secretTime bounds the reading of one secret.
const secretTime = 30 * time.Second

// Secrets read what is kept outside, by the scheme of a reference.
func (a *AWS) Secrets() map[string]secret.Reader {
	return map[string]secret.Reader{"aws-sm": a.secretsManager}
}

// secretsManager reads a secret by name or ARN.
func (a *AWS) secretsManager(name string) (string, error) {
	c, err := a.config()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), secretTime)
	defer cancel()
	out, err := secretsmanager.NewFromConfig(c).GetSecretValue(ctx,
		&secretsmanager.GetSecretValueInput{SecretId: &name})
	if err != nil {
		return "", awserr.Classed("secretsmanager:GetSecretValue", "secret "+name, err)
	}
	if out.SecretString == nil {
		return "", plan.Fixf("store it as text", "secret %s is binary", name)
	}
	return *out.SecretString, nil
}

// lander makes what has AppFlow bring records, as rows or as files.
func (a *AWS) lander(c aws.Config, l project.LanderConfig) (mover.Lander, error) {
	s := l.Settings
	by := appflow.Config{
		Flows: awsappflow.NewFromConfig(c), Stacks: cloudformation.NewFromConfig(c), Store: l.Store,
		Now: l.Now, ServerTime: l.ServerTime,
		Deployment: s.Deployment, Salesforce: s.Salesforce, Redshift: s.Redshift, Bucket: s.Bucket, Prefix: s.Prefix,
		Lasting: s.Lasting,
	}
	if !s.Files {
		return appflow.New(by)
	}
	client, err := a.S3()
	if err != nil {
		return nil, err
	}
	if by.Format = types.FileTypeCsv; s.Parquet {
		by.Format = types.FileTypeParquet
	}
	return appflow.NewFiler(by, files.NewBucket(client, s.Bucket, s.Prefix))
}

// Drivers are the drivers of both programs.
func (a *AWS) Drivers() project.Drivers {
	return project.Drivers{
		Warehouses: a.warehouses(), Engines: readers.Engines(), Local: local(), Server: "postgres",
		Stages: map[string]func(string) (blob.Store, error){
			"s3": func(place string) (blob.Store, error) {
				client, err := a.S3()
				if err != nil {
					return nil, err
				}
				return s3.New(client, place)
			},
		},
		Controls: map[string]func(string) (versioned.Table, error){
			"dynamodb": func(table string) (versioned.Table, error) {
				c, err := a.config()
				if err != nil {
					return nil, err
				}
				return dynamo.New(dynamodb.NewFromConfig(c), table)
			},
		},
		Movers: map[string]func(*salesforce.Client) mover.Pager{
			string(flow.Bulk): func(c *salesforce.Client) mover.Pager { return bulk.New(c) },
			string(flow.REST): func(c *salesforce.Client) mover.Pager { return rest.New(c) },
		},
		Landers: map[string]func(project.LanderConfig) (mover.Lander, error){
			string(flow.ByAppFlow): func(l project.LanderConfig) (mover.Lander, error) {
				c, err := a.config()
				if err != nil {
					return nil, err
				}
				return a.lander(c, l)
			},
		},
	}
}
