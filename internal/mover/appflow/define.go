package appflow

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/appflow/types"

	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/schema"
)

// A definition is what a flow does, in the words of AppFlow's API. A template
// is written from the same, so both ways make the same flow.
type definition struct {
	object, table        string
	salesforce, redshift string
	bucket, prefix       string
	format               types.FileType // of the files in bucket, "" where rows land in table
	tasks                []types.Task
	bounded              int // the place of the window's filter in tasks, -1 where there is none
	lower, upper         string
}

// The bounds of a window, in milliseconds since 1970. Nobody documents whether
// AppFlow takes the bounds of BETWEEN in, nor whether it cuts or rounds the
// milliseconds off: a second less loses nothing in any of these cases, and what
// is read twice is no newer than itself. The upper bound is far away: what
// changes while AppFlow reads must not fall out of the window.
const margin = time.Second

var farAway = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// define says what the flow of a request does.
func (l *Lander) define(r mover.LandRequest) (definition, error) {
	d := definition{object: r.Object, table: r.Table, salesforce: l.c.Salesforce, redshift: l.c.Redshift,
		bucket: l.c.Bucket, prefix: l.c.Prefix, format: l.c.Format, bounded: -1}
	if len(r.Fields) == 0 || len(r.Fields) != len(r.Columns) {
		return d, plan.Failf(plan.Bug, "", "%s: %d fields for %d columns", r.Object, len(r.Fields), len(r.Columns))
	}
	names := make([]string, len(r.Fields))
	for i, f := range r.Fields {
		names[i] = f.Name
	}
	d.tasks = append(d.tasks, filter("PROJECTION", names, nil))
	if !r.From.IsZero() && r.Cursor != "" {
		d.lower, d.upper = millis(r.From.Add(-margin)), millis(farAway)
		d.bounded = len(d.tasks)
		d.tasks = append(d.tasks, filter("BETWEEN", []string{r.Cursor},
			map[string]string{"DATA_TYPE": "datetime", "LOWER_BOUND": d.lower, "UPPER_BOUND": d.upper}))
	}
	conditions, err := conditionsOf(r.Where, r.Fields)
	if err != nil {
		return d, plan.Fixf("set `mover: bulk` for this flow: it takes any where",
			"%s: AppFlow can't do the where of this flow: %w", r.Object, err)
	}
	for _, c := range conditions {
		properties := map[string]string{"DATA_TYPE": c.dataType, "VALUE": c.value}
		d.tasks = append(d.tasks, filter(c.operator, []string{c.field}, properties))
	}
	for i, f := range r.Fields {
		kind := dataType(f.Type)
		d.tasks = append(d.tasks, types.Task{
			TaskType: types.TaskTypeMap, SourceFields: []string{f.Name}, DestinationField: aws.String(r.Columns[i]),
			ConnectorOperator: &types.ConnectorOperator{Salesforce: types.SalesforceConnectorOperatorNoOp},
			TaskProperties:    map[string]string{"SOURCE_DATA_TYPE": kind, "DESTINATION_DATA_TYPE": kind},
		})
	}
	return d, nil
}

func filter(operator string, fields []string, properties map[string]string) types.Task {
	return types.Task{TaskType: types.TaskTypeFilter, SourceFields: fields, TaskProperties: properties,
		ConnectorOperator: &types.ConnectorOperator{Salesforce: types.SalesforceConnectorOperator(operator)}}
}

// dataType is a field's type by the name that AppFlow gives it: Salesforce's
// own.
func dataType(t schema.Type) string { return string(t) }

func (d definition) source() *types.SourceFlowConfig {
	return &types.SourceFlowConfig{
		ConnectorType: types.ConnectorTypeSalesforce, ConnectorProfileName: aws.String(d.salesforce),
		SourceConnectorProperties: &types.SourceConnectorProperties{Salesforce: &types.SalesforceSourceProperties{
			Object: aws.String(d.object), IncludeDeletedRecords: true,
			// Automatic takes REST or Bulk by size, and writes dates and nulls in two ways.
			DataTransferApi: types.SalesforceDataTransferApiBulkv2,
		}},
	}
}

func (d definition) destinations() []types.DestinationFlowConfig {
	if d.format != "" {
		return d.filed()
	}
	to := &types.RedshiftDestinationProperties{
		Object: aws.String(d.table), IntermediateBucketName: aws.String(d.bucket),
		ErrorHandlingConfig: &types.ErrorHandlingConfig{FailOnFirstDestinationError: true},
	}
	if d.prefix != "" {
		to.BucketPrefix = aws.String(d.prefix)
	}
	return []types.DestinationFlowConfig{{
		ConnectorType: types.ConnectorTypeRedshift, ConnectorProfileName: aws.String(d.redshift),
		DestinationConnectorProperties: &types.DestinationConnectorProperties{Redshift: to},
	}}
}

// filed is a folder of S3 as the one destination. Each execution has a folder of its own in
// it, and of Parquet every column is a text, as Salesforce wrote it: as numbers, amounts of
// money would be floating ones.
func (d definition) filed() []types.DestinationFlowConfig {
	format := &types.S3OutputFormatConfig{
		FileType: d.format, AggregationConfig: &types.AggregationConfig{AggregationType: types.AggregationTypeNone},
		PrefixConfig: &types.PrefixConfig{PathPrefixHierarchy: []types.PathPrefix{types.PathPrefixExecutionId}},
	}
	if d.format == types.FileTypeParquet {
		format.PreserveSourceDataTyping = aws.Bool(false)
	}
	to := &types.S3DestinationProperties{BucketName: aws.String(d.bucket), S3OutputFormatConfig: format}
	if d.prefix != "" {
		to.BucketPrefix = aws.String(d.prefix)
	}
	return []types.DestinationFlowConfig{{
		ConnectorType:                  types.ConnectorTypeS3,
		DestinationConnectorProperties: &types.DestinationConnectorProperties{S3: to},
	}}
}

func (d definition) trigger() *types.TriggerConfig {
	return &types.TriggerConfig{TriggerType: types.TriggerTypeOndemand}
}

// parameters are what a template leaves open: everything that differs from run
// to run, and from account to account.
func (d definition) parameters(flow string) map[string]string {
	p := map[string]string{"FlowName": flow, "SalesforceProfile": d.salesforce, "Bucket": d.bucket}
	if d.format == "" {
		p["RedshiftProfile"], p["Table"] = d.redshift, d.table
	}
	if d.bounded >= 0 {
		p["LowerBound"], p["UpperBound"] = d.lower, d.upper
	}
	return p
}

// Shapes of a template. Its words begin with capitals, and the properties of a
// task are a list.
type (
	object = map[string]any
	array  = []any
)

func ref(name string) object { return object{"Ref": name} }

// template writes the definition as a CloudFormation template in JSON.
func (d definition) template() ([]byte, error) {
	about := map[string]string{
		"FlowName": "The name of the flow", "SalesforceProfile": "The connector profile of Salesforce",
		"RedshiftProfile": "The connector profile of Redshift", "Bucket": d.bucketAbout(),
		"Table":      "The table that takes the rows",
		"LowerBound": "Records that changed after this, in milliseconds since 1970", "UpperBound": "and before this",
	}
	parameters := object{}
	for name := range d.parameters("") {
		parameters[name] = object{"Type": "String", "Description": about[name]}
	}
	tasks := array{}
	for i, t := range d.tasks {
		tasks = append(tasks, taskObject(t, i == d.bounded))
	}
	text, err := json.MarshalIndent(object{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Description":              fmt.Sprintf("Catchment: %s into %s by AppFlow", d.object, d.destination()),
		"Parameters":               parameters,
		"Resources": object{"Flow": object{"Type": "AWS::AppFlow::Flow", "Properties": object{
			"FlowName":      ref("FlowName"),
			"TriggerConfig": object{"TriggerType": "OnDemand"},
			"SourceFlowConfig": object{
				"ConnectorType": "Salesforce", "ConnectorProfileName": ref("SalesforceProfile"),
				"SourceConnectorProperties": object{"Salesforce": object{"Object": d.object,
					"IncludeDeletedRecords": true, "DataTransferApi": "BULKV2"}},
			},
			"DestinationFlowConfigList": array{d.destinationObject()},
			"Tasks":                     tasks,
		}}},
	}, "", " ")
	if err != nil {
		return nil, fmt.Errorf("write the template of %s: %w", d.object, err)
	}
	return append(text, '\n'), nil
}

// destination is the type of the destination's connector.
func (d definition) destination() types.ConnectorType { return d.destinations()[0].ConnectorType }

func (d definition) bucketAbout() string {
	if d.format != "" {
		return "The bucket that takes the files"
	}
	return "AppFlow's intermediate bucket"
}

// destinationObject is the destination in the words of a template.
func (d definition) destinationObject() object {
	if d.format == "" {
		to := object{"Object": ref("Table"), "IntermediateBucketName": ref("Bucket"),
			"ErrorHandlingConfig": object{"FailOnFirstError": true}}
		if d.prefix != "" {
			to["BucketPrefix"] = d.prefix
		}
		return object{"ConnectorType": d.destination(), "ConnectorProfileName": ref("RedshiftProfile"),
			"DestinationConnectorProperties": object{"Redshift": to}}
	}
	said := d.filed()[0].DestinationConnectorProperties.S3.S3OutputFormatConfig
	format := object{"FileType": said.FileType,
		"AggregationConfig": object{"AggregationType": said.AggregationConfig.AggregationType},
		"PrefixConfig":      object{"PathPrefixHierarchy": said.PrefixConfig.PathPrefixHierarchy}}
	if said.PreserveSourceDataTyping != nil {
		format["PreserveSourceDataTyping"] = *said.PreserveSourceDataTyping
	}
	to := object{"BucketName": ref("Bucket"), "S3OutputFormatConfig": format}
	if d.prefix != "" {
		to["BucketPrefix"] = d.prefix
	}
	return object{"ConnectorType": d.destination(), "DestinationConnectorProperties": object{"S3": to}}
}

func taskObject(t types.Task, bounded bool) object {
	out := object{"TaskType": string(t.TaskType), "SourceFields": t.SourceFields,
		"ConnectorOperator": object{"Salesforce": string(t.ConnectorOperator.Salesforce)}}
	if t.DestinationField != nil {
		out["DestinationField"] = *t.DestinationField
	}
	properties := array{}
	for _, key := range []string{"DATA_TYPE", "SOURCE_DATA_TYPE", "DESTINATION_DATA_TYPE", "VALUE", "LOWER_BOUND",
		"UPPER_BOUND"} {
		value, ok := t.TaskProperties[key]
		switch {
		case !ok:
		case bounded && key == "LOWER_BOUND":
			properties = append(properties, object{"Key": key, "Value": ref("LowerBound")})
		case bounded && key == "UPPER_BOUND":
			properties = append(properties, object{"Key": key, "Value": ref("UpperBound")})
		default:
			properties = append(properties, object{"Key": key, "Value": value})
		}
	}
	if len(properties) > 0 {
		out["TaskProperties"] = properties
	}
	return out
}
