package secret

import (
	"regexp"
	"strings"
)

// A Backend is where secrets are kept, and all that Catchment knows of it: what
// a config file may say, who can read it, and what it needs on AWS.
type Backend struct {
	Scheme string // what a reference starts with, before a colon
	Form   string // how a reference looks, for hints and examples

	// Pattern is a regular expression, in what Go and JavaScript have in common, of what can
	// be right behind the colon, as far as that shows without reading the secret.
	Pattern string

	// File: a path stands behind the colon. A relative one begins at the config
	// file, and a Place can put a new secret there.
	File bool

	// Fixed: nothing can put a new secret there, so that it can't hold one which
	// its issuer replaces.
	Fixed bool

	// Outside is what keeps the secrets, where a Reader of the program has to ask
	// for them; "" where read does it.
	Outside string
	read    func(r Resolver, rest string) (string, error)

	Lambda bool   // a Lambda function gets at it
	Grant  *Grant // what the function needs for that; nil for nothing
}

// A Grant is what a Lambda function needs to read a secret that AWS keeps, by
// the words of CloudFormation and of the command line.
type Grant struct {
	Right    string // on the secret
	Resource string // the type of the secret, which a deployment makes empty
	Fill     string // the command that puts something in
}

// Valid says whether what stands behind the colon can be right.
func (b Backend) Valid(rest string) bool {
	return regexp.MustCompile("^(?:" + b.Pattern + ")$").MatchString(rest)
}

// Backends lists where secrets can be, in the order in which hints tell them.
// What is Outside also needs a Reader, which cmd brings along.
func Backends() []Backend {
	return []Backend{
		{Scheme: "env", Form: "env:NAME", Pattern: `[A-Za-z_][A-Za-z0-9_]*`, Fixed: true, read: Resolver.env},
		{Scheme: "file", Form: "file:PATH", Pattern: `[\s\S]*\S[\s\S]*`, File: true, read: Resolver.file},
		{
			Scheme: "aws-sm", Form: "aws-sm:NAME#KEY",
			Pattern: `[A-Za-z0-9/_+=.@:-]+(#[^#\s]+)?`, // a name or an ARN, and a key
			Outside: "AWS Secrets Manager", Lambda: true,
			Grant: &Grant{
				Right:    "secretsmanager:GetSecretValue",
				Resource: "AWS::SecretsManager::Secret",
				Fill:     "aws secretsmanager put-secret-value",
			},
		},
	}
}

// BackendOf finds the backend that a reference names, and what stands behind
// the colon. It doesn't ask whether that is Valid.
func BackendOf(ref string) (b Backend, rest string, ok bool) {
	for _, b := range Backends() {
		if rest, ok := strings.CutPrefix(ref, b.Scheme+":"); ok {
			return b, rest, true
		}
	}
	return Backend{}, "", false
}

// Forms lists how references look: env:NAME, file:PATH or aws-sm:NAME#KEY.
func Forms() string { return FormsOf(func(Backend) bool { return true }) }

// FormsOf lists how references to some of the backends look.
func FormsOf(which func(Backend) bool) string {
	var forms []string
	for _, b := range Backends() {
		if which(b) {
			forms = append(forms, b.Form)
		}
	}
	if len(forms) < 2 {
		return strings.Join(forms, "")
	}
	last := len(forms) - 1
	return strings.Join(forms[:last], ", ") + " or " + forms[last]
}
