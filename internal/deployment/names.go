package deployment

import (
	"fmt"
	"regexp"

	"catchment/internal/plan"
)

// The limits of names: S3, DynamoDB and Secrets Manager, each in its API reference.
var (
	bucketRE = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	tableRE  = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)
	secretRE = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)
	stackRE  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)
)

// longestFunction is how long the name of a Lambda function may be.
const longestFunction = 64

// wrongNames tells of names that AWS would refuse in the middle of a deployment.
func (s *settings) wrongNames() []string {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if s.Table != "" && !tableRE.MatchString(s.Table) {
		say("control.url: DynamoDB takes a name of 3 to 255 letters, digits, _ - and . for a table, not %q", s.Table)
	}
	if b := s.Stage.Bucket; b != "" && !bucketRE.MatchString(b) {
		say("stage.url: S3 takes a name of 3 to 63 lower-case letters, digits, hyphens and dots for a bucket, "+
			"not %q", b)
	}
	for _, r := range s.Secrets.Made() {
		if !secretRE.MatchString(r.Name) {
			say("Secrets Manager takes a name of up to 512 letters, digits and /_+=.@- for a secret, not %q", r.Name)
		}
	}
	return wrong
}

// CheckStack refuses a name for the stack from which AWS couldn't make the names of
// the functions.
func CheckStack(name string) error {
	longest := 0
	for _, f := range functions() {
		longest = max(longest, len("-"+f.Name))
	}
	most := longestFunction - longest
	if len(name) > most {
		return plan.Fixf(fmt.Sprintf("take a name of up to %d characters", most),
			"the name of the stack, %s, is %d characters long: with those of its functions it is over the %d that "+
				"Lambda has", name, len(name), longestFunction)
	}
	if !stackRE.MatchString(name) {
		return plan.Fixf("begin with a letter, and go on with letters, digits and hyphens",
			"CloudFormation takes no stack of the name %q", name)
	}
	return nil
}
