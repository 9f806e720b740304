package ministack

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A Policy is one document of a role's rights.
type Policy struct {
	Role string
	Name string // of an inline policy, or the ARN of a managed one
	Document
}

// A Document says what is allowed.
type Document struct {
	Version   string
	Statement []Statement
}

// A Statement allows actions on resources.
type Statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Action    Texts
	Resource  Texts
	Condition map[string]any `json:",omitempty"`
}

// Texts is one text or several.
type Texts []string

// UnmarshalJSON reads both forms.
func (t *Texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = Texts{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// Policies lists the policies of every role.
func (s *Server) Policies() ([]Policy, error) {
	var roles struct {
		Names []string `xml:"ListRolesResult>Roles>member>RoleName"`
	}
	if err := s.form("iam", &roles, "ListRoles"); err != nil {
		return nil, err
	}
	var all []Policy
	for _, role := range roles.Names {
		some, err := s.policies(role)
		if err != nil {
			return nil, fmt.Errorf("role %s: %w", role, err)
		}
		all = append(all, some...)
	}
	return all, nil
}

func (s *Server) policies(role string) ([]Policy, error) {
	var inline struct {
		Names []string `xml:"ListRolePoliciesResult>PolicyNames>member"`
	}
	var attached struct {
		ARNs []string `xml:"ListAttachedRolePoliciesResult>AttachedPolicies>member>PolicyArn"`
	}
	if err := s.form("iam", &inline, "ListRolePolicies", "RoleName", role); err != nil {
		return nil, err
	}
	if err := s.form("iam", &attached, "ListAttachedRolePolicies", "RoleName", role); err != nil {
		return nil, err
	}
	var said struct {
		Version  string `xml:"GetPolicyResult>Policy>DefaultVersionId"`
		Inline   string `xml:"GetRolePolicyResult>PolicyDocument"`
		Attached string `xml:"GetPolicyVersionResult>PolicyVersion>Document"`
	}
	var all []Policy
	for _, name := range inline.Names {
		if err := s.form("iam", &said, "GetRolePolicy", "RoleName", role, "PolicyName", name); err != nil {
			return nil, err
		}
		p := Policy{Role: role, Name: name}
		if err := p.read(said.Inline); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	for _, arn := range attached.ARNs {
		if err := s.form("iam", &said, "GetPolicy", "PolicyArn", arn); err != nil {
			return nil, err
		}
		if err := s.form("iam", &said, "GetPolicyVersion", "PolicyArn", arn, "VersionId", said.Version); err != nil {
			return nil, err
		}
		p := Policy{Role: role, Name: arn}
		if err := p.read(said.Attached); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func (d *Document) read(escaped string) error {
	text, err := url.QueryUnescape(strings.ReplaceAll(escaped, "+", "%2B"))
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), d)
}

// Put gives a role an inline policy, in place of one of the same name.
func (s *Server) Put(p Policy) error {
	text, err := json.Marshal(p.Document)
	if err != nil {
		return err
	}
	return s.form("iam", nil, "PutRolePolicy", "RoleName", p.Role, "PolicyName", p.Name,
		"PolicyDocument", string(text))
}

// Swap gives a role another document in place of a policy's, and back. Roles that
// have the same managed policy keep it. A document without statements can't be put:
// the role goes without the policy.
func (s *Server) Swap(p Policy, d Document) (back func() error, err error) {
	if !strings.HasPrefix(p.Name, "arn:") {
		back = func() error { return s.Put(p) }
		if len(d.Statement) == 0 {
			return back, s.form("iam", nil, "DeleteRolePolicy", "RoleName", p.Role, "PolicyName", p.Name)
		}
		return back, s.Put(Policy{Role: p.Role, Name: p.Name, Document: d})
	}
	detach := func() error {
		return s.form("iam", nil, "DetachRolePolicy", "RoleName", p.Role, "PolicyArn", p.Name)
	}
	attach := func() error {
		return s.form("iam", nil, "AttachRolePolicy", "RoleName", p.Role, "PolicyArn", p.Name)
	}
	if len(d.Statement) == 0 {
		return attach, detach()
	}
	const instead = "instead"
	back = func() error {
		return errors.Join(attach(),
			s.form("iam", nil, "DeleteRolePolicy", "RoleName", p.Role, "PolicyName", instead))
	}
	return back, errors.Join(s.Put(Policy{Role: p.Role, Name: instead, Document: d}), detach())
}

// A Session is what a role is worked with.
type Session struct {
	Key    string `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
	Secret string `xml:"AssumeRoleResult>Credentials>SecretAccessKey"`
	Token  string `xml:"AssumeRoleResult>Credentials>SessionToken"`
}

// Assume makes a role that a service may assume, and begins a session of it.
func (s *Server) Assume(role string, d Document) (Session, error) {
	const trust = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", ` +
		`"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`
	if err := s.form("iam", nil, "CreateRole", "RoleName", role, "AssumeRolePolicyDocument", trust); err != nil {
		return Session{}, err
	}
	if err := s.Put(Policy{Role: role, Name: "rights", Document: d}); err != nil {
		return Session{}, err
	}
	var made Session
	arn := "arn:aws:iam::" + Account + ":role/" + role
	err := s.form("sts", &made, "AssumeRole", "RoleArn", arn, "RoleSessionName", "test")
	return made, err
}

// Administrator is the Authorization header of whoever may do everything, and
// whose signature nobody looks at.
func Administrator(service string) string {
	return "AWS4-HMAC-SHA256 Credential=test/20260101/" + Region + "/" + service +
		"/aws4_request, SignedHeaders=host, Signature=none"
}

// form calls IAM or STS as the administrator.
func (s *Server) form(service string, out any, action string, pairs ...string) error {
	at, err := s.Start()
	if err != nil {
		return err
	}
	in := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for pair := range slices.Chunk(pairs, 2) {
		in.Set(pair[0], pair[1])
	}
	req, err := http.NewRequest(http.MethodPost, at, strings.NewReader(in.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", Administrator(service))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", action, resp.Status, body)
	}
	if out == nil {
		return nil
	}
	return xml.Unmarshal(body, out)
}
