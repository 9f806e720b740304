package deployment

import (
	"strings"

	"catchment/internal/replicate"
)

// A function is one Lambda function of the template: a step, and what it may
// touch beside what all of them read (the configuration, the secrets of the
// login) and write (the control table).
type function struct {
	Step     string
	Name     string // after the stack's; the article's where it has one
	Does     string
	Resource string // its logical ID

	Stage     []string // actions on the blobs of the stage
	ListStage bool
	Warehouse bool     // talks to the warehouse
	Flows     []string // actions on AppFlow flows
	Stacks    []string // actions on the stacks of flows
	Ask       bool     // asks Step Functions about executions: whose lease is free
}

// functions is the one table of who does what with which rights.
func functions() []function {
	all := []function{
		{Step: replicate.List, Name: "list",
			Does:      "searches the control table and the templates; fixes the window of each flow",
			Warehouse: true, Ask: true},
		{Step: replicate.Create, Name: "lambda_trigger_appflow",
			Does: "makes the job: of Bulk, or a stack with an AppFlow flow", Warehouse: true,
			Stage: []string{"s3:PutObject", "s3:GetObject"},
			Stacks: []string{"cloudformation:CreateStack", "cloudformation:DescribeStacks",
				"cloudformation:DescribeStackEvents", "cloudformation:DeleteStack"},
			Flows: []string{"appflow:CreateFlow", "appflow:UpdateFlow", "appflow:DescribeFlow",
				"appflow:DescribeFlowExecutionRecords", "appflow:TagResource", "appflow:DeleteFlow",
				"appflow:UseConnectorProfile"}},
		{Step: replicate.Ready, Name: "status_job", Does: "waits until the job can be started", Warehouse: true,
			Stacks: []string{"cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"},
			Flows:  []string{"appflow:DescribeFlow", "appflow:DescribeFlowExecutionRecords"}},
		{Step: replicate.Start, Name: "start_job_appflow", Does: "starts it", Warehouse: true,
			Flows: []string{"appflow:StartFlow", "appflow:UpdateFlow", "appflow:DescribeFlow",
				"appflow:DescribeFlowExecutionRecords", "appflow:UseConnectorProfile"}},
		{Step: replicate.Done, Name: "wait_job", Does: "waits for its end", Warehouse: true,
			Stage: []string{"s3:PutObject", "s3:GetObject"},
			Flows: []string{"appflow:DescribeFlow", "appflow:DescribeFlowExecutionRecords"}},
		{Step: replicate.Load, Name: "load", Does: "brings pages into the stage and the staging schema, and counts",
			Warehouse: true,
			Stage:     []string{"s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:AbortMultipartUpload"},
			ListStage: true,
			Flows:     []string{"appflow:DescribeFlow", "appflow:DescribeFlowExecutionRecords"}},
		{Step: replicate.Consolidate, Name: "consolidate", Does: "merges staging into the final table",
			Warehouse: true},
		{Step: replicate.Drop, Name: "delete_elements_flows_snapshots",
			Does: "deletes jobs, stacks, flows and old pages, for the quotas", Warehouse: true,
			Stage: []string{"s3:DeleteObject", "s3:GetObject"}, ListStage: true,
			Stacks: []string{"cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents",
				"cloudformation:DeleteStack"},
			Flows: []string{"appflow:DeleteFlow", "appflow:DescribeFlow", "appflow:DescribeFlowExecutionRecords"}},
		{Step: replicate.Publish, Name: "publish", Does: "says how the run went, and gives the leases back"},
	}
	for i := range all {
		all[i].Resource = resourceOf(all[i].Step)
	}
	return all
}

// resourceOf is the logical ID of a step's function.
func resourceOf(step string) string { return strings.ToUpper(step[:1]) + step[1:] + "Function" }
