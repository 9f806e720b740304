package readers

import (
	"regexp"
	"strings"

	"catchment/internal/warehouse/lake/place"
)

// A catalog is what lists a lake's tables, as engines of others know it.
type catalog string

const (
	glue     catalog = "AWS Glue"
	s3Tables catalog = "Amazon S3 Tables"
	rest     catalog = "one that speaks REST"
	folder   catalog = "a folder"
)

// A Lake is what engines have to know of one. What isn't known is "".
type Lake struct {
	catalog   catalog
	location  string // in S3, where its files are
	account   string // of AWS, whose catalog it is
	region    string
	bucket    string // of S3 Tables
	url       string // of a catalog that speaks REST
	warehouse string // which of that catalog's
	login     login
	scope     string // of the token that a credential is changed for
	oauth     string // where it is
}

// A login is how a catalog that speaks REST is told who asks.
type login int

const (
	nobody login = iota
	credential
	token
)

// Folder is a lake in a folder of this machine.
func Folder() Lake { return Lake{catalog: folder} }

// Glue is a lake whose catalog is AWS Glue.
func Glue(at place.Glue) Lake {
	return Lake{catalog: glue, location: at.Location, account: at.Catalog}
}

var (
	accounts = regexp.MustCompile(`^[0-9]{12}$`)
	buckets  = regexp.MustCompile(`^arn:aws[a-z-]*:s3tables:([a-z0-9-]+):([0-9]{12}):bucket/([a-z0-9-]+)$`)
	regions  = regexp.MustCompile(`^https://(?:glue|s3tables)\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/`)
)

// REST is a lake whose catalog speaks REST. Two of these are known by the service that requests are signed for.
func REST(at place.REST) Lake {
	l := Lake{catalog: rest, location: at.Location, url: at.URL, warehouse: at.Warehouse,
		scope: at.Scope, oauth: at.OAuth}
	switch {
	case at.Credential != "":
		l.login = credential
	case at.Token != "":
		l.login = token
	}
	if found := regions.FindStringSubmatch(at.URL + "/"); found != nil {
		l.region = found[1]
	}
	switch at.Sign {
	case "glue":
		l.catalog = glue
		if accounts.MatchString(at.Warehouse) {
			l.account = at.Warehouse
		}
		l.warehouse = ""
	case "s3tables":
		l.catalog = s3Tables
		if found := buckets.FindStringSubmatch(at.Warehouse); found != nil {
			l.region, l.account, l.bucket = found[1], found[2], found[3]
		}
	}
	return l
}

// The words that stand for what isn't known of a lake. Each is as what it stands for is used.
const (
	anAccount  = "YOUR_ACCOUNT"
	aRegion    = "YOUR_REGION"
	aBucket    = "YOUR_TABLE_BUCKET"
	aLocation  = "s3://YOUR_LAKE"
	aCatalog   = "YOUR_CATALOG"
	aRole      = "YOUR_ROLE"
	aWarehouse = "YOUR_WAREHOUSE"
	aClient    = "YOUR_CLIENT_ID"
	aSecret    = "YOUR_CLIENT_SECRET" // #nosec G101 -- a word that stands for one
	aToken     = "YOUR_TOKEN"
)

// or is what is known, or else the word for it.
func or(known, word string) string {
	if known == "" {
		return word
	}
	return known
}

// unknown explains the words that a lake's statements have for what isn't known of it.
func (l Lake) unknown(used ...string) (all []word) {
	for _, one := range []struct{ known, name, is string }{
		{l.account, anAccount, "the number of the AWS account that the lake is in"},
		{l.region, aRegion, "the AWS region that the lake is in"},
		{l.bucket, aBucket, "the table bucket of S3 Tables that the lake is in"},
		{l.location, aLocation, "where in S3 the files of the tables are: a bucket, and a prefix if there is one"},
		{l.warehouse, aWarehouse, "what the catalog calls the one of its warehouses that the lake is"},
	} {
		for _, name := range used {
			if one.known == "" && one.name == name {
				all = append(all, word{one.name, one.is})
			}
		}
	}
	return all
}

// asks explains the words for what says who asks a catalog that speaks REST.
func (l Lake) asks() []word {
	switch l.login {
	case credential:
		return []word{{aClient, "the id of a client that the catalog knows, which may only read"},
			{aSecret, "its secret"}}
	case token:
		return []word{{aToken, "one that the catalog knows, of somebody who may only read"}}
	}
	return nil
}

// role is the name of a role of the catalog's account, as AWS writes it.
func (l Lake) role() string { return "arn:aws:iam::" + or(l.account, anAccount) + ":role/" + aRole }

// endpoint is where Glue's catalog speaks REST.
func (l Lake) endpoint() string {
	return "https://glue." + or(l.region, aRegion) + ".amazonaws.com/iceberg"
}

// tableBucket is the warehouse of S3 Tables.
func (l Lake) tableBucket() string {
	if l.bucket == "" {
		return "arn:aws:s3tables:" + or(l.region, aRegion) + ":" + or(l.account, anAccount) + ":bucket/" + aBucket
	}
	return l.warehouse
}

// rights are what a role has to be allowed that reads a lake of Glue.
func (n names) rights() string {
	return "glue:GetDatabase, GetDatabases, GetTable, GetTables and GetPartitions on database " + n.schema + ", and " +
		"s3:GetObject and ListBucket on " + strings.TrimSuffix(or(n.location, aLocation), "/")
}
