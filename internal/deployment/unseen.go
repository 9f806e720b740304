package deployment

// Unseen tells why a role has a right that no execution of `make aws` needs; "" is
// no reason, and the right has to go. What a right is for stands beside it in
// rights.go, and in the template; here is why nobody sees it used.
func Unseen(role, action string) string {
	for _, key := range []string{role + " " + action, action} {
		if why := unseen[key]; why != "" {
			return why
		}
	}
	return ""
}

// unseen are the reasons, by action, or by role and action.
var unseen = map[string]string{
	"ListFunctionRole s3:ListBucket": "S3 looks at it where a template is missing; the stand-in tells everybody",
}
