package redshift

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata"

	"catchment/internal/awserr"
	"catchment/internal/waiting"
)

// A dataDriver is a driver on the Data API, whose statements need nobody to wait
// for them. It implements warehouse.Detacher.
type dataDriver struct {
	*driver
	data *data
}

// statementName is what the statements that go on by themselves are called, for
// ListStatements and the console.
const statementName = "catchment consolidate"

// Detach begins a statement outside of any session: it is one transaction, and
// goes on for up to a day (Amazon Redshift Management Guide, Considerations when
// calling the Amazon Redshift Data API). The service remembers a token for eight
// hours.
func (d *dataDriver) Detach(ctx context.Context, token, sql string) (string, error) {
	if err := d.data.open(); err != nil {
		return "", err
	}
	if err := d.data.fits(sql, nil); err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(token))
	in := &redshiftdata.ExecuteStatementInput{Sql: &sql, ClientToken: aws.String(hex.EncodeToString(sum[:])),
		StatementName: aws.String(statementName)}
	d.data.address(in)
	sent, err := d.data.client.ExecuteStatement(ctx, in)
	if err != nil {
		return "", dataFailure(ctx, "ExecuteStatement", d.place, err)
	}
	return aws.ToString(sent.Id), nil
}

// Ended asks until the statement has ended, or patience has. The service tells
// of a statement for a day, and only the IAM identity that began it.
func (d *dataDriver) Ended(ctx context.Context, id string, patience time.Duration) (bool, error) {
	if err := d.data.open(); err != nil {
		return false, err
	}
	for began, pause := time.Now(), d.o.Poll; ; pause = min(2*pause, longestPause) {
		done, err := d.data.client.DescribeStatement(ctx, &redshiftdata.DescribeStatementInput{Id: &id})
		switch code := awserr.CodeOf(err); {
		case code == "ResourceNotFoundException", code == "AccessDeniedException":
			return true, nil
		case err != nil:
			return false, dataFailure(ctx, "DescribeStatement", d.place, err)
		}
		if ended, err := d.data.outcome(done); ended || err != nil {
			return true, err
		}
		if time.Since(began) >= patience {
			return false, nil
		}
		if err := waiting.For(ctx, pause); err != nil {
			return false, err
		}
	}
}
