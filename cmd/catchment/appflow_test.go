package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"catchment/internal/fakeaws/appflow"
	"catchment/internal/fakeaws/bucket"
	"catchment/internal/fakeaws/stacks"
)

// startAppFlow: appflow starts an AppFlow that reads the org and appends to the
// database of the script, or leaves files in the bucket acme-appflow, with every second
// put done twice; a CloudFormation before it, and an S3. The environment leads AWS's SDK
// to all three.
func startAppFlow(ts *testscript.TestScript, neg bool, args []string) {
	transport := &http.Transport{}
	client := &http.Client{Transport: transport}
	url := ts.Getenv("PG_URL")
	files := &bucket.Bucket{}
	flows := appflow.New(appflow.Options{
		Salesforce: map[string]appflow.Profile{"salesforce": {URL: ts.Getenv("ORG_URL"),
			ClientID:     ts.Getenv("SF_CLIENT_ID"),
			ClientSecret: ts.Getenv("SF_CLIENT_SECRET"), RefreshToken: ts.Getenv("ORG_REFRESH_TOKEN")}},
		Redshift: map[string]appflow.Sink{"warehouse": func(ctx context.Context, table string, header []string,
			rows [][]string) error {
			return appendRows(ctx, url, table, header, rows)
		}},
		S3: map[string]appflow.Folder{"acme-appflow": func(_ context.Context, key string, body []byte) error {
			files.Put("acme-appflow/"+key, body)
			return nil
		}},
		HTTP: client, Now: time.Now, PutRows: 100, Pause: 20 * time.Millisecond,
	})
	for range 100 {
		flows.Script(appflow.Script{Again: 2})
	}
	at := httptest.NewServer(flows)
	made := httptest.NewServer(stacks.New(stacks.Options{AppFlow: at.URL, HTTP: client, Now: time.Now}))
	left := httptest.NewServer(files)
	ts.Defer(func() {
		left.Close()
		made.Close()
		at.Close()
		transport.CloseIdleConnections()
	})
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_APPFLOW": at.URL, "AWS_ENDPOINT_URL_CLOUDFORMATION": made.URL, "APPFLOW_URL": at.URL,
		"AWS_ENDPOINT_URL_S3": left.URL,
		"AWS_REGION":          "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_EC2_METADATA_DISABLED": "true",
	} {
		ts.Setenv(name, value)
	}
}

// appendRows appends to a table as AppFlow does; "" is null.
func appendRows(ctx context.Context, url, table string, header []string, rows [][]string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var b strings.Builder
	for _, row := range rows {
		for i, v := range row {
			if i > 0 {
				b.WriteByte(',')
			}
			if v != "" {
				b.WriteString(`"` + strings.ReplaceAll(v, `"`, `""`) + `"`)
			}
		}
		b.WriteByte('\n')
	}
	schema, name, _ := strings.Cut(table, ".")
	into := pgx.Identifier{schema, name}.Sanitize() + ` ("` + strings.Join(header, `", "`) + `")`
	_, err = conn.PgConn().CopyFrom(ctx, strings.NewReader(b.String()), "COPY "+into+" FROM STDIN (FORMAT csv)")
	return err
}

// listAppFlow: appflow-flows prints the names of the flows that there are.
func listAppFlow(ts *testscript.TestScript, neg bool, args []string) {
	resp, err := http.Post(ts.Getenv("APPFLOW_URL")+"/list-flows", "application/json", strings.NewReader("{}"))
	ts.Check(err)
	defer resp.Body.Close()
	_, err = io.Copy(ts.Stdout(), resp.Body)
	ts.Check(err)
}
