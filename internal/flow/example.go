package flow

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"catchment/internal/platform"
	"catchment/internal/schema"
	"catchment/internal/secret"
)

// Example writes the commented catchment.yaml that a user begins with. It
// parses as it is. What org leaves empty gets an example value; the flows are
// the well-known and the custom ones of objects, and the rest stands in a
// comment, but for what is no name.
func Example(org Org, known Warehouses, objects []schema.Object) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `version: 1

org:
  url: %s
  # Secrets are references, never values: %s.
  # flow: client_credentials, jwt, refresh_token, sf_cli, token or password, which
  # Salesforce ends on %s; docs/howto/logins.md shows each.
  login:
`, quoted(cmp.Or(org.URL, "https://acme.my.salesforce.com")), secret.Forms(), platform.PasswordEnds())
	writeLogin(&b, org.Login)
	writeVersion(&b, org.APIVersion)
	fmt.Fprintf(&b, exampleBody, known.Local, known.Tip)
	writeFlows(&b, objects)
	return b.Bytes()
}

// exampleBody shows every key between login and flows with its default. It leaves
// the warehouse open, and what can be said of it.
const exampleBody = `  reserve: 40%%               # of the daily API limits, left to people
  # accept_encrypted: true   # copy fields that Salesforce keeps encrypted
  composite: auto            # many questions in one API call: auto, on or off

# Relative paths begin at this file.
warehouse:
  url: %s  # %s
  schema: salesforce
  staging_schema: salesforce_incremental

stage:
  url: dir:stage
  keep: 7d                   # pages stay this long after they were loaded

control:
  url: sqlite:control.db

# files: {group: analysts}   # who may read the files of both, beside the user who runs catchment

defaults:
  deletes: flag              # flag, remove or ignore
  mover: auto                # auto, bulk or rest
  naming: lower              # lower (accountid) or snake (account_id)
  nul: replace               # a NUL byte, or what is no character, in a text: replace (by U+2400 or U+FFFD) or fail
  refresh: off               # formulas and roll-ups change without a stamp: compare them each 1d, at "0 3 * * *", or some as a sample
  sweep: 7d                  # when all Ids are read, to find what is gone without a trace: each 7d, at "0 3 * * SUN", or off

limits:
  flows: 4                   # at a time
  downloads: 5
  stage: 20GB
  answer: 10m                # how long Salesforce may think before it answers
  stall: 1m                  # how long an answer may bring nothing; then it is asked for again

# archive: {policies: [...]} # which records may leave Salesforce once their copy is proven: docs/howto/archive.md

# One flow for each object; a flow can also say:
#   fields: [Name, Phone]    # copy these only, or
#   exclude: [Fax]           # all but these
#   where: "MailingCountry = 'US'"
#   window: {last: 1d, zone: Europe/Berlin}   # read again what changed since yesterday 0:00
#   deletes, mover, naming, nul, refresh, sweep: as in defaults
#   paused: true
# object: "*" copies all that can be copied; exclude_objects: [Task] leaves some out.
# flows: control takes them from rows of the control table: docs/howto/control-rows.md.
flows:
`

// writeVersion pins the version of the API, or shows how to.
func writeVersion(b *bytes.Buffer, version string) {
	key := "api_version: " + quoted(version)
	if version == "" {
		key = "# api_version: " + quoted(platform.Newest)
	}
	fmt.Fprintf(b, "  %-26s # of Salesforce's API; without it the newest that both sides know\n", key)
}

func writeLogin(b *bytes.Buffer, l Login) {
	if l.Flow == "" {
		// #nosec G101 -- references
		l = Login{Flow: "client_credentials", ClientID: "env:SF_CLIENT_ID", ClientSecret: "env:SF_CLIENT_SECRET"}
	}
	for _, e := range [][2]string{
		{"flow", l.Flow}, {"client_id", l.ClientID}, {"client_secret", l.ClientSecret}, {"username", l.Username},
		{"password", l.Password}, {"refresh_token", l.RefreshToken}, {"token", l.Token}, {"key", l.Key},
		{"audience", l.Audience}, {"alias", l.Alias},
	} {
		if e[1] != "" {
			fmt.Fprintf(b, "    %s: %s\n", e[0], quoted(e[1]))
		}
	}
}

// wellKnown are the objects that most orgs work with, in a sensible order.
func wellKnown() []string {
	return []string{
		"Account", "Contact", "Lead", "Opportunity", "OpportunityLineItem", "OpportunityContactRole", "Campaign",
		"CampaignMember", "Case", "Task", "Event", "User", "Product2", "Pricebook2", "PricebookEntry", "Quote",
		"QuoteLineItem", "Order", "OrderItem", "Contract", "Asset", "RecordType",
	}
}

func writeFlows(b *bytes.Buffer, objects []schema.Object) {
	known := newCatalogue(objects)
	var flows, rest []string
	objects = slices.DeleteFunc(slices.Clone(objects), func(o schema.Object) bool {
		return !schema.IsName(o.Name)
	})
	for _, name := range wellKnown() {
		if o, ok := known.byName[strings.ToLower(name)]; ok && known.starTakes(o) {
			flows = append(flows, o.Name)
		}
	}
	for _, o := range objects {
		switch {
		case slices.Contains(flows, o.Name) || !known.starTakes(o):
		case o.Custom && !o.CustomSetting:
			flows = append(flows, o.Name)
		default:
			rest = append(rest, o.Name)
		}
	}
	if len(flows) == 0 {
		flows = []string{"Account"}
	}
	for _, name := range flows {
		fmt.Fprintf(b, "  - object: %s\n", quoted(name))
	}
	if len(rest) == 0 {
		return
	}
	b.WriteString("\n# The org also has:")
	width := 100
	for _, name := range rest {
		if width+len(name) > 96 {
			b.WriteString("\n#  ")
			width = 3
		}
		b.WriteString(" " + name)
		width += len(name) + 1
	}
	b.WriteString("\n")
}

// quoted makes any text safe for YAML, which takes it for a text again: a path may
// hold a # or a blank, and an object be called On, which the library knows for a
// word of YAML.
func quoted(s string) string {
	plain, err := yaml.Marshal(s)
	if err == nil && simpleRE.MatchString(s) && string(plain) == s+"\n" {
		return s
	}
	return strconv.Quote(s)
}

var simpleRE = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./:-]*[A-Za-z0-9_]$`)
