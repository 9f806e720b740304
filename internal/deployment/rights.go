package deployment

import "fmt"

// A use is what functions do with one part of AWS. It is one policy of the
// template, which the roles of the functions have that make the use.
type use struct {
	Name   useName
	Does   string
	Grants []grant
	If     string // a condition of the template that says whether it is made; "" for always
}

// Ref is how the role of a function names the policy.
func (u use) Ref() string {
	if u.If == "" {
		return fmt.Sprintf("!Ref %sPolicy", u.Name)
	}
	return fmt.Sprintf("!If [%s, !Ref %sPolicy, !Ref AWS::NoValue]", u.If, u.Name)
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
		{Name: ownState, Does: "Its configuration, and the control table", Grants: ownRights(s)},
		{Name: logins, Does: "The secrets of Salesforce",
			Grants: s.Secrets.grants("Login", "who the functions are to Salesforce, and salts")},
		{Name: theCopy, Does: "The warehouse", Grants: copyRights(s)},
		{Name: templates, Does: "Templates of control rows", Grants: templateRights(s)},
		{Name: missing, Does: "Which templates are missing", Grants: missingRights(s)},
		{Name: archives, Does: "What archives have sent", Grants: archiveRights(s)},
		{Name: newPages, Does: "Pages into the stage", Grants: pageRights(s)},
		{Name: filesBeside, Does: "What the warehouse reads beside pages", Grants: fileRights(s)},
		{Name: oldPages, Does: "Pages out of the stage", Grants: []grant{
			{Sid: "OldPages", On: []string{inBucket(s.Stage.Bucket, s.Stage.Prefix+"*")}, Rights: []right{
				{"s3:DeleteObject", "pages past stage.keep go"}}},
			{Sid: "FindPages", On: []string{bucketARN(s.Stage.Bucket)}, Rights: []right{
				{"s3:ListBucket", "finds them"}}},
		}},
		{Name: leases, Does: "Whose lease is free", Grants: []grant{{Sid: "Executions",
			On: []string{partition + "states:" + account + "execution:${AWS::StackName}:*"}, Rights: []right{
				{"states:DescribeExecution", "a lease in the name of an execution that is over is free"}}}}},
		{Name: makeFlows, Does: "Make flows of AppFlow", Grants: makeRights(s)},
		{Name: runFlows, Does: "Run flows of AppFlow", Grants: runRights(s)},
		{Name: clearFlows, Does: "Clear flows of AppFlow away", Grants: clearRights(s)},
		{Name: flowFiles, Does: "Files that flows of AppFlow leave", Grants: leftRights(s)},
		{Name: glueJob, Does: "Have a Glue job consolidate", Grants: glueRights(s), If: "ByGlue"},
		{Name: warehouseReads, Does: "What the warehouse reads by itself: attach it to the role of its COPY",
			Grants: readRights(s)},
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
		yourKeys(right{"kms:Decrypt", "what is read of buckets, table and secrets with keys of yours"},
			right{"kms:GenerateDataKey", "what is written into such buckets"}),
	}
}

// yourKeys are rights on the keys that a parameter names, if it does.
func yourKeys(rights ...right) grant {
	return grant{Sid: "Keys", On: []string{"!Ref KeyArns"}, If: "HasKeys", Rights: rights}
}

// templateRights read what control rows name; load has them by those of pages.
func templateRights(s *settings) []grant {
	if !s.Rows {
		return nil
	}
	return []grant{{Sid: "RowTemplates", On: []string{inBucket(s.Stage.Bucket, s.Stage.Prefix+"templates/*")},
		Rights: []right{{"s3:GetObject", "how the object of a control row is copied"}}}}
}

func missingRights(s *settings) []grant {
	if !s.Rows {
		return nil
	}
	return []grant{{Sid: "WhichAreThere", On: []string{bucketARN(s.Stage.Bucket)}, Rights: []right{
		{"s3:ListBucket", "a template that is missing is told as missing, and not as denied"}}}}
}

// archiveRights tell whether a warehouse that came back from a backup knows what was archived.
func archiveRights(s *settings) []grant {
	if !s.Archives {
		return nil
	}
	return []grant{
		{Sid: "Evidence", On: []string{inBucket(s.Stage.Bucket, s.Stage.Prefix+"archive/*")}, Rights: []right{
			{"s3:GetObject", "which rows are archived, where the warehouse has forgotten it"}}},
		{Sid: "FindArchives", On: []string{bucketARN(s.Stage.Bucket)}, Rights: []right{
			{"s3:ListBucket", "whether something was archived since"}}},
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
	return []grant{{Sid: "Glue",
		On: []string{partition + "glue:" + account + "job/${AWS::StackName}-consolidate"}, Rights: []right{
			{"glue:StartJobRun", "once for each attempt"},
			{"glue:GetJobRuns", "whether it has begun, and how it ended"}}}}
}
