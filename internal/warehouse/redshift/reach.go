package redshift

import (
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse/reach"
)

// ReachWire tells how functions on AWS get to Redshift over the wire.
func ReachWire(url string) (reach.Way, error) {
	p, err := readWire(url)
	return reach.Way{Password: true, Files: true, FilesIn: strings.TrimPrefix(p.stage, "s3://")}, err
}

// workgroupID is in the ARN of a workgroup, whose name a URL says.
const workgroupID = "WorkgroupId"

// ReachData tells how functions on AWS get to Redshift through the Data API. They
// need a secret there: with temporary credentials each of their roles is a database
// user of its own (ExecuteStatement: the name is derived from the IAM identity), and
// none may merge into the tables of another.
func ReachData(url string) (reach.Way, error) {
	p, err := readData(url)
	if err != nil {
		return reach.Way{}, err
	}
	if p.secret == "" {
		return reach.Way{}, plan.Fixf("add ?secret=ARN of a secret with the keys username and password",
			"warehouse.url names no secret: without one each function is a database user of its own, and none may "+
				"change the tables of another")
	}
	w := reach.Way{Files: true, FilesIn: strings.TrimPrefix(p.stage, "s3://"), Secret: p.secret,
		Job: map[string]string{"workgroup": p.workgroup, "cluster": p.cluster, "database": p.database,
			"secret": p.secret}}
	on := "arn:${AWS::Partition}:redshift:${AWS::Region}:${AWS::AccountId}:cluster:" + p.cluster
	if p.workgroup != "" {
		w.Parameter = reach.Parameter{Name: workgroupID, Default: "*", Description: "The id of the workgroup " +
			p.workgroup + ", as get-workgroup tells it. Without it the functions may send statements to every " +
			"workgroup of this account and region that the secret opens."}
		on = "arn:${AWS::Partition}:redshift-serverless:${AWS::Region}:${AWS::AccountId}:workgroup/${" +
			workgroupID + "}"
	}
	w.Rights = []reach.Right{
		{Action: "redshift-data:ExecuteStatement", On: on, Why: "each statement, in sessions of its own"},
		{Action: "redshift-data:DescribeStatement", Why: "whether it has ended; the service tells only who sent it"},
		{Action: "redshift-data:GetStatementResult", Why: "its rows"},
		{Action: "redshift-data:CancelStatement", Why: "one that nobody waits for any more"},
	}
	return w, nil
}
