// Package approval is who agreed to the plan of an archive.
//
// Where the policy names no signers, one person's word is enough, as the machine knows them.
// Otherwise each approval is a signature over the plan's digest, by a key that the policy
// names, as OpenSSH makes them (ssh-keygen -Y sign). People are counted, not signatures, so
// the author of a plan is one of several at most.
//
// The keys that count are those in the plan, which is signed with it: what the configuration
// says by now, whoever carries the plan out compares. Start at Check.
package approval

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/manifest"
	"catchment/internal/plan"
)

// Text is what is signed: all of it, with the line end at its end.
func Text(h manifest.Head, digest string) string {
	return fmt.Sprintf("catchment archive\nplan %s\norg %s\nsha256 %s\n", manifest.Name(h, digest), h.Org, digest)
}

// ByUser is the approval of somebody without a key, as this machine knows them.
func ByUser(h manifest.Head, digest, user string, at time.Time) (archive.Approval, error) {
	if err := open(h, digest, at); err != nil {
		return archive.Approval{}, err
	}
	if needsKeys(h.Policy) {
		return archive.Approval{}, plan.Fixf(howToSign(h, digest), "the policy %s names who may approve, by their keys",
			h.Policy.Name)
	}
	if user == "" {
		return archive.Approval{}, plan.Fixf("run it as a user who has a name", "who approves %s is not known",
			manifest.Name(h, digest))
	}
	return archive.Approval{By: user, At: at.UTC()}, nil
}

// BySignature is the approval of whoever made a signature: the text of the .sig file that
// ssh-keygen writes.
func BySignature(h manifest.Head, digest, signature string, at time.Time) (archive.Approval, error) {
	if err := open(h, digest, at); err != nil {
		return archive.Approval{}, err
	}
	a := archive.Approval{Signature: signature, At: at.UTC()}
	key, err := signed(Text(h, digest), signature)
	if err != nil {
		return archive.Approval{}, plan.Failf(plan.Fix, howToSign(h, digest), "the signature doesn't count: %w", err)
	}
	name, known := signer(h.Policy, key)
	if !known {
		return archive.Approval{}, plan.Fixf("sign with one of those keys, or add this one to the policy and plan anew",
			"the signature is by the key %s, which the policy %s doesn't name", key, h.Policy.Name)
	}
	a.Key, a.By = key, name
	return a, nil
}

// howToSign is what to do for an approval that counts.
func howToSign(h manifest.Head, digest string) string {
	plan := manifest.Name(h, digest)
	return "catchment archive approve --text " + plan + " > plan.txt, " +
		"then ssh-keygen -Y sign -n " + Namespace + " -f KEY plan.txt, " +
		"then catchment archive approve " + plan + " --sign plan.txt.sig"
}

// Check says who is missing for a plan to be carried out, or that it can't be any more, or
// nil. What doesn't count is no error as long as enough others do.
func Check(h manifest.Head, digest string, approvals []archive.Approval, now time.Time) error {
	if err := open(h, digest, now); err != nil {
		return err
	}
	people, others := agreed(h, digest, approvals)
	wanted := max(h.Policy.Approve, 1)
	if len(people) >= wanted {
		return nil
	}
	what := fmt.Sprintf("%d of %d people have approved %s", len(people), wanted, manifest.Name(h, digest))
	if names := missing(h.Policy, people); len(names) > 0 {
		what += "; " + strings.Join(names, ", ") + " may"
	}
	for _, other := range others {
		what += "; " + other
	}
	hint := "catchment archive approve " + manifest.Name(h, digest)
	if needsKeys(h.Policy) {
		hint = howToSign(h, digest)
	}
	return plan.Fixf(hint, "%s", what)
}

// People counts those whose approvals count.
func People(h manifest.Head, digest string, approvals []archive.Approval) int {
	people, _ := agreed(h, digest, approvals)
	return len(people)
}

// agreed are the people who approved, and why other approvals don't count.
func agreed(h manifest.Head, digest string, approvals []archive.Approval) (people map[string]bool, others []string) {
	people = map[string]bool{}
	for _, a := range approvals {
		who, err := counts(h, digest, a)
		if err != nil {
			others = append(others, err.Error())
			continue
		}
		people[who] = true
	}
	return people, others
}

// open tells whether a plan can still be approved, and carried out.
func open(h manifest.Head, digest string, now time.Time) error {
	if now.Before(h.ExpiresAt) {
		return nil
	}
	return plan.Fixf("plan anew: catchment archive plan "+h.Policy.Name, "the plan %s expired on %s",
		manifest.Name(h, digest), h.ExpiresAt.UTC().Format(time.RFC3339))
}

// counts tells whose approval it is, or why it doesn't count.
func counts(h manifest.Head, digest string, a archive.Approval) (string, error) {
	if !needsKeys(h.Policy) {
		if a.By == "" {
			return "", fmt.Errorf("one approval names nobody")
		}
		return a.By, nil
	}
	if a.Signature == "" {
		return "", fmt.Errorf("an approval without a signature doesn't count")
	}
	key, err := signed(Text(h, digest), a.Signature)
	if err != nil {
		return "", fmt.Errorf("a signature doesn't count: %w", err)
	}
	name, known := signer(h.Policy, key)
	if !known {
		return "", fmt.Errorf("a signature by the key %s doesn't count: the policy doesn't name it", key)
	}
	return name, nil
}

// needsKeys tells whether a word alone is not enough.
func needsKeys(p manifest.Policy) bool { return len(p.Signers) > 0 || p.Approve > 1 }

// signer finds the name of a key's owner.
func signer(p manifest.Policy, fingerprint string) (name string, known bool) {
	for _, s := range p.Signers {
		key, name, _ := strings.Cut(s, " ")
		if key == fingerprint {
			return ownerOf(key, name), true
		}
	}
	return "", false
}

// ownerOf is the name of a key's owner, or the key itself where nobody wrote one.
func ownerOf(key, name string) string {
	if name = strings.TrimSpace(name); name != "" {
		return name
	}
	return key
}

// missing are the signers who haven't approved.
func missing(p manifest.Policy, people map[string]bool) []string {
	var names []string
	for _, s := range p.Signers {
		key, name, _ := strings.Cut(s, " ")
		if who := ownerOf(key, name); !people[who] && !slices.Contains(names, who) {
			names = append(names, who)
		}
	}
	return names
}
