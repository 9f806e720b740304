package appflow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A transfer is what a flow does, read out of its definition.
type transfer struct {
	profile Profile
	object  string
	deleted bool // includeDeletedRecords
	bulk    bool
	fields  []string // of the projection, in order
	to      []string // their columns
	where   []string
	sink    Sink
	table   string
	s3      *s3Output // where files are written; nil where rows are appended
}

// transferOf checks a definition as AppFlow does when a flow is made.
func (s *Server) transferOf(in map[string]any) (transfer, error) {
	var t transfer
	if kind := text(inside(in, "triggerConfig"), "triggerType"); kind != "OnDemand" {
		return t, refuse("ValidationException", "this stand-in has no trigger %q", kind)
	}
	if err := s.readSource(&t, inside(in, "sourceFlowConfig")); err != nil {
		return t, err
	}
	list, _ := in["destinationFlowConfigList"].([]any)
	if len(list) != 1 {
		return t, refuse("ValidationException", "A flow must have exactly one destination, and this one has %d",
			len(list))
	}
	to, _ := list[0].(map[string]any)
	tasks, _ := in["tasks"].([]any)
	if text(to, "connectorType") == "S3" {
		var err error
		if t.s3, err = s.s3Of(text(in, "flowName"), inside(to, "destinationConnectorProperties", "S3")); err != nil {
			return t, err
		}
		return t, s.readTasks(&t, tasks)
	}
	if text(to, "connectorType") != "Redshift" {
		return t, refuse("ValidationException", "this stand-in has no destination %q", text(to, "connectorType"))
	}
	sink, ok := s.o.Redshift[text(to, "connectorProfileName")]
	if !ok {
		return t, refuse("ResourceNotFoundException", "Connector profile %s does not exist",
			text(to, "connectorProfileName"))
	}
	redshift := inside(to, "destinationConnectorProperties", "Redshift")
	t.sink, t.table = sink, text(redshift, "object")
	for _, name := range []string{"object", "intermediateBucketName"} {
		if text(redshift, name) == "" {
			return t, refuse("ValidationException", "Redshift destination: %s is required", name)
		}
	}
	for name := range redshift {
		if !slices.Contains([]string{"object", "intermediateBucketName", "bucketPrefix", "errorHandlingConfig"}, name) {
			return t, refuse("ValidationException", "Redshift destination: %s is unknown", name)
		}
	}
	return t, s.readTasks(&t, tasks)
}

func (s *Server) readSource(t *transfer, from map[string]any) error {
	if kind := text(from, "connectorType"); kind != "Salesforce" {
		return refuse("ValidationException", "this stand-in has no source %q", kind)
	}
	profile, ok := s.o.Salesforce[text(from, "connectorProfileName")]
	if !ok {
		return refuse("ResourceNotFoundException", "Connector profile %s does not exist",
			text(from, "connectorProfileName"))
	}
	properties := inside(from, "sourceConnectorProperties", "Salesforce")
	t.profile, t.object = profile, text(properties, "object")
	t.deleted, _ = properties["includeDeletedRecords"].(bool)
	switch api := text(properties, "dataTransferApi"); api {
	case "", "AUTOMATIC", "REST_SYNC":
	case "BULKV2":
		t.bulk = true
	default:
		return refuse("ValidationException", "dataTransferApi %q is unknown", api)
	}
	if t.object == "" {
		return refuse("ValidationException", "Salesforce source: object is required")
	}
	return nil
}

// The operators of Salesforce, by the type of task that they go with.
func operators(taskType string) []string {
	switch taskType {
	case "Filter":
		return []string{"PROJECTION", "BETWEEN", "EQUAL_TO", "NOT_EQUAL_TO", "LESS_THAN", "LESS_THAN_OR_EQUAL_TO",
			"GREATER_THAN", "GREATER_THAN_OR_EQUAL_TO", "CONTAINS"}
	case "Map":
		return []string{"NO_OP"}
	}
	return nil
}

func (s *Server) readTasks(t *transfer, tasks []any) error {
	var projection []string
	columns := map[string]string{}
	for i, one := range tasks {
		task, _ := one.(map[string]any)
		kind, operator := text(task, "taskType"), text(inside(task, "connectorOperator"), "Salesforce")
		if !slices.Contains(operators(kind), operator) {
			return refuse("ValidationException", "Task %d: the operator %q doesn't go with a task of type %q",
				i, operator, kind)
		}
		var fields []string
		for _, f := range list(task["sourceFields"]) {
			fields = append(fields, fmt.Sprint(f))
		}
		properties := inside(task, "taskProperties")
		switch {
		case operator == "PROJECTION":
			projection = fields
		case kind == "Filter":
			condition, err := s.condition(operator, fields, properties)
			if err != nil {
				return err
			}
			t.where = append(t.where, condition)
		default:
			if len(fields) != 1 || text(task, "destinationField") == "" {
				return refuse("ValidationException", "Task %d: a Map has one source field and a destination field", i)
			}
			t.fields, t.to = append(t.fields, fields[0]), append(t.to, text(task, "destinationField"))
			if columns[text(task, "destinationField")] != "" {
				return refuse("ValidationException", "Task %d: the destination field %s has a Map already", i,
					text(task, "destinationField"))
			}
			columns[text(task, "destinationField")] = fields[0]
		}
	}
	if len(t.fields) == 0 {
		return refuse("ValidationException", "A flow needs a task of type Map")
	}
	for _, f := range t.fields {
		if !slices.Contains(projection, f) {
			return refuse("ValidationException", "The field %s is mapped and not in the projection", f)
		}
	}
	return nil
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// condition writes a Filter as SOQL.
func (s *Server) condition(operator string, fields []string, p map[string]any) (string, error) {
	if len(fields) != 1 {
		return "", refuse("ValidationException", "A filter has one source field")
	}
	literal := func(name string) (string, error) { return literalOf(text(p, "DATA_TYPE"), text(p, name)) }
	if operator == "BETWEEN" {
		lower, err := literal("LOWER_BOUND")
		if err != nil {
			return "", err
		}
		upper, err := literal("UPPER_BOUND")
		if err != nil {
			return "", err
		}
		if s.o.Inclusive {
			return fmt.Sprintf("%s >= %s AND %s <= %s", fields[0], lower, fields[0], upper), nil
		}
		return fmt.Sprintf("%s > %s AND %s < %s", fields[0], lower, fields[0], upper), nil
	}
	name := "VALUE"
	if text(p, name) == "" {
		name = "VALUES"
	}
	value, err := literal(name)
	if err != nil {
		return "", err
	}
	if operator == "CONTAINS" {
		return fields[0] + " LIKE '%" + strings.Trim(value, "'") + "%'", nil
	}
	sign := map[string]string{"EQUAL_TO": "=", "NOT_EQUAL_TO": "!=", "LESS_THAN": "<", "LESS_THAN_OR_EQUAL_TO": "<=",
		"GREATER_THAN": ">", "GREATER_THAN_OR_EQUAL_TO": ">="}[operator]
	return fields[0] + " " + sign + " " + value, nil
}

// literalOf writes a value as SOQL. Moments are milliseconds since 1970.
func literalOf(dataType, value string) (string, error) {
	switch dataType {
	case "datetime", "date":
		ms, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return "", refuse("ValidationException", "%q is not a number of milliseconds", value)
		}
		at := time.UnixMilli(ms).UTC()
		if dataType == "date" {
			return at.Format(time.DateOnly), nil
		}
		return at.Format("2006-01-02T15:04:05.000Z"), nil
	case "boolean", "int", "integer", "double", "currency", "percent", "long":
		return value, nil
	case "":
		return "", refuse("ValidationException", "A filter needs its DATA_TYPE")
	}
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'", nil
}
