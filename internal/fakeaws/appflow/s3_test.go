package appflow_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/appflow"
	"github.com/aws/aws-sdk-go-v2/service/appflow/types"
	"github.com/aws/smithy-go"

	"catchment/internal/fakeaws/appflow"
)

// toS3 is a flow that reads Accounts into the bucket acme.
func toS3(config *types.S3OutputFormatConfig) *sdk.CreateFlowInput {
	in := definition("accounts", types.SalesforceDataTransferApiBulkv2)
	in.DestinationFlowConfigList = []types.DestinationFlowConfig{{ConnectorType: types.ConnectorTypeS3,
		DestinationConnectorProperties: &types.DestinationConnectorProperties{S3: &types.S3DestinationProperties{
			BucketName: aws.String("acme"), BucketPrefix: aws.String("crm"), S3OutputFormatConfig: config}}}}
	return in
}

// keys runs a flow, and names the files that it leaves.
func keys(t *testing.T, config *types.S3OutputFormatConfig, change func(*appflow.Options)) (names []string, r *rig) {
	t.Helper()
	left := map[string][]byte{}
	r = newRig(t, func(o *appflow.Options) {
		o.S3 = map[string]appflow.Folder{"acme": func(_ context.Context, key string, body []byte) error {
			left[key] = body
			return nil
		}}
		if change != nil {
			change(o)
		}
	})
	if _, err := r.CreateFlow(t.Context(), toS3(config)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.StartFlow(t.Context(), &sdk.StartFlowInput{FlowName: aws.String("accounts")}); err != nil {
		t.Fatal(err)
	}
	out, err := r.DescribeFlowExecutionRecords(t.Context(),
		&sdk.DescribeFlowExecutionRecordsInput{FlowName: aws.String("accounts")})
	if err != nil {
		t.Fatal(err)
	}
	var size int64
	for _, body := range left {
		size += int64(len(body))
	}
	result := out.FlowExecutions[0].ExecutionResult
	if *result.RecordsProcessed != 25 || *result.BytesWritten != size || size == 0 {
		t.Errorf("%d records, %d bytes of %d", *result.RecordsProcessed, *result.BytesWritten, size)
	}
	return slices.Sorted(maps.Keys(left)), r
}

// The folders of files, as a flow asks for them.
func TestFolders(t *testing.T) {
	t.Parallel()
	const run = "00000001-0000-4000-8000-000000000000"
	id, version := types.PathPrefixExecutionId, types.PathPrefixSchemaVersion
	for want, prefix := range map[string]*types.PrefixConfig{
		"crm/accounts/" + run:               nil,
		"crm/accounts/" + run + "/" + run:   {PathPrefixHierarchy: []types.PathPrefix{id}},
		"crm/accounts/1/" + run + "/" + run: {PathPrefixHierarchy: []types.PathPrefix{version, id}},
		"crm/accounts/" + run + "/2026/01/02/" + run: {PathPrefixHierarchy: []types.PathPrefix{id},
			PrefixType: types.PrefixTypePath, PrefixFormat: types.PrefixFormatDay},
		"crm/accounts/2026-01-02T09:00:00-" + run: {PrefixType: types.PrefixTypeFilename,
			PrefixFormat: types.PrefixFormatMinute},
	} {
		names, _ := keys(t, &types.S3OutputFormatConfig{FileType: types.FileTypeCsv, PrefixConfig: prefix}, nil)
		if len(names) != 3 || names[0] != want+"-0001" {
			t.Errorf("%q, want %s", names, want)
		}
	}
	names, _ := keys(t, &types.S3OutputFormatConfig{FileType: types.FileTypeParquet, PrefixConfig: &types.PrefixConfig{
		PathPrefixHierarchy: []types.PathPrefix{id}, PrefixType: types.PrefixTypePathAndFilename,
		PrefixFormat: types.PrefixFormatYear}}, func(o *appflow.Options) { o.DatesFirst = true })
	if len(names) != 3 || !strings.HasPrefix(names[0], "crm/accounts/2026/"+run+"/2026-01-02T09:00:00-") {
		t.Errorf("%q", names)
	}
}

// What S3 as a destination can't be is refused when the flow is made.
func TestWrongFolders(t *testing.T) {
	t.Parallel()
	_, r := keys(t, nil, nil)
	for name, change := range map[string]func(*types.S3DestinationProperties){
		"another bucket": func(p *types.S3DestinationProperties) { p.BucketName = aws.String("emca") },
		"a type": func(p *types.S3DestinationProperties) {
			p.S3OutputFormatConfig = &types.S3OutputFormatConfig{FileType: "XML"}
		},
		"an aggregation": func(p *types.S3DestinationProperties) {
			p.S3OutputFormatConfig = &types.S3OutputFormatConfig{
				AggregationConfig: &types.AggregationConfig{AggregationType: "Some"}}
		},
	} {
		in := toS3(nil)
		in.FlowName = aws.String("other")
		change(in.DestinationFlowConfigList[0].DestinationConnectorProperties.S3)
		_, err := r.CreateFlow(t.Context(), in)
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "ValidationException" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
