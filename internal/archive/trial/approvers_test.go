package trial

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"

	"catchment/internal/archive/approval"
	"catchment/internal/policy"
)

// An approver signs plans as ssh-keygen -Y sign does.
type approver struct {
	policy.Signer
	key ssh.Signer
}

func newApprover(name string) (approver, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return approver{}, err
	}
	key, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		return approver{}, err
	}
	return approver{policy.Signer{Name: name, Key: string(ssh.MarshalAuthorizedKey(key.PublicKey()))}, key}, nil
}

// sign makes a signature as PROTOCOL.sshsig of OpenSSH tells.
func (a approver) sign(text string) (string, error) {
	const namespace = "catchment-archive"
	sum := sha512.Sum512([]byte(text))
	over := append([]byte("SSHSIG"), ssh.Marshal(struct {
		Namespace, Reserved, Hash string
		Sum                       []byte
	}{namespace, "", "sha512", sum[:]})...)
	made, err := a.key.Sign(rand.Reader, over)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: append([]byte("SSHSIG"),
		ssh.Marshal(struct {
			Version                   uint32
			Key                       []byte
			Namespace, Reserved, Hash string
			Signature                 []byte
		}{1, a.key.PublicKey().Marshal(), namespace, "", "sha512", ssh.Marshal(made)})...)})), nil
}

// signs has somebody approve a plan by a signature.
func (h *house) signs(name string, a approver) {
	h.T.Helper()
	p := h.Start(nil)
	defer p.Close()
	head, digest := h.head(p, name)
	signature, err := a.sign(fmt.Sprintf("catchment archive\nplan %s\norg %s\nsha256 %s\n", name, head.Org, digest))
	h.Must(err)
	said, err := approval.BySignature(head, digest, signature, h.Now())
	h.Must(err)
	h.Must(approval.Put(p.Ctx, p.Stage, name, said))
}

// approvals are the files in which the approvals of a plan lie.
func (h *house) approvals(name string) []string {
	h.T.Helper()
	files, err := filepath.Glob(filepath.Join(h.Path("stage"), "archive", name, "approvals", "*"))
	h.Must(err)
	return files
}

// agree has so many people approve a plan as its policy asks for. On the way there something is amiss, by chance,
// and then nothing may be written.
func (l *life) agree(pol policy.Policy, name string) {
	l.T.Helper()
	if pol.Approve < 2 {
		l.approve(name)
		return
	}
	one, other := l.approvers[0], l.approvers[1]
	switch l.dice.IntN(6) {
	case 0:
		l.writesNothing(pol, name, "nobody has approved it")
	case 1:
		l.signs(name, one)
		l.writesNothing(pol, name, "one of two has approved it")
	case 2: // both, and one has withdrawn
		l.signs(name, one)
		l.signs(name, other)
		l.Must(os.Remove(some(l.dice, l.approvals(name), 1)[0]))
		l.writesNothing(pol, name, "one of two has withdrawn")
	case 3:
		l.swapped(pol, name)
	}
	l.signs(name, one)
	l.signs(name, other)
}

// swapped puts the approvals of another plan of the policy beside one that nobody has approved.
func (l *life) swapped(pol policy.Policy, name string) {
	l.T.Helper()
	l.Later(time.Second)
	sum, err := l.plan(nil, pol)
	if err != nil || sum.Name == "" || sum.Name == name {
		return
	}
	l.signs(sum.Name, l.approvers[0])
	l.signs(sum.Name, l.approvers[1])
	to := filepath.Join(l.Path("stage"), "archive", name, "approvals")
	l.Must(os.MkdirAll(to, 0o755))
	for _, file := range l.approvals(sum.Name) {
		l.Must(os.Rename(file, filepath.Join(to, filepath.Base(file))))
	}
	l.writesNothing(pol, name, "another plan was approved")
	l.Must(os.RemoveAll(to))
}

// writesNothing carries a plan out that may not be.
func (l *life) writesNothing(pol policy.Policy, name, why string) {
	l.T.Helper()
	before := maps.Clone(l.Org.Writes())
	status, err := l.carryOut(nil, pol, name, nil)
	if after := l.Org.Writes(); !maps.Equal(before, after) || err == nil || status.Finished {
		l.T.Errorf("%s, and a run ended with %v, after writing: %v, %v before", why, err, after, before)
	}
	l.tally.add("not carried out: "+why, 1)
}

// inShare: a plan takes no more of an object's live records than its policy says.
func (l *life) inShare(pol policy.Policy, name string) {
	l.T.Helper()
	live, taken := map[string]int{}, map[string]int{}
	for _, v := range l.witness.now() {
		if !v.deleted() {
			live[v.object]++
		}
	}
	for _, r := range plannedOf(l.Rig, name) {
		switch {
		case r.Fate == "in":
			taken[r.Object]++
		case pol.Cap.Share < 100:
			l.tally.add("kept beside a share", 1)
		}
	}
	for _, object := range slices.Sorted(maps.Keys(taken)) {
		if taken[object]*100 > live[object]*pol.Cap.Share {
			l.T.Errorf("%s takes %d of %d records of %s, more than %d %%", name, taken[object], live[object], object,
				pol.Cap.Share)
		}
	}
}
