package deployment

import (
	"strings"

	"catchment/internal/replicate"
)

// A function is one Lambda function of the template: a step, and what it does
// with AWS. What each use may touch, and why, is in rights.go.
type function struct {
	Step     string
	Name     string // after the stack's; the article's where it has one
	Does     string
	Resource string   // its logical ID
	Policies []string // those of its uses that the configuration has, as the template names them
	uses     []useName
}

// The uses that functions make of AWS.
type useName string

const (
	ownState    useName = "OwnState"    // its configuration and the control table
	logins      useName = "Logins"      // the secrets of Salesforce, and salts
	theCopy     useName = "TheCopy"     // the warehouse
	newPages    useName = "NewPages"    // puts pages into the stage, and reads them
	filesBeside useName = "FilesBeside" // puts what the warehouse reads beside pages
	oldPages    useName = "OldPages"    // finds and deletes them
	leases      useName = "Leases"      // asks whose is free
	makeFlows   useName = "MakeFlows"   // flows of AppFlow
	runFlows    useName = "RunFlows"
	clearFlows  useName = "ClearFlows"
	flowFiles   useName = "FlowFiles"        // reads what flows of AppFlow leave in S3
	glueJob     useName = "GlueJob"          // consolidates
	templates   useName = "Templates"        // reads those of control rows
	missing     useName = "MissingTemplates" // and tells which aren't there
	archives    useName = "Archives"         // reads what was archived

	// No function has this one: it is for the role by which the warehouse reads S3.
	warehouseReads useName = "WarehouseReads"
)

// functions is the one table of who does what. A use that the configuration has
// no part for, such as flows of AppFlow where none may be made, is left out.
//
// A step does whatever is next for its flow: what create began, ready, done and
// load bring to its end, and a stack that came to nothing is made anew by each.
func functions() []function {
	all := []function{
		{Step: replicate.List, Name: "list",
			Does: "reads what to copy; takes the leases; fixes the window of each flow; gives up what doesn't fit",
			uses: []useName{leases, theCopy, templates, missing, archives, clearFlows}},
		{Step: replicate.Create, Name: "lambda_trigger_appflow",
			Does: "makes the job: of Bulk, or a stack with an AppFlow flow",
			uses: []useName{theCopy, templates, makeFlows, clearFlows}},
		{Step: replicate.Ready, Name: "status_job", Does: "waits until the job can be started",
			uses: []useName{theCopy, templates, makeFlows, clearFlows}},
		{Step: replicate.Start, Name: "start_job_appflow", Does: "starts it",
			uses: []useName{theCopy, templates, runFlows}},
		{Step: replicate.Done, Name: "wait_job", Does: "waits for its end",
			uses: []useName{theCopy, templates, makeFlows, runFlows, clearFlows}},
		{Step: replicate.Load, Name: "load", Does: "brings pages into the stage and the staging schema, and counts",
			uses: []useName{theCopy, newPages, filesBeside, makeFlows, runFlows, clearFlows, flowFiles}},
		{Step: replicate.Consolidate, Name: "consolidate", Does: "merges staging into the final table",
			uses: []useName{theCopy, templates, glueJob}},
		{Step: replicate.Bodies, Name: "read_bodies", Does: "brings the bodies of files into the stage, for good",
			uses: []useName{theCopy, newPages}},
		{Step: replicate.Maintain, Name: "maintain", Does: "keeps the files of the warehouse's tables few",
			uses: []useName{theCopy}},
		{Step: replicate.Drop, Name: "delete_elements_flows_snapshots",
			Does: "deletes jobs, stacks, flows and old pages, for the quotas",
			uses: []useName{oldPages, clearFlows}},
		{Step: replicate.Publish, Name: "publish", Does: "says how the run went, and gives the leases back"},
	}
	for i, f := range all {
		common := []useName{ownState}
		if replicate.NeedsOf(f.Step).Org {
			common = append(common, logins)
		}
		all[i].uses = append(common, f.uses...)
		all[i].Resource = resourceOf(f.Step)
	}
	return all
}

// resourceOf is the logical ID of a step's function.
func resourceOf(step string) string { return strings.ToUpper(step[:1]) + step[1:] + "Function" }
