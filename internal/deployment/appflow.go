package deployment

// What flows of AppFlow take. internal/mover/appflow makes them (make.go), runs
// them (run.go) and takes them away; CloudFormation makes those of stacks in the
// name of the function, so the function needs what the handlers of
// AWS::AppFlow::Flow need (the permissions of its resource type's schema).
//
// Of these it leaves iam:PassRole out: a flow passes a role only with a Glue
// catalog, and ours have none.

// The names that flows and their stacks have: catchment-OBJECT-HASH.
const (
	flowNames  = partition + "appflow:" + account + "flow/catchment-*"
	stackNames = partition + "cloudformation:" + account + "stack/catchment-*-????????????/*"
)

// viaAppFlow holds for what AppFlow itself asks for in the function's name.
const viaAppFlow = `{StringLike: {"kms:ViaService": "appflow.*.amazonaws.com"}}`

// grantsToAWS holds for grants on keys that AppFlow gives itself.
const grantsToAWS = `{StringLike: {"kms:ViaService": "appflow.*.amazonaws.com"}, ` +
	`Bool: {"kms:GrantIsForAWSResource": "true"}}`

func makeRights(s *settings) []grant {
	if s.AppFlow == nil {
		return nil
	}
	profile := partition + "appflow:" + account + "connectorprofile/"
	profiles := []string{profile + s.AppFlow.Salesforce}
	if !s.AppFlow.Files { // into S3 AppFlow writes by the bucket's policy
		profiles = append(profiles, profile+s.AppFlow.Redshift)
	}
	all := []grant{
		{Sid: "NewFlows", On: anything, Rights: []right{
			{"appflow:CreateFlow", "one for each attempt, or for each object"}}},
		{Sid: "Profiles", On: profiles, Rights: []right{
			{"appflow:UseConnectorProfile", "a flow reads and lands by them"}}},
		{Sid: "Intermediate", On: []string{bucketARN(s.AppFlow.Bucket)}, Rights: []right{
			{"s3:GetBucketLocation", "AppFlow looks where its intermediate bucket is"},
			{"s3:GetBucketPolicy", "and whether it may use it"}}},
		{Sid: "Buckets", On: anything, Rights: []right{
			{"s3:ListAllMyBuckets", "AppFlow finds its bucket by that"},
			{"kms:ListKeys", "AppFlow looks for the key that a flow names"},
			{"kms:ListAliases", "the same by its alias"}}},
		{Sid: "FlowKeys", On: []string{partition + "kms:" + account + "key/*"}, Only: viaAppFlow, Rights: []right{
			{"kms:DescribeKey", "AppFlow encrypts what it keeps of a flow"},
			{"kms:ListGrants", "whether it may already"}}},
		{Sid: "FlowGrants", On: []string{partition + "kms:" + account + "key/*"}, Only: grantsToAWS, Rights: []right{
			{"kms:CreateGrant", "lets it, as long as the flow is there"}}},
		{Sid: "FlowSecrets", On: []string{partition + "secretsmanager:" + account + "secret:appflow!*"},
			Only: `{"ForAnyValue:StringEquals": {"aws:CalledVia": [appflow.amazonaws.com]}}`, Rights: []right{
				{"secretsmanager:CreateSecret", "AppFlow keeps what its flows log in with"},
				{"secretsmanager:PutResourcePolicy", "for itself alone"}}},
	}
	flow := grant{Sid: "Flows", On: []string{flowNames}, Rights: []right{
		{"appflow:TagResource", "whose flow it is"}}}
	if s.AppFlow.Lasting {
		flow.Rights = append(flow.Rights,
			right{"appflow:UpdateFlow", "the window of the next run"},
			right{"appflow:DescribeFlowExecutionRecords", "whether one still runs, before the window changes"},
			right{"appflow:CancelFlowExecutions", "one that hangs"})
		return append(all, flow)
	}
	flow.Rights = append(flow.Rights,
		right{"appflow:DescribeFlow", "CloudFormation looks whether the flow is there"},
		right{"appflow:ListTagsForResource", "and whose it is"},
		right{"appflow:StartFlow", "CloudFormation activates what has a schedule: ours have none"})
	return append(all, flow,
		grant{Sid: "Stacks", On: []string{stackNames}, Rights: []right{
			{"cloudformation:CreateStack", "one for each flow"},
			{"cloudformation:DescribeStacks", "whether it is there, and whose"},
			{"cloudformation:DescribeStackEvents", "why it was rolled back"}}},
		grant{Sid: "Templates", On: []string{inBucket(s.Stage.Bucket, s.Stage.Prefix+"templates/*")}, Rights: []right{
			{"s3:PutObject", "keeps the template of each stack"},
			{"s3:GetObject", "proves that a kept one is the same; CloudFormation reads the long ones"}}})
}

func runRights(s *settings) []grant {
	if s.AppFlow == nil {
		return nil
	}
	return []grant{{Sid: "Executions", On: []string{flowNames}, Rights: []right{
		{"appflow:StartFlow", "sets it off; done does so again where it failed"},
		{"appflow:DescribeFlowExecutionRecords", "how far it is, and how many records it brought"},
		{"appflow:CancelFlowExecutions", "one that hangs"}}}}
}

// leftRights read the files of flows, of which no step changes or deletes any.
func leftRights(s *settings) []grant {
	if s.AppFlow == nil || !s.AppFlow.Files {
		return nil
	}
	at := placeOf(s.AppFlow.Bucket + "/" + s.AppFlow.Prefix)
	return []grant{
		{Sid: "FlowFiles", On: []string{inBucket(at.Bucket, at.Prefix+"catchment-*")}, Rights: []right{
			{"s3:GetObject", "a file of an execution that succeeded"}}},
		{Sid: "FindFlowFiles", On: []string{bucketARN(at.Bucket)}, Rights: []right{
			{"s3:ListBucket", "which there are, and whether one was taken away"}}},
		{Sid: "FlowFileKeys", On: []string{partition + "kms:" + account + "key/*"},
			Only: `{StringLike: {"kms:ViaService": "s3.*.amazonaws.com"}}`, Rights: []right{
				{"kms:Decrypt", "what AppFlow has encrypted there, by a key that its flows don't name"}}},
	}
}

// clearRights are for what lives no longer than a run. Lasting flows stay.
func clearRights(s *settings) []grant {
	if s.AppFlow == nil || s.AppFlow.Lasting {
		return nil
	}
	return []grant{
		{Sid: "OldStacks", On: []string{stackNames}, Rights: []right{
			{"cloudformation:DeleteStack", "one that is done with, or came to nothing"}}},
		{Sid: "OldFlows", On: []string{flowNames}, Rights: []right{
			{"appflow:DeleteFlow", "with its stack, and where a roll-back left it"}}},
	}
}
