package place

import (
	"net/url"
	"regexp"

	"catchment/internal/plan"
)

// Glue is a lake whose catalog is AWS Glue, of the account and the region that the environment names.
type Glue struct {
	Location string // where its tables are: s3://bucket/prefix
	Catalog  string // the id of the account whose catalog it is; "" for one's own
}

const glueForm = "write it as in iceberg:glue:s3://BUCKET/PREFIX"

var accounts = regexp.MustCompile(`^[0-9]{12}$`)

// ReadGlue reads what stands behind iceberg:glue: in warehouse.url.
func ReadGlue(text string) (Glue, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" || u.User != nil {
		return Glue{}, plan.Fixf(glueForm, "warehouse.url says not where in S3 the tables are to be")
	}
	q, err := parameters(u, "catalog")
	if err != nil {
		return Glue{}, err
	}
	g := Glue{Catalog: q.Get("catalog")}
	if g.Catalog != "" && !accounts.MatchString(g.Catalog) {
		return Glue{}, plan.Fixf("it is the number of an account, of 12 digits; leave it out for your own",
			"catalog in warehouse.url is no account of AWS")
	}
	g.Location, err = location("s3://" + u.Host + u.EscapedPath())
	return g, err
}
