package deployment

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/warehouse/reach"
)

// settings are what the template is filled with.
type settings struct {
	Table     string // of control.url
	Stage     place  // of stage.url
	Secrets   readings
	Warehouse reach.Way
	Schema    string        // the staging schema
	AppFlow   *flow.AppFlow // nil where no flow may land by it
	Rows      bool          // control rows say what to copy, and templates of the stage how
	Bodies    bool          // a flow copies the bodies of files
	Archives  bool          // records may leave Salesforce: the stage has the plans and the evidence

	Functions []function
	Policies  []use
	Machine   string
}

// A place is a part of a bucket.
type place struct{ Bucket, Prefix string } // Prefix: "" or ends in a slash

// placeOf reads bucket/prefix or //bucket/prefix.
func placeOf(text string) place {
	var p place
	p.Bucket, p.Prefix, _ = strings.Cut(strings.TrimPrefix(text, "//"), "/")
	if p.Prefix = strings.Trim(p.Prefix, "/"); p.Prefix != "" {
		p.Prefix += "/"
	}
	return p
}

// readSettings takes from a configuration what the template has to say again, and
// tells of everything that AWS hasn't, or hasn't room for.
func readSettings(file *flow.File, known Warehouses) (*settings, []string) {
	s := &settings{Schema: file.Warehouse.StagingSchema, Rows: file.FromControl, Bodies: file.CopiesBodies(),
		Archives: len(file.Archive.Policies) > 0}
	var problems []string
	problem := func(format string, args ...any) {
		problems = append(problems, file.Name+": "+fmt.Sprintf(format, args...))
	}
	table, ok := strings.CutPrefix(file.Control.URL, "dynamodb:")
	if s.Table = table; !ok {
		problem("control.url is %s: write dynamodb:TABLE, which the template makes", file.Control.URL)
	}
	at, ok := strings.CutPrefix(file.Stage.URL, "s3:")
	if s.Stage = placeOf(at); !ok {
		problem("stage.url is %s: write s3:bucket/prefix, which the template makes", file.Stage.URL)
	}
	if file.Warehouse.File {
		problem("warehouse.url is a file of this machine: write %s", strings.Join(known.Servers(), " or "))
	} else if way, err := known.Reach(file.Warehouse.URL); err != nil {
		problem("%v: %s", err, plan.AdviceOf(err))
	} else {
		s.Warehouse = way
	}
	if file.Asks(flow.ByAppFlow) {
		s.AppFlow = &file.AppFlow
	}
	for _, name := range file.Variables {
		problem("the variable %s is one of this machine, and functions on AWS have none: write what it holds", name)
	}
	var unread []string
	s.Secrets, unread = readSecrets(file)
	for _, text := range unread {
		problem("%s", text)
	}
	if file.Org.Login.Flow == "sf_cli" || file.Org.Login.Flow == "refresh_token" {
		problem("org.login.flow is %s, which works on one machine only: use client_credentials or jwt",
			file.Org.Login.Flow)
	}
	for _, text := range s.wrongNames() {
		problem("%s", text)
	}
	slices.Sort(problems)
	s.fill()
	return s, problems
}

// fill makes the policies, and gives each function those of its uses.
func (s *settings) fill() {
	s.Policies = slices.DeleteFunc(uses(s), func(u use) bool { return len(u.Grants) == 0 })
	idle := func(f function) bool {
		return f.Step == replicate.Bodies && !s.Bodies || f.Step == replicate.Maintain && !s.Warehouse.Upkeep
	}
	s.Functions = slices.DeleteFunc(functions(), idle)
	for i := range s.Functions {
		f := &s.Functions[i]
		for _, u := range s.Policies {
			if slices.Contains(f.uses, u.Name) {
				f.Policies = append(f.Policies, u.Ref())
			}
		}
	}
}

// Distributed tells whether the items of a run are executions of their own.
func (s *settings) Distributed() bool { return strings.Contains(s.Machine, `"DISTRIBUTED"`) }

// AppFlowPuts are what AppFlow does in its intermediate bucket (Amazon AppFlow User
// Guide, Amazon S3 bucket policies).
func (*settings) AppFlowPuts() []string {
	return []string{"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
		"s3:ListBucketMultipartUploads", "s3:GetBucketAcl", "s3:PutObjectAcl"}
}

// Intermediate tells whether AppFlow's bucket is the stage's, which has a policy
// of the template's.
func (s *settings) Intermediate() bool { return s.AppFlow != nil && s.AppFlow.Bucket == s.Stage.Bucket }
