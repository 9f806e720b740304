package redshift

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/redshiftdata/types"
	"github.com/aws/smithy-go"
	"github.com/jackc/pgx/v5/pgconn"

	"catchment/internal/plan"
	"catchment/internal/warehouse/refusals"
	"catchment/internal/warehouse/sql"
)

func TestReadURL(t *testing.T) {
	t.Parallel()
	p, err := readWire("redshift://etl@c1.eu-central-1.redshift.amazonaws.com/dev?stage=s3://pages/salesforce/&" +
		"role=arn:x&region=eu-central-1&text=truncate&sslmode=require")
	if err != nil {
		t.Fatal(err)
	}
	want := place{what: "Redshift database dev at c1.eu-central-1.redshift.amazonaws.com:5439",
		wire:     "postgres://etl@c1.eu-central-1.redshift.amazonaws.com:5439/dev?sslmode=require",
		database: "dev", stage: "s3://pages/salesforce", role: "arn:x", region: "eu-central-1",
		text: TruncateLongText}
	if p != want {
		t.Errorf("got %+v", p)
	}
	p, err = readData("redshift-data://workgroup/wg/dev?stage=s3://pages")
	if err != nil ||
		p != (place{what: "Redshift database dev of the workgroup wg", workgroup: "wg", database: "dev",
			stage: "s3://pages", text: FailLongText}) {
		t.Errorf("got %+v, %v", p, err)
	}
	p, err = readData("redshift-data://cluster/c1/dev?user=etl&secret=arn:s")
	if err != nil || p.cluster != "c1" || p.user != "etl" || p.secret != "arn:s" {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestWrongURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		url  string
		read func(string) (place, error)
	}{
		{"redshift://u:geheim@h/d", readWire}, {"redshift://u@h/d?password=geheim", readWire},
		{"redshift://%zz", readWire}, {"redshift://u@/d", readWire},
		{"redshift://u@h", readWire}, {"redshift://u@h/d?text=cut", readWire},
		{"redshift://u@h/d?stage=pages", readWire}, {"redshift://u@h/d?stage=s3://", readWire},
		{"redshift-data://wg/dev", readData}, {"redshift-data://workgroup/wg", readData},
		{"redshift-data://workgroup/wg/a/b", readData},
		{"redshift-data://workgroup/wg/dev?user=u", readData},
		{"redshift-data://cluster/c/dev?sslmode=require", readData},
		{"redshift-data://cluster/c/dev?password=geheim", readData},
	} {
		_, err := c.read(c.url)
		if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
			t.Errorf("%s: %v", c.url, err)
		} else if strings.Contains(err.Error()+plan.HintOf(err), "geheim") {
			t.Errorf("%s: %v repeats it", c.url, err)
		}
	}
}

func TestJSONTexts(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Id,Body,Name\n1,plain,a\n":                     "Id,Body,Name\n1,\"\"\"plain\"\"\",a\n",
		"Id,Body,Name\r\n1,\"he said \"\"x\"\"\",b\r\n": "Id,Body,Name\r\n1,\"\"\"he said \\\"\"x\\\"\"\"\"\",b\r\n",
		"Id,Body,Name\n1,\"two\r\nlines, and a \\\",c\n2,\"\",d": "Id,Body,Name\n1,\"\"\"two\\r\\nlines, " +
			"and a \\\\\"\"\",c\n2,\"\",d",
		"Id,Body,Name\n1,,e\n2,\"<é&😀>\",f\n": "Id,Body,Name\n1,,e\n2,\"\"\"<é&😀>\"\"\",f\n",
		"Id,\"Body\",Name\n":                  "Id,\"Body\",Name\n",
		"Id,Body,Name\n\"a,\"\"b\"\"\",x,\"keeps \"\"quotes\"\"\"": "Id,Body,Name\n" +
			"\"a,\"\"b\"\"\",\"\"\"x\"\"\",\"keeps \"\"quotes\"\"\"",
	} {
		var b bytes.Buffer
		if err := jsonTexts(&b, strings.NewReader(in), []int{1}); err != nil || b.String() != want {
			t.Errorf("%q has become\n%q, want\n%q (%v)", in, b.String(), want, err)
		}
	}
}

func TestPack(t *testing.T) {
	t.Parallel()
	const page = "Id,Body\n1,\"a\"\"b\"\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := io.WriteString(z, page); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from   string
		packed bool
		super  []int
		want   string
	}{{page, false, nil, page}, {packed.String(), true, nil, page},
		{page, false, []int{1}, "Id,Body\n1,\"\"\"a\\\"\"b\"\"\"\n"},
		{packed.String(), true, []int{1}, "Id,Body\n1,\"\"\"a\\\"\"b\"\"\"\n"}} {
		var b bytes.Buffer
		if err := pack(&b, strings.NewReader(c.from), c.packed, c.super); err != nil {
			t.Fatal(err)
		}
		r, err := gzip.NewReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != c.want {
			t.Errorf("packed %t, super %v: %q, %v", c.packed, c.super, got, err)
		}
	}
	if err := pack(io.Discard, strings.NewReader("no gzip"), true, []int{0}); plan.ClassOf(err) != plan.Bug {
		t.Errorf("bytes that are no gzip: %v", err)
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	var got struct {
		Entries []struct {
			URL       string
			Mandatory bool
		}
	}
	if err := json.Unmarshal(manifest(`s3://b/it's "odd".csv.gz`), &got); err != nil || len(got.Entries) != 1 ||
		got.Entries[0].URL != `s3://b/it's "odd".csv.gz` || !got.Entries[0].Mandatory {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 1, 2, 3, 450000000, time.FixedZone("", 3600))
	sql, ps, err := named("INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10), ($1)",
		[]any{"one", "", nil, int64(4), true, at, 7, "8", "9", ":p1 $1"})
	if err != nil || sql != "INSERT INTO t VALUES (:p1, '', NULL, 4, true, :p6, 7, :p8, :p9, :p10), (:p1)" {
		t.Errorf("%s, %v", sql, err)
	}
	got := map[string]string{}
	for _, p := range ps {
		got[*p.Name] = *p.Value
	}
	want := map[string]string{"p1": "one", "p6": "2026-03-01 00:02:03.45+00", "p8": "8", "p9": "9", "p10": ":p1 $1"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("parameters %v", got)
	}
	if _, _, err := named("$1", []any{1.5}); plan.ClassOf(err) != plan.Bug {
		t.Errorf("a float: %v", err)
	}
}

func TestScanField(t *testing.T) {
	t.Parallel()
	var (
		s    string
		n    int64
		b    bool
		at   *time.Time
		text *string
		none *int64
	)
	record := []types.Field{&types.FieldMemberStringValue{Value: "x"}, &types.FieldMemberLongValue{Value: 7},
		&types.FieldMemberBooleanValue{Value: true},
		&types.FieldMemberStringValue{Value: "2026-03-01 00:02:03.45+00"}, &types.FieldMemberLongValue{Value: 8},
		&types.FieldMemberIsNull{Value: true}}
	if err := scanRecord(record, []any{&s, &n, &b, &at, &text, &none}); err != nil {
		t.Fatal(err)
	}
	if s != "x" || n != 7 || !b || !at.Equal(time.Date(2026, 3, 1, 0, 2, 3, 450000000, time.UTC)) ||
		*text != "8" || none != nil {
		t.Errorf("got %q %d %t %v %q %v", s, n, b, at, *text, none)
	}
	for _, wrong := range []error{scanRecord(record, []any{&s}), scanField(record[5], &n), scanField(record[0], &n),
		scanField(record[0], &at), scanField(record[0], new(float32))} {
		if wrong == nil {
			t.Error("a value that doesn't fit was read")
		}
	}
}

// What is about the server is told, what is about a record is not.
func TestFailures(t *testing.T) {
	t.Parallel()
	p := place{what: "here"}
	pg := func(code, message, detail string) error {
		return wireFailure(p, fmt.Errorf("x: %w", &pgconn.PgError{Code: code, Message: message, Detail: detail}))
	}
	api := func(code, message string) error {
		return dataFailure(t.Context(), "ExecuteStatement", p, &smithy.GenericAPIError{Code: code, Message: message})
	}
	for name, c := range map[string]struct {
		err   error
		class plan.Class
		has   string
	}{
		"1023 over the wire": {pg("XX000", "1023",
			"Serializable isolation violation on table - 1, transactions forming the cycle are: 1, 2"), plan.Retry,
			"another transaction"},
		"1023 by the Data API": {refusal(p, "",
			"ERROR: 1023\n  Detail: Serializable isolation violation on table - 1"), plan.Retry, "another transaction"},
		"1018, a table that was made": {pg("XX000", "1018", "Relation does not exist"), plan.Retry,
			"another transaction"},
		"a number that is no code": {pg("22P02", "invalid input syntax for type integer: \"1023\"", ""),
			plan.Bug, "22P02"},
		"no role by the Data API": {refusal(p, "", `ERROR: role "readers" does not exist`), plan.Fix, "readers"},
		"deadlock":                {pg("40P01", "deadlock detected", ""), plan.Retry, "another transaction"},
		"paused":                  {api("ValidationException", "The cluster is paused"), plan.Fix, "paused"},
		"throttled":               {api("ThrottlingException", "Rate exceeded"), plan.Retry, "ExecuteStatement"},
		"too many statements":     {api("ActiveStatementsExceededException", "x"), plan.Retry, "too much"},
		"no permission":           {api("AccessDeniedException", "x"), plan.Fix, "ExecuteStatement"},
		"the Data API is down": {dataFailure(t.Context(), "ExecuteStatement", p,
			&smithy.GenericAPIError{Code: "InternalServerException", Fault: smithy.FaultServer}), plan.Retry, "failed"},
		"no network": {dataFailure(t.Context(), "ExecuteStatement", p, errors.New("dial")), plan.Retry, "dial"},
		"password":   {pg("28P01", `password authentication failed for user "etl"`, ""), plan.Fix, "login"},
		"no bucket":  {pg("XX000", "S3ServiceException:Access Denied,Status 403", ""), plan.Fix, "S3"},
		"a view": {pg("2BP01", "cannot drop table x column y because other objects depend on it",
			""), plan.Fix, "view"},
		"a statement of ours": {pg("42601", `syntax error at or near "ON"`, ""), plan.Bug, "syntax error"},
		"a line that broke":   {wireFailure(p, io.ErrUnexpectedEOF), plan.Retry, "lost"},
	} {
		if plan.ClassOf(c.err) != c.class || !strings.Contains(c.err.Error(), c.has) {
			t.Errorf("%s: %s, %v", name, plan.ClassOf(c.err), c.err)
		}
		if c.class == plan.Fix && plan.HintOf(c.err) == "" {
			t.Errorf("%s: no hint", name)
		}
		if got := errors.Is(c.err, sql.ErrConflict); got != (c.has == "another transaction") {
			t.Errorf("%s: a conflict: %t", name, got)
		}
	}
	for _, err := range []error{pg("22P02", `invalid input syntax for type integer: "geheim"`, "geheim"),
		refusal(p, "", `ERROR: invalid input syntax for integer: "geheim does not exist"`),
		refusal(p, "", `ERROR: invalid input "geheim": role "x" does not exist`),
		refusal(p, "", "ERROR: Value geheim out of range"), refusedValue(errors.New("x"),
			refusals.Value{Column: "name", Line: 1}, 1207)} {
		if strings.Contains(err.Error(), "geheim") {
			t.Errorf("%v holds a value", err)
		}
	}
}
