package redshift

import (
	"fmt"
	"net/url"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/warehouse/handshake"
)

// A place is a URL, read. Both kinds of URL take these parameters:
//
//	stage=s3://bucket/prefix   where pages that aren't in S3 already, and manifests, are put
//	role=ARN                   the IAM role by which COPY reads the bucket; the cluster's default one else
//	region=NAME                of the bucket, where it isn't the cluster's
//	text=fail|truncate|super   what becomes of texts over 65,535 bytes
//
// and the Data API takes secret=ARN, and user=NAME for a cluster.
type place struct {
	what string // in words, for errors
	wire string // the URL for pgx, without our parameters

	workgroup, cluster, database, user, secret string

	stage  string // "" or s3://bucket/prefix
	role   string
	region string
	text   LongText
}

func (p place) String() string { return p.what }

// The forms of a URL, for hints.
const (
	wireForm = "write it as in redshift://user@host:5439/database?stage=s3://bucket/prefix"
	dataForm = "write it as in redshift-data://workgroup/NAME/DATABASE or " +
		"redshift-data://cluster/NAME/DATABASE?user=USER"
)

// CheckWire tells what is wrong with a URL of the wire, and CheckData with one of the
// Data API, as far as that can be seen without Redshift.
func CheckWire(url string) error {
	_, err := readWire(url)
	return err
}

// CheckData does it for the Data API.
func CheckData(url string) error {
	_, err := readData(url)
	return err
}

func readWire(text string) (place, error) {
	u, q, err := read(text, wireForm)
	if err != nil {
		return place{}, err
	}
	p, err := ours(q)
	if err == nil {
		err = handshake.CheckOptions(q)
	}
	if err != nil {
		return place{}, err
	}
	if u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return place{}, plan.Fixf(wireForm, "warehouse.url names no host or no database")
	}
	if u.Port() == "" {
		u.Host += ":5439"
	}
	u.Scheme, u.RawQuery = "postgres", q.Encode()
	p.wire, p.database = u.String(), strings.Trim(u.Path, "/")
	p.what = fmt.Sprintf("Redshift database %s at %s", p.database, u.Host)
	return p, nil
}

func readData(text string) (place, error) {
	u, q, err := read(text, dataForm)
	if err != nil {
		return place{}, err
	}
	p, err := ours(q)
	if err != nil {
		return place{}, err
	}
	for name := range q {
		if name != "secret" && name != "user" {
			return place{}, plan.Fixf("the parameters are: stage, role, region, text, secret, user",
				"warehouse.url has an unknown parameter %s", printable.Line(name))
		}
	}
	p.secret, p.user = q.Get("secret"), q.Get("user")
	name, database, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if name == "" || database == "" || strings.Contains(database, "/") {
		return place{}, plan.Fixf(dataForm, "warehouse.url names no workgroup or cluster, or no database")
	}
	p.database = database
	switch u.Host {
	case "workgroup":
		p.workgroup = name
		if p.user != "" {
			return place{}, plan.Fixf("leave user out: a workgroup's user follows from the IAM identity, "+
				"or from secret=ARN", "warehouse.url names a user of a workgroup")
		}
	case "cluster":
		p.cluster = name
	default:
		return place{}, plan.Fixf(dataForm, "warehouse.url names neither a workgroup nor a cluster")
	}
	p.what = fmt.Sprintf("Redshift database %s of the %s %s", database, u.Host, name)
	return p, nil
}

// read parses a URL, and refuses one that holds a password, without repeating
// it (invariant 9).
func read(text, form string) (*url.URL, url.Values, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, nil, plan.Fixf(form, "warehouse.url is not a URL")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, nil, plan.Fixf(form, "the parameters of warehouse.url can't be read")
	}
	if _, has := u.User.Password(); has || q.Has("password") || q.Has("sslpassword") {
		return nil, nil, plan.Fixf("take it out of warehouse.url; give it by PGPASSWORD, by a file (?passfile=PATH), "+
			"or use the Data API with secret=ARN",
			"warehouse.url holds a password")
	}
	return u, q, nil
}

// ours takes our parameters out of q. Of the rest each way knows some.
func ours(q url.Values) (place, error) {
	p := place{stage: strings.TrimSuffix(q.Get("stage"), "/"), role: q.Get("role"), region: q.Get("region"),
		text: LongText(q.Get("text"))}
	for _, name := range []string{"stage", "role", "region", "text"} {
		q.Del(name)
	}
	switch p.text {
	case "":
		p.text = FailLongText
	case FailLongText, TruncateLongText, SuperLongText:
	default:
		return place{}, plan.Fixf("it is one of: fail, truncate, super", "warehouse.text is %q", p.text)
	}
	if bucket, _, _ := cutS3(p.stage); p.stage != "" && bucket == "" {
		return place{}, plan.Fixf("write it as in stage=s3://bucket/prefix", "stage in warehouse.url names no bucket")
	}
	return p, nil
}

// cutS3 takes s3://bucket/key apart.
func cutS3(text string) (bucket, key string, ok bool) {
	rest, ok := strings.CutPrefix(text, "s3://")
	bucket, key, _ = strings.Cut(rest, "/")
	if !ok {
		return "", "", false
	}
	return bucket, key, true
}
