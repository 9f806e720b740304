package approval_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"catchment/internal/archive"
	"catchment/internal/archive/approval"
	"catchment/internal/archive/manifest"
	"catchment/internal/blob/dir"
	"catchment/internal/plan"
	"catchment/internal/policy"
)

var (
	madeAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	later  = madeAt.Add(time.Hour)
	digest = strings.Repeat("0a", 32)
)

// headOf is a plan of ann's that so many people have to approve.
func headOf(people int, signers ...policy.Signer) manifest.Head {
	h := manifest.Head{Org: "00D000000000001AAA", Author: "ann", MadeAt: madeAt, ExpiresAt: madeAt.Add(24 * time.Hour),
		Policy: manifest.Policy{Name: "old-cases", Approve: people}}
	for _, s := range signers {
		h.Policy.Signers = append(h.Policy.Signers, s.Identity())
	}
	return h
}

// A person has a key.
type person struct {
	policy.Signer
	key ssh.Signer
}

func newPerson(t *testing.T, name string, key crypto.Signer) person {
	t.Helper()
	if key == nil {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key = private
	}
	s, err := ssh.NewSignerFromSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return person{policy.Signer{Name: name, Key: string(ssh.MarshalAuthorizedKey(s.PublicKey()))}, s}
}

// A making is how a signature is made; the zero making is as ssh-keygen does it.
type making struct {
	namespace, hash, format string
	version                 uint32
}

// sign makes a signature as PROTOCOL.sshsig of OpenSSH tells.
func (p person) sign(t *testing.T, text string, m making) string {
	t.Helper()
	if m.namespace == "" {
		m.namespace = approval.Namespace
	}
	if m.version == 0 {
		m.version = 1
	}
	sum512 := sha512.Sum512([]byte(text))
	sum256 := sha256.Sum256([]byte(text))
	sum := sum512[:]
	switch m.hash {
	case "sha256":
		sum = sum256[:]
	case "":
		m.hash = "sha512"
	}
	over := append([]byte("SSHSIG"), ssh.Marshal(struct {
		Namespace, Reserved, Hash string
		Sum                       []byte
	}{m.namespace, "", m.hash, sum})...)
	if m.format == "" && p.key.PublicKey().Type() == ssh.KeyAlgoRSA {
		m.format = ssh.KeyAlgoRSASHA512
	}
	sig, err := p.key.(ssh.AlgorithmSigner).SignWithAlgorithm(rand.Reader, over, m.format)
	if err != nil {
		t.Fatal(err)
	}
	return armored(append([]byte("SSHSIG"), ssh.Marshal(struct {
		Version                   uint32
		Key                       []byte
		Namespace, Reserved, Hash string
		Signature                 []byte
	}{m.version, p.key.PublicKey().Marshal(), m.namespace, "", m.hash, ssh.Marshal(sig)})...))
}

func armored(raw []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "SSH SIGNATURE", Bytes: raw}))
}

// approvals are those of some people, of one plan.
func approvals(t *testing.T, h manifest.Head, people ...person) []archive.Approval {
	t.Helper()
	var all []archive.Approval
	for _, p := range people {
		a, err := approval.BySignature(h, digest, p.sign(t, approval.Text(h, digest), making{}), later)
		if err != nil {
			t.Fatal(err)
		}
		if a.By != p.Name || a.Key != p.Fingerprint() || !a.At.Equal(later) {
			t.Errorf("%+v", a)
		}
		all = append(all, a)
	}
	return all
}

func refused(t *testing.T, what string, err error, says string) {
	t.Helper()
	if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: %v (%s)", what, err, plan.ClassOf(err))
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	want := "catchment archive\nplan old-cases-20260301-0a0a0a0a\norg 00D000000000001AAA\nsha256 " + digest + "\n"
	if got := approval.Text(headOf(1), digest); got != want {
		t.Errorf("%q", got)
	}
}

// One person's word is enough where a policy asks for no keys, and the author's own will do.
func TestOneUserApproves(t *testing.T) {
	t.Parallel()
	h := headOf(1)
	refused(t, "nobody", approval.Check(h, digest, nil, later), "0 of 1 people")
	a, err := approval.ByUser(h, digest, "ann", later)
	if err != nil {
		t.Fatal(err)
	}
	if err := approval.Check(h, digest, []archive.Approval{a}, later); err != nil {
		t.Error(err)
	}
	_, err = approval.ByUser(h, digest, "", later)
	refused(t, "a user without a name", err, "not known")
	refused(t, "an approval of nobody", approval.Check(h, digest, []archive.Approval{{}}, later), "names nobody")
	ann := newPerson(t, "ann", nil)
	_, err = approval.ByUser(headOf(1, ann.Signer), digest, "ann", later)
	refused(t, "a word where keys are named", err, "by their keys")
	_, err = approval.ByUser(headOf(2), digest, "ann", later)
	refused(t, "a word where two are asked", err, "by their keys")
}

// People are counted: not signatures, and not keys.
func TestPeopleAreCounted(t *testing.T) {
	t.Parallel()
	ann, bob, eve := newPerson(t, "ann", nil), newPerson(t, "bob", nil), newPerson(t, "eve", nil)
	annToo := newPerson(t, "ann", nil)
	h := headOf(2, ann.Signer, annToo.Signer, bob.Signer)
	check := func(all ...archive.Approval) error { return approval.Check(h, digest, all, later) }
	of := func(people ...person) []archive.Approval { return approvals(t, h, people...) }

	for _, enough := range [][]archive.Approval{of(ann, bob), of(bob, annToo), of(ann, annToo, bob)} {
		if err := check(enough...); err != nil {
			t.Error(err)
		}
	}
	refused(t, "the author alone", check(of(ann)...),
		"1 of 2 people have approved old-cases-20260301-0a0a0a0a; bob may")
	refused(t, "the author twice", check(of(ann, ann)...), "1 of 2")
	refused(t, "the author by two keys", check(of(ann, annToo)...), "1 of 2")
	refused(t, "another one twice", check(of(bob, bob)...), "1 of 2")
	refused(t, "a word", check(append(of(bob), archive.Approval{By: "ann"})...), "without a signature")

	stranger := eve.sign(t, approval.Text(h, digest), making{})
	refused(t, "a key that isn't named", check(append(of(bob), archive.Approval{By: "ann", Key: ann.Fingerprint(),
		Signature: stranger})...), "the policy doesn't name it")
	_, err := approval.BySignature(h, digest, stranger, later)
	refused(t, "a key that isn't named", err, eve.Fingerprint())
}

// An approval is of one plan, by its name, its org and its digest, and ends with it.
func TestAnApprovalIsOfOnePlan(t *testing.T) {
	t.Parallel()
	ann, bob := newPerson(t, "ann", nil), newPerson(t, "bob", nil)
	h := headOf(2, ann.Signer, bob.Signer)
	all := approvals(t, h, ann, bob)
	another := h
	another.Org = "00D000000000002AAA"
	refused(t, "another org", approval.Check(another, digest, all, later), "0 of 2")
	another = h
	another.Policy.Name = "new-cases"
	refused(t, "another policy", approval.Check(another, digest, all, later), "0 of 2")
	refused(t, "another digest", approval.Check(h, strings.Repeat("0b", 32), all, later), "0 of 2")
	refused(t, "expired", approval.Check(h, digest, all, h.ExpiresAt), "expired on 2026-03-02")
	_, err := approval.BySignature(h, digest, all[0].Signature, h.ExpiresAt)
	refused(t, "expired", err, "expired")
	_, err = approval.ByUser(headOf(1), digest, "ann", h.ExpiresAt)
	refused(t, "expired", err, "expired")
}

// Signatures of all types of keys count, whatever made them, and none that is made otherwise
// than it has to be.
func TestSignatures(t *testing.T) {
	t.Parallel()
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"ed25519": nil, "rsa": large, "ecdsa": curve} {
		p := newPerson(t, name, key)
		h := headOf(1, p.Signer)
		text := approval.Text(h, digest)
		for _, m := range []making{{}, {hash: "sha256"}} {
			if _, err := approval.BySignature(h, digest, p.sign(t, text, m), later); err != nil {
				t.Errorf("%s, %+v: %v", name, m, err)
			}
		}
		for says, sig := range map[string]string{
			"for something else":     p.sign(t, text, making{namespace: "file"}),
			"another digest than":    p.sign(t, text, making{hash: "sha1"}),
			"is of another text":     p.sign(t, text[:len(text)-1], making{}),
			"it is no signature":     p.sign(t, text, making{version: 2}),
			"no signature of ssh-ke": text,
		} {
			_, err := approval.BySignature(h, digest, sig, later)
			refused(t, name, err, says)
		}
		if name == "rsa" {
			_, err := approval.BySignature(h, digest, p.sign(t, text, making{format: ssh.KeyAlgoRSA}), later)
			refused(t, name, err, "SHA-1")
		}
	}
}

// A short RSA key counts nowhere: neither in a policy, nor in a plan that names it all the same.
func TestShortKeys(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p := newPerson(t, "ann", short)
	if p.Fingerprint() != "" || p.Wrong() == "" {
		t.Errorf("%q, %q", p.Fingerprint(), p.Wrong())
	}
	h := headOf(1)
	h.Policy.Signers = []string{policy.FingerprintOf(p.key.PublicKey().Marshal()) + " ann"}
	_, err = approval.BySignature(h, digest, p.sign(t, approval.Text(h, digest), making{}), later)
	refused(t, "1024 bits", err, "2048")
}

// No bit of a signature can be another one, but for what OpenSSH leaves open: the reserved text,
// which is signed, too.
func TestEveryFlipOfASignatureIsSeen(t *testing.T) {
	t.Parallel()
	p := newPerson(t, "ann", nil)
	h := headOf(1, p.Signer)
	sig := p.sign(t, approval.Text(h, digest), making{})
	block, _ := pem.Decode([]byte(sig))
	for i := range block.Bytes {
		block.Bytes[i] ^= 1
		if _, err := approval.BySignature(h, digest, armored(block.Bytes), later); err == nil {
			t.Errorf("byte %d is another one", i)
		}
		block.Bytes[i] ^= 1
	}
	crlf := strings.ReplaceAll(sig, "\n", "\r\n")
	if _, err := approval.BySignature(h, digest, crlf, later); err != nil {
		t.Errorf("lines as Windows ends them: %v", err)
	}
}

// A secret that was given in place of a signature is told to nobody.
func TestErrorsRepeatNothing(t *testing.T) {
	t.Parallel()
	p := newPerson(t, "ann", nil)
	_, err := approval.BySignature(headOf(1, p.Signer), digest, "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n", later)
	if err == nil || strings.Contains(err.Error()+plan.HintOf(err), "hunter2") {
		t.Error(err)
	}
}

// A security key says that somebody touched it; without that it may have signed for anybody who
// was in the machine.
func TestSecurityKeys(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const kind = "sk-ssh-ed25519@openssh.com"
	key := ssh.Marshal(struct {
		Type        string
		Key         []byte
		Application string
	}{kind, public, "ssh:"})
	p := policy.Signer{Name: "ann", Key: kind + " " + base64.StdEncoding.EncodeToString(key)}
	h := headOf(1, p)
	for flags, counts := range map[byte]bool{0: false, 1: true, 5: true} {
		sum := sha512.Sum512([]byte(approval.Text(h, digest)))
		over := append([]byte("SSHSIG"), ssh.Marshal(struct {
			Namespace, Reserved, Hash string
			Sum                       []byte
		}{approval.Namespace, "", "sha512", sum[:]})...)
		application, message := sha256.Sum256([]byte("ssh:")), sha256.Sum256(over)
		told := []byte{flags, 0, 0, 0, 7}
		raw := ed25519.Sign(private, append(append(application[:], told...), message[:]...))
		sig := append(ssh.Marshal(struct {
			Type string
			Raw  []byte
		}{kind, raw}), told...)
		made := armored(append([]byte("SSHSIG"), ssh.Marshal(struct {
			Version                   uint32
			Key                       []byte
			Namespace, Reserved, Hash string
			Signature                 []byte
		}{1, key, approval.Namespace, "", "sha512", sig})...))
		if _, err := approval.BySignature(h, digest, made, later); (err == nil) != counts {
			t.Errorf("flags %d: %v", flags, err)
		}
	}
}

// keygen runs the real ssh-keygen.
func keygen(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ssh-keygen", args...).CombinedOutput(); err != nil { // #nosec G204 -- a test's own
		t.Fatalf("ssh-keygen %v: %v\n%s", args, err, out)
	}
}

// What OpenSSH's own ssh-keygen makes counts, as docs/howto/archive.md has people do it.
func TestOpenSSHSigns(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("this machine has no ssh-keygen: signatures are only those that this test makes itself")
	}
	for _, kind := range [][]string{{"ed25519"}, {"ecdsa", "-b", "256"}, {"ecdsa", "-b", "384"}, {"ecdsa", "-b", "521"},
		{"rsa", "-b", "2048"}} {
		t.Run(strings.Join(kind, ""), func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			key, file := filepath.Join(folder, "key"), filepath.Join(folder, "plan.txt")
			keygen(t, append([]string{"-q", "-N", "", "-C", "ann@acme", "-f", key, "-t"}, kind...)...)
			public, err := os.ReadFile(key + ".pub")
			if err != nil {
				t.Fatal(err)
			}
			h := headOf(1, policy.Signer{Name: "ann", Key: string(public)})
			sign := func(text, namespace string) string {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				_ = os.Remove(file + ".sig")
				keygen(t, "-q", "-Y", "sign", "-n", namespace, "-f", key, file)
				sig, err := os.ReadFile(file + ".sig")
				if err != nil {
					t.Fatal(err)
				}
				return string(sig)
			}
			a, err := approval.BySignature(h, digest, sign(approval.Text(h, digest), approval.Namespace), later)
			if err != nil || a.By != "ann" {
				t.Errorf("%+v, %v", a, err)
			}
			_, err = approval.BySignature(h, digest, sign(approval.Text(h, digest), "git"), later)
			refused(t, "for git", err, "something else")
			_, err = approval.BySignature(h, digest, sign("another text\n", approval.Namespace), later)
			refused(t, "another text", err, "another text")
		})
	}
}

// What was kept is read again, each once.
func TestApprovalsAreKept(t *testing.T) {
	t.Parallel()
	store, err := dir.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ann, bob := newPerson(t, "ann", nil), newPerson(t, "bob", nil)
	h := headOf(2, ann.Signer, bob.Signer)
	name := manifest.Name(h, digest)
	for _, a := range approvals(t, h, ann, bob) {
		for range 2 {
			if err := approval.Put(t.Context(), store, name, a); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, err := approval.Load(t.Context(), store, name)
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	if err := approval.Check(h, digest, all, later); err != nil {
		t.Error(err)
	}
	for what, text := range map[string]string{"no JSON": "x", "too large": strings.Repeat(" ", 70<<10) + "{}"} {
		key := manifest.Folder(name) + "approvals/x.json"
		if _, err := store.Put(t.Context(), key, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		_, err = approval.Load(t.Context(), store, name)
		refused(t, what, err, key)
		if err := store.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzBySignature looks for a text that counts as a signature of a key that nobody has used, or
// that does harm.
func FuzzBySignature(f *testing.F) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	signer, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		f.Fatal(err)
	}
	h := headOf(1, policy.Signer{Name: "ann", Key: string(ssh.MarshalAuthorizedKey(signer.PublicKey()))})
	f.Add(armored([]byte("SSHSIG\x00\x00\x00\x01")))
	f.Add(armored(append([]byte("SSHSIG\x00\x00\x00\x01"), ssh.Marshal(struct {
		Key                       []byte
		Namespace, Reserved, Hash string
		Signature                 []byte
	}{signer.PublicKey().Marshal(), approval.Namespace, "", "sha512", public})...)))
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := approval.BySignature(h, digest, text, later); err == nil {
			t.Errorf("%q counts", text)
		}
	})
}
