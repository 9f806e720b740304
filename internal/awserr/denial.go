package awserr

import (
	"cmp"
	"errors"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// A Denial is what AWS says that it doesn't let somebody do, spelled as a
// policy spells it.
type Denial struct {
	Action   string // "s3:GetObject"
	Resource string // its ARN, or what the service names; "" where it names none
	Deny     string // the kind of policy that denies it explicitly; "" where none allows it
}

// The services share one sentence, with and without a resource, whose ARN S3
// puts in quotes (IAM User Guide, Troubleshoot access denied error messages).
var (
	deniedRE   = regexp.MustCompile(`not authorized to perform:? ([a-zA-Z0-9-]+:[a-zA-Z0-9*]+)`)
	resourceRE = regexp.MustCompile(`^ on (?:the )?resource:? (?:"([^"]+)"|([^\s"]+?)[.,)]?(?:\s|$))`)
	denyRE     = regexp.MustCompile(`with an explicit deny in an? ([a-zA-Z-]+(?: [a-zA-Z-]+)*)`)
)

// DenialOf reads a denial from what a service says, or from the reason of a
// resource that CloudFormation couldn't make.
func DenialOf(text string) (Denial, bool) {
	text = strings.Join(strings.Fields(text), " ")
	at := deniedRE.FindStringSubmatchIndex(text)
	if at == nil {
		return Denial{}, false
	}
	d := Denial{Action: text[at[2]:at[3]]}
	rest := text[at[1]:]
	if m := resourceRE.FindStringSubmatch(rest); m != nil {
		d.Resource = m[1] + m[2]
	}
	if m := denyRE.FindStringSubmatch(rest); m != nil {
		d.Deny = m[1]
	}
	return d, true
}

// Hint says who has to do what about it.
func (d Denial) Hint() string {
	on := d.Resource
	if on == "" {
		on = `"*"`
	}
	if d.Deny != "" {
		return "no right helps: " + d.Action + " on " + on + " is denied explicitly, in the " + d.Deny +
			"; ask whoever keeps that"
	}
	return "allow the role " + d.Action + " on " + on
}

// denialOf reads what an API says of a call that it denies. Where it names
// nothing, as S3 did for long, it is the call itself.
func denialOf(action, resource string, err error) Denial {
	d := Denial{Action: action, Resource: resource}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return d
	}
	if said, ok := DenialOf(api.ErrorMessage()); ok {
		d.Action, d.Deny = said.Action, said.Deny
		d.Resource = cmp.Or(said.Resource, resource)
	}
	return d
}

// ClassedRead wraps an error of reading an object of S3. An object that isn't
// there is a denial for whoever may not list the bucket (API reference,
// GetObject and HeadObject), so that one says both.
func ClassedRead(bucket, key string, err error) error {
	if CodeOf(err) == "NoSuchBucket" {
		return Classed("s3:GetObject", "arn:aws:s3:::"+bucket, err)
	}
	object := "arn:aws:s3:::" + bucket + "/" + key
	if err == nil || !denies(CodeOf(err), StatusOf(err)) {
		return Classed("s3:GetObject", object, err)
	}
	d := denialOf("s3:GetObject", object, err)
	if d.Deny != "" || d.Action != "s3:GetObject" && d.Action != "s3:ListBucket" {
		return Classed("s3:GetObject", object, err)
	}
	return plan.Failf(plan.Fix, "see whether it is there: aws s3 ls s3://"+bucket+"/"+key+"; if it is, allow the role "+
		"s3:GetObject on "+object, "s3:GetObject on %s: there is no such object, or the role may not read it "+
		"(without s3:ListBucket on arn:aws:s3:::%s, S3 doesn't tell which): %w", object, bucket, printable.Error(err))
}
