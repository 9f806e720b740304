package deployment

// A use is what functions do with one part of AWS. It is one policy of the
// template, which the roles of the functions have that make the use.
type use struct {
	Name   useName
	Does   string
	Grants []grant
}

// A grant is one statement of a policy.
type grant struct {
	Sid    string
	On     []string // ARNs, as !Sub reads them; anything where the actions know no resources
	Only   string   // a condition of IAM, as YAML; "" for none
	If     string   // a condition of the template that says whether it stands there; "" for always
	Rights []right
}

// A right is an action, and why it is needed.
type right struct{ Action, Why string }

// anything is the resource of actions that know none (Service Authorization Reference).
var anything = []string{"*"}

// ARNs, as !Sub reads them.
const (
	account   = "${AWS::Region}:${AWS::AccountId}:"
	partition = "arn:${AWS::Partition}:"
)

func inBucket(bucket, keys string) string { return partition + "s3:::" + bucket + "/" + keys }
func bucketARN(bucket string) string      { return partition + "s3:::" + bucket }

// uses is the one list of what a step may touch, and why, for a configuration.
// A use without grants isn't there.
func uses(s *settings) []use {
	return []use{
		{ownState, "Its configuration, and the control table", ownRights(s)},
		{logins, "The secrets of Salesforce",
			s.Secrets.grants("Login", "who the functions are to Salesforce, and salts")},
		{theCopy, "The warehouse", copyRights(s)},
		{newPages, "Pages into the stage", pageRights(s)},
		{filesBeside, "What the warehouse reads beside pages", fileRights(s)},
		{oldPages, "Pages out of the stage", []grant{
			{Sid: "OldPages", On: []string{inBucket(s.Stage.Bucket, s.Stage.Prefix+"*")}, Rights: []right{
				{"s3:DeleteObject", "pages past stage.keep go"}}},
			{Sid: "FindPages", On: []string{bucketARN(s.Stage.Bucket)}, Rights: []right{
				{"s3:ListBucket", "finds them"}}},
		}},
		{leases, "Whose lease is free", []grant{{Sid: "Executions",
			On: []string{partition + "states:" + account + "execution:${AWS::StackName}:*"}, Rights: []right{
				{"states:DescribeExecution", "a lease in the name of an execution that is over is free"}}}}},
		{makeFlows, "Make flows of AppFlow", makeRights(s)},
		{runFlows, "Run flows of AppFlow", runRights(s)},
		{clearFlows, "Clear flows of AppFlow away", clearRights(s)},
		{glueJob, "Have a Glue job consolidate", glueRights(s)},
	}
}

func ownRights(s *settings) []grant {
	return []grant{
		{Sid: "Configuration", On: []string{inBucket("${CodeBucket}", "${ConfigKey}")}, Rights: []right{
			{"s3:GetObject", "catchment.yaml, anew for each run"}}},
		{Sid: "ControlTable", On: []string{partition + "dynamodb:" + account + "table/" + s.Table}, Rights: []right{
			{"dynamodb:GetItem", "rows of runs, flows, attempts, pages and leases"},
			{"dynamodb:Query", "those of one kind"},
			{"dynamodb:PutItem", "writes them, each on a condition"},
			{"dynamodb:DeleteItem", "leases that end, and rows past their time"}}},
		{Sid: "Keys", On: []string{"!Ref KeyArns"}, If: "HasKeys", Rights: []right{
			{"kms:Decrypt", "what is read of buckets, table and secrets with keys of yours"},
			{"kms:GenerateDataKey", "what is written into such buckets"}}},
	}
}

func pageRights(s *settings) []grant {
	return []grant{{Sid: "NewPages", On: []string{inBucket(s.Stage.Bucket, s.Stage.Prefix+"*")}, Rights: []right{
		{"s3:PutObject", "a page as it came, once"},
		{"s3:GetObject", "the page that is loaded, or is there from an earlier call"},
		{"s3:AbortMultipartUpload", "a large page whose upload broke off"}}}}
}

func glueRights(s *settings) []grant {
	if s.Warehouse.Job == nil {
		return nil
	}
	return []grant{{Sid: "Glue", If: "ByGlue",
		On: []string{partition + "glue:" + account + "job/${AWS::StackName}-consolidate"}, Rights: []right{
			{"glue:StartJobRun", "once for each attempt"},
			{"glue:GetJobRuns", "whether it has begun, and how it ended"}}}}
}
