package deployment

import (
	"slices"
	"strings"
)

// Unseen tells why a role has a right that no execution of `make aws` needs; "" is
// no reason, and the right has to go. What a right is for stands beside it in
// rights.go, and in the template; here is why nobody sees it used.
func Unseen(role, action string) string {
	_, operation, _ := strings.Cut(action, ":")
	for _, u := range unseen {
		if len(u.Roles) > 0 && !slices.Contains(u.Roles, role) {
			continue
		}
		if slices.Contains(u.Actions, action) || slices.Contains(u.Actions, operation) {
			return u.Why
		}
	}
	return ""
}

// A reason is why nobody sees roles use rights.
type reason struct {
	Roles   []string // by their logical ID; all where there are none
	Actions []string // with their service, but for those that a warehouse's driver names
	Why     string
}

// unseen are the reasons. A right that `make aws` comes to need leaves its reason
// behind: look here when a test of make aws is added.
var unseen = []reason{
	{nil, []string{"dynamodb:DeleteItem"},
		"rows of pages go where a job takes another's place, and rows of attempts after weeks"},
	{nil, []string{"CancelStatement"}, "a statement is cancelled where its function comes to its end"},
	{[]string{"GlueRole"}, []string{"GetStatementResult"}, "the job has one policy with the functions"},
	{nil, []string{"appflow:CancelFlowExecutions"}, "an execution is cancelled after six hours"},
	{nil, []string{"appflow:DescribeFlow"}, "what the read handler needs, by the schema of AWS::AppFlow::Flow: " +
		"CloudFormation doesn't say when it reads, and the stand-in doesn't"},
	{nil, []string{"kms:CreateGrant", "kms:DescribeKey", "kms:ListGrants"},
		"the schema of AWS::AppFlow::Flow lists it for a key, and flows here name none"},
	{nil, []string{"secretsmanager:CreateSecret", "secretsmanager:PutResourcePolicy"},
		"the schema of AWS::AppFlow::Flow lists it; the profiles with the secrets are there before"},
	{[]string{"LoadFunctionRole"}, []string{"kms:Decrypt"},
		"AppFlow may encrypt what it leaves in a bucket by a key, and the stand-in doesn't"},
	{nil, []string{"s3:AbortMultipartUpload"}, "a page of more than one part whose upload breaks off"},
	{[]string{"ListFunctionRole", "CreateFunctionRole"}, []string{"cloudformation:DeleteStack", "appflow:DeleteFlow",
		"cloudformation:DescribeStackEvents"}, "what a run before left open, and doesn't fit any more, is taken away"},
	{[]string{"ReadyFunctionRole"}, []string{"s3:PutObject"},
		"the template of a flow that is made anew is there, but for one that somebody took away"},
	{[]string{"ReadyFunctionRole", "StartFunctionRole"}, []string{"s3:GetObject"},
		"the object of a control row may come by AppFlow; those of the tests come by jobs, which start at once"},
	{[]string{"DoneFunctionRole", "LoadFunctionRole"}, flowsAnew(),
		"a flow or its stack that somebody takes away while it runs is made anew"},
	{[]string{"MachineRole"}, []string{"states:DescribeExecution", "states:StopExecution"},
		"Step Functions stops the children of an execution that is stopped, which the stand-in does by itself"},
	{[]string{"MachineRole"}, []string{"logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery",
		"logs:DeleteLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies",
		"logs:DescribeLogGroups"},
		"Step Functions asks for it as the machine is made, and the stand-in writes no log of it"},
	{[]string{"ListFunctionRole"}, []string{"s3:ListBucket"}, "S3 looks at it where a template is missing"},
	{[]string{"ScheduleRole"}, []string{"states:StartExecution"}, "the tests start executions by hand"},
}

// flowsAnew are the actions that make a flow anew, in place of one that is gone.
func flowsAnew() []string {
	return []string{"appflow:CreateFlow", "appflow:DeleteFlow", "appflow:ListTagsForResource", "appflow:StartFlow",
		"appflow:TagResource", "appflow:UseConnectorProfile", "appflow:DescribeFlowExecutionRecords",
		"cloudformation:CreateStack", "cloudformation:DeleteStack", "cloudformation:DescribeStacks",
		"cloudformation:DescribeStackEvents", "kms:ListAliases", "kms:ListKeys", "s3:GetBucketLocation",
		"s3:GetBucketPolicy", "s3:GetObject", "s3:ListAllMyBuckets", "s3:PutObject"}
}
