package flow

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"catchment/internal/policy"
	"catchment/internal/schedule"
	"catchment/internal/schema"
)

// This file is the table of the keys of the section archive, and what they demand of each other.

// The patterns of its texts, and its bounds.
const (
	policyPattern    = `[a-z][a-z0-9-]{0,39}` // it is the name of a folder
	sharePattern     = `[1-9][0-9]?%|100%`
	amountPattern    = `[0-9]{1,9}(\.[0-9]{1,4})?`
	currencyPattern  = `[A-Z]{3}`
	lossPattern      = namePattern + `(\.` + namePattern + `)?`
	approvalsPattern = `[1-9]|1[0-9]|20`
	mostApprovals    = 20
	mostArchived     = 99_999_999
)

var (
	policyRE    = regexp.MustCompile(whole(policyPattern))
	shareRE     = regexp.MustCompile(whole(sharePattern))
	amountRE    = regexp.MustCompile(whole(amountPattern))
	approvalsRE = regexp.MustCompile(whole(approvalsPattern))
	currencyRE  = regexp.MustCompile(whole(currencyPattern))
)

// archiveKeys are those of the section archive.
func archiveKeys(a *policy.Archive) []key {
	var p policy.Policy
	policies := map[string]int{} // their lines, by their names
	return []key{
		{name: "price", about: "What storage in Salesforce costs you; without it forecasts tell sizes only",
			form: priceForm(&a.Price)},
		{name: "policies", about: "Which records may leave Salesforce once their copy is proven",
			form: sections(policyKeys(&p), func(r *reader, at string, n ast.Node) {
				r.policy(at, n, a, policies)
			}, whenIn("approve", shape{"not": shape{"enum": []any{1, "1"}}}, has("signers", shape{"minItems": 2})))},
	}
}

// priceForm is what storage costs.
func priceForm(dst **policy.Price) form {
	var price policy.Price
	f := section([]key{
		{name: "data_gb_month", about: "A GB of records for a month",
			form: amount(&price.DataGBMonth), otherwise: "0", example: "250"},
		{name: "file_gb_month", about: "A GB of files for a month",
			form: amount(&price.FileGBMonth), otherwise: "0", example: "5"},
		{name: "currency", needed: true, about: "What the prices are in",
			form: checked(&price.Currency, like(currencyPattern), func(s string) string {
				if !currencyRE.MatchString(s) {
					return "wants three capital letters, as in USD"
				}
				return ""
			}), example: "USD"},
	})
	read := f.read
	f.read = func(r *reader, at string, n ast.Node) {
		*dst = &price
		read(r, at, n)
	}
	return f
}

// amount is a sum of money.
func amount(dst *float64) form {
	is := shape{"type": []string{"number", "string"}, "minimum": 0, "pattern": whole(amountPattern)}
	return parsed(dst, is, func(s string) (v float64, err error) {
		if _, err = fmt.Sscan(s, &v); err != nil || !amountRE.MatchString(s) {
			return 0, fmt.Errorf("%q is not an amount, as in 250 or 0.25", s)
		}
		return v, nil
	})
}

// policyKeys are those of a policy.
func policyKeys(p *policy.Policy) []key {
	length := like(schedule.LengthPattern)
	records := wholeNumber(1, mostArchived, callsPattern)
	return []key{
		{name: "name", needed: true, about: "What the policy is called: lower case letters, digits and -",
			form: checked(&p.Name, like(policyPattern), wrongPolicyName), example: "old-cases"},
		{name: "root", needed: true, about: "The object whose records are chosen",
			form: checked(&p.Root, apiName(), wrongRoot), example: "Case"},
		{name: "where", needed: true, about: "Which of its records: SOQL without the word WHERE",
			form:    checked(&p.Where, filterShape(), wrongChoice),
			example: `"IsClosed = true AND ClosedDate < LAST_N_YEARS:3"`},
		{name: "with", about: "What goes along: the children that Salesforce would delete, too; " +
			"or the chosen records only, of which those with such children stay",
			form: either(&p.Cascades, "only", "cascades"), otherwise: "cascades", example: "only"},
		{name: "plus", about: "Further objects whose records go with those that they hang on",
			form: apiNames(&p.Plus, "an object"), example: "[Task]"},
		{name: "files", about: "The files of what goes: those that hang on nothing else, or none",
			form: choice(&p.Files, policy.AllFiles, policy.NoFiles), otherwise: "all", example: "none"},
		{name: "untouched_for", about: "Only records that nobody has changed for so long",
			form: parsed(&p.Untouched, length, schedule.ParseDuration), example: "90d"},
		{name: "hold", about: "Records that stay whatever else holds: those that meet a condition (SOQL), " +
			"or whose Ids a file lists, one in a line (file:PATH)",
			form: holdForm(&p.Hold), example: `["Legal_Hold__c = true", "file:holds.txt"]`},
		{name: "cap", about: "How much one plan may take", form: section([]key{
			{name: "records", about: "Records in one plan",
				form: parsed(&p.Cap.Records, records, parseCalls), otherwise: "50000", example: "1000"},
			{name: "per_day", about: "Records that are deleted on one day",
				form: parsed(&p.Cap.PerDay, records, parseCalls), otherwise: "20000", example: "500"},
			{name: "share", about: "The share of an object's live records, from 1% to 100%",
				form: parsed(&p.Cap.Share, like(sharePattern), parseShare), otherwise: "40%", example: "10%"},
		})},
		{name: "cool", about: "How long after the proof of its copy a record is deleted at the earliest; " +
			"0 for at once",
			form:      parsed(&p.Cool, wholeNumber(0, 0, "0|"+schedule.LengthPattern), parseCool),
			otherwise: "14d", example: "30d"},
		{name: "approve", about: "By how many people a plan has to be approved; more than one sign it with their keys",
			form:      parsed(&p.Approve, wholeNumber(1, mostApprovals, approvalsPattern), parseApprovals),
			otherwise: "1", example: "1"},
		{name: "signers", about: "Who may approve, by their keys; then nobody else may",
			form: signersForm(&p.Signers)},
		{name: "lose", about: "What goes although no copy has it, as a plan names it: Object, or Object.Field",
			form: names(&p.Lose, like(lossPattern), wrongLoss), example: "[Account.SicDesc, AccountFeed]"},
		{name: "expires", about: "How long a plan may be carried out once it has cooled",
			form: parsed(&p.Expires, length, schedule.ParseDuration), otherwise: "30d", example: "7d"},
	}
}

// policy reads one policy.
func (r *reader) policy(at string, n ast.Node, a *policy.Archive, lines map[string]int) {
	p := policy.Policy{Cascades: true, Files: policy.AllFiles, Cool: 14 * 24 * time.Hour, Approve: 1,
		Expires: 30 * 24 * time.Hour, Line: where(n).line,
		Cap: policy.Cap{Records: 50_000, PerDay: 20_000, Share: 40}}
	found := r.mapping(at, n, policyKeys(&p))
	p.Where = strings.TrimSpace(p.Where)

	if v, ok := found["approve"]; ok && p.Approve > people(p.Signers) && p.Approve > 1 {
		r.problem(v, at+".approve", "wants %d people, and signers names %d: name the key of each under signers",
			p.Approve, people(p.Signers))
	}
	if first := lines[p.Name]; p.Name != "" && first > 0 {
		r.problem(found["name"], at+".name", "%q has a policy in line %d already: plans are called after theirs",
			p.Name, first)
		return
	}
	lines[p.Name] = p.Line
	a.Policies = append(a.Policies, p)
}

// parseShare reads 1% to 100%.
func parseShare(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(s, "%"))
	if err != nil || !shareRE.MatchString(s) {
		return 0, fmt.Errorf("%q is not a share from 1%% to 100%%", s)
	}
	return n, nil
}

// parseApprovals reads how many people have to agree.
func parseApprovals(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || !approvalsRE.MatchString(s) {
		return 0, fmt.Errorf("%q is not a number of people from 1 to %d", s, mostApprovals)
	}
	return n, nil
}

// parseCool reads a length of time, or 0.
func parseCool(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	return schedule.ParseDuration(s)
}

// people counts those who may sign: who has two keys is one of them.
func people(signers []policy.Signer) int {
	names := map[string]bool{}
	for _, s := range signers {
		names[s.Name] = true
	}
	return len(names)
}

func wrongPolicyName(s string) string {
	if !policyRE.MatchString(s) {
		return "wants up to 40 lower case letters, digits and -, and a letter first: " +
			"its plans lie in folders of that name"
	}
	return ""
}

func wrongRoot(s string) string {
	switch {
	case strings.ContainsAny(s, "*?"):
		return "wants one object: each has a policy of its own"
	case !schema.IsName(s):
		return fmt.Sprintf("%q is not the API name of an object", s)
	}
	return ""
}

func wrongLoss(s string) string {
	object, field, ofField := strings.Cut(s, ".")
	if !schema.IsName(object) || ofField && !schema.IsName(field) {
		return fmt.Sprintf("%q is not the API name of an object, "+
			"nor that of a field behind its object's and a point", s)
	}
	return ""
}

// wrongChoice checks a condition that chooses records to be deleted, or to be kept.
func wrongChoice(s string) string {
	if strings.TrimSpace(s) == "" {
		return "is empty: say which records"
	}
	if what := wrongWhere(s); what != "" {
		return what
	}
	for _, token := range tokenRE.FindAllString(s, -1) {
		if token == ":" {
			return "has a : that is no part of a date: there are no variables here to bind"
		}
	}
	return ""
}

// holdForm is a list of conditions and of files of Ids.
func holdForm(dst *[]policy.Hold) form {
	return listOf(dst, func(h *policy.Hold) form {
		is := filterShape()
		is["not"] = shape{"anyOf": []any{is["not"], shape{"type": "string", "pattern": `^file:\s*$`}}}
		return fileRef(parsed(h, is, func(s string) (policy.Hold, error) {
			path, isFile := strings.CutPrefix(s, "file:")
			switch {
			case isFile && strings.TrimSpace(path) == "":
				return policy.Hold{}, fmt.Errorf("names no file, as in file:holds.txt")
			case isFile:
				return policy.Hold{File: path}, nil
			}
			if what := wrongChoice(s); what != "" {
				return policy.Hold{}, fmt.Errorf("%s", what)
			}
			return policy.Hold{Where: strings.TrimSpace(s)}, nil
		}))
	})
}

// signersForm is who may approve.
func signersForm(dst *[]policy.Signer) form {
	keys := func(s *policy.Signer) []key {
		types := make([]string, len(policy.KeyTypes()))
		for i, t := range policy.KeyTypes() {
			types[i] = literal(t)
		}
		pattern := `\s*(` + strings.Join(types, "|") + `)\s+[A-Za-z0-9+/]+=*(\s[^\n]*)?\s*`
		return []key{
			{name: "name", needed: true, about: "Who it is; the keys of one person stand under one name",
				form: plain(&s.Name), example: "ann"},
			{name: "key", needed: true, about: "The public key, as OpenSSH writes it into a file like id_ed25519.pub",
				form: checked(&s.Key, like(pattern), func(key string) string {
					return policy.Signer{Key: key}.Wrong()
				}),
				example: exampleKey},
		}
	}
	var none policy.Signer
	lines := map[string]int{}
	return sections(keys(&none), func(r *reader, at string, n ast.Node) {
		var s policy.Signer
		r.mapping(at, n, keys(&s))
		key := s.Fingerprint()
		if first := lines[key]; key != "" && first > 0 {
			r.problem(n, at+".key", "stands here again; the first is in line %d", first)
			return
		}
		lines[key] = where(n).line
		*dst = append(*dst, s)
	})
}

// exampleKey is the public half of a key that nobody has: its other half is all zeros.
const exampleKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop ann@acme"

// relateHolds makes the relative paths of holds relative to the file's directory.
func (f *File) relateHolds() {
	for i := range f.Archive.Policies {
		for j := range f.Archive.Policies[i].Hold {
			h := &f.Archive.Policies[i].Hold[j]
			if h.File != "" && !filepath.IsAbs(h.File) {
				h.File = filepath.Join(f.dir, h.File)
			}
		}
	}
}
