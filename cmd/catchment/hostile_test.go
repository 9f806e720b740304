package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"catchment/internal/fakeorg"
	"catchment/internal/hostile"
)

// The command runs as a process of its own against a server that can't be
// trusted. Whatever that says: nobody but the org is spoken to, and nothing goes
// in clear; memory is bounded; the command ends, and says why and what to do.

var everyAttack = flag.Bool("hostile.all", false,
	"every attack over http and https, and each time what the next run mends")

// What holds in every attack.
const (
	memoryAtMost = 256 << 20
	// endsWithin is far above what the limits of the configuration below allow, with
	// all repeats: a machine may be slow.
	endsWithin = 2 * time.Minute
	// stopsWithin is how long after a signal a command may still be there, on a slow machine.
	stopsWithin = 20 * time.Second
)

// An outcome is how a command has to end.
type outcome string

const (
	refused outcome = "refused" // not 0, with a class and a hint
	borne   outcome = "borne"   // 0: the answer is odd, and does no harm
	either  outcome = "either"  // one of both
	stopped outcome = "stopped" // by the first signal, which is sent once the attack has begun
)

// An assault is an attack, and the command that meets it.
type assault struct {
	name    string
	attacks []hostile.Attack
	command string // with its arguments
	want    outcome
	then    []string // commands that follow under the same attack, whatever their end

	way      hostile.Way // https where ""
	says     string      // what the command has to say, where it matters
	login    string      // another flow of login than client_credentials
	flows    string      // other flows of the configuration than Account
	limits   string      // of the configuration
	records  int         // of the org; 120 where 0
	options  fakeorg.Options
	trusts   []string // hosts that may be spoken to beside the org
	first    []string // commands that meet an honest org before
	changes  int      // changes in the org behind these
	mends    bool     // the next run, with an honest org, copies all there is
	repairs  bool     // verify --repair mends what the org lied about, and no run can know
	unseen   bool     // the attack needn't be met: the command may have ended before
	allowed  func(*besieged) []hostile.Attack
	longOnly bool
}

// repel runs each assault, side by side.
func repel(t *testing.T, assaults []assault) {
	t.Helper()
	for _, a := range assaults {
		ways := []hostile.Way{a.way}
		if a.way == "" {
			ways[0] = hostile.Secure
			if *everyAttack && a.allowed == nil {
				ways = append(ways, hostile.Clear)
			}
		}
		for _, way := range ways {
			a := a
			a.way = way
			name := a.name + " " + strings.Fields(a.command)[0]
			if len(ways) > 1 {
				name += " over " + string(way)
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if !*everyAttack && (a.longOnly || !drawn(name)) {
					t.Skip("stands back in a short test: -hostile.all")
				}
				a.run(t)
			})
		}
	}
}

// drawn tells which attacks a short test has: a third of each table, the same ones
// each time.
func drawn(name string) bool { return crc32.ChecksumIEEE([]byte(name))%3 == 0 }

func (a assault) run(t *testing.T) {
	b := besiege(t, a)
	for _, command := range a.first {
		b.must(t, command)
	}
	if a.changes > 0 {
		if _, err := b.org.History(a.changes, 3); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.first) > 0 {
		b.org.Clock().Advance(5 * time.Minute)
	}
	attacks := a.attacks
	if a.allowed != nil {
		attacks = a.allowed(b)
	}
	b.net.Attack(attacks...)
	e := b.do(t, a.want == stopped, strings.Fields(a.command)...)
	if b.net.Bites() == 0 && !a.unseen {
		t.Errorf("the attack was never met; it said:\n%s", e.said())
	}
	e.judge(t, a.want)
	if !strings.Contains(e.said(), a.says) {
		t.Errorf("it doesn't say %q, but:\n%s", a.says, e.said())
	}
	b.inspect(t, e)
	for _, command := range a.then {
		b.inspect(t, b.do(t, false, strings.Fields(command)...))
	}
	if a.mends || a.repairs || *everyAttack && strings.HasPrefix(a.command, "run") {
		b.net.Attack()
		b.org.Clock().Advance(5 * time.Minute)
		if a.repairs {
			b.do(t, false, "run", "--allow-deletes")
			b.do(t, false, "verify", "--repair")
		} else {
			b.must(t, "run --allow-deletes")
		}
		b.must(t, "verify")
	}
}

// A besieged catchment has an org that can't be trusted.
type besieged struct {
	dir, bin string
	org      *fakeorg.Org
	net      *hostile.Net
	env      []string
}

func besiege(t *testing.T, a assault) *besieged {
	t.Helper()
	options := a.options
	options.Clock = fakeorg.FollowClock(time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC), time.Now)
	options.Seed, options.ClientSecret, options.Password = 1, "cl1ent-s3cret-of-acme", "passw0rd-of-acme"
	// Each question comes alone, so that an attack on its answer meets it.
	if options.NotInComposite == nil {
		options.NotInComposite = []string{"describe", "updated", "deleted"}
	}
	if options.PageRecords == 0 {
		options.PageRecords = 40
	}
	var key []byte
	if strings.HasPrefix(a.login, "jwt") {
		key, options.App.Certificate = newPair(t)
	}
	org, err := fakeorg.New(options)
	if err != nil {
		t.Fatal(err)
	}
	records := a.records
	if records == 0 {
		records = 700
	}
	if err := org.Generate(records, 1); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	net, err := hostile.Open(org, a.way, root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(net.Close)
	net.Trust(a.trusts...)
	b := &besieged{dir: filepath.Join(root, "here"), bin: itself(t), org: org, net: net}
	c := org.Credentials()
	b.env = append(os.Environ(), net.Environment()...)
	b.env = append(b.env, "SF_CLIENT_ID="+c.ClientID, "SF_CLIENT_SECRET="+c.ClientSecret, "SF_TOKEN="+c.AccessToken,
		"SF_USERNAME="+c.Username, "SF_PASSWORD="+c.Password)
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b.write(t, "refresh-token", c.RefreshToken)
	b.write(t, "server.key", string(key))
	b.write(t, "catchment.yaml", a.configuration(net.URL()))
	return b
}

func (b *besieged) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// configuration bounds DuckDB's own memory, which is not what is tested here.
func (a assault) configuration(url string) string {
	login, flows := a.login, a.flows
	if login == "" {
		login = "client_credentials, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET"
	}
	if flows == "" {
		flows = "{object: Account, mover: bulk}"
	}
	text := fmt.Sprintf(`version: 1
org: {url: %q, login: {flow: %s}}
warehouse: {url: "duckdb:catchment.duckdb?memory_limit=100MB&threads=1"}
stage: {url: dir:stage}
control: {url: sqlite:control.db}
flows: [%s]
`, url, login, flows)
	if a.limits != "" {
		text += "limits: {" + a.limits + "}\n"
	}
	return text
}

// newPair is the key of a JWT login, and its certificate.
func newPair(t *testing.T) ([]byte, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	self := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, self, self, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return pem.EncodeToMemory(block), certificate
}

// itself is this test as the command: testscript.Main looks at the name.
func itself(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "catchment")
	if err := os.Symlink(self, bin); err != nil {
		t.Fatal(err)
	}
	return bin
}

// must runs a command that has to work.
func (b *besieged) must(t *testing.T, command string) {
	t.Helper()
	if e := b.do(t, false, strings.Fields(command)...); e.code != 0 {
		t.Fatalf("with an honest org, %s ends with %d:\n%s", command, e.code, e.said())
	}
}

// An ending is how a process came to its end.
type ending struct {
	command  string
	code     int
	out, err string
	memory   int64 // the most that it had, in bytes; 0 where this system doesn't tell
}

func (e ending) said() string { return e.out + e.err }

// do runs the command to its end. With signal, a first signal is sent once the
// attack has begun; there is never a second one.
func (b *besieged) do(t *testing.T, signal bool, args ...string) ending {
	t.Helper()
	cmd := exec.Command(b.bin, args...)
	var out, talk bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = b.dir, b.env, &out, &talk
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	peak, done := make(chan int64, 1), make(chan error, 1)
	ended := make(chan struct{})
	go func() { peak <- mostMemory(cmd.Process.Pid, ended) }()
	go func() { done <- cmd.Wait() }()
	within := time.NewTimer(endsWithin)
	defer within.Stop()
	var bitten <-chan time.Time
	if signal {
		look := time.NewTicker(20 * time.Millisecond)
		defer look.Stop()
		bitten = look.C
	}
	var err error
	for alive := true; alive; {
		select {
		case <-bitten:
			if b.net.Bites() > 0 {
				bitten = nil
				within.Reset(stopsWithin)
				_ = cmd.Process.Signal(syscall.SIGTERM)
			}
		case <-within.C:
			t.Errorf("it is still running after %s", time.Since(begun).Round(time.Second))
			_ = cmd.Process.Signal(syscall.SIGKILL)
			within.Reset(time.Hour)
		case err = <-done:
			alive = false
		}
	}
	close(ended)
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	e := ending{command: strings.Join(args, " "), code: cmd.ProcessState.ExitCode(), out: out.String(),
		err: talk.String(), memory: <-peak}
	t.Logf("%s: exit %d, %s, %d MiB", e.command, e.code, time.Since(begun).Round(10*time.Millisecond), e.memory>>20)
	return e
}

// mostMemory is the most that a process had in memory until it ended. The kernel
// keeps that for as long as it lives, so it is asked again and again. (What
// wait4 tells holds the memory of this test, too: a child begins as its parent.)
func mostMemory(pid int, ended <-chan struct{}) int64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	most := int64(0)
	for {
		if n := highWater(pid); n > most {
			most = n
		}
		select {
		case <-ended:
			return most
		case <-look.C:
		}
	}
}

var highWaterLine = regexp.MustCompile(`VmHWM:\s+([0-9]+) kB`)

func highWater(pid int) int64 {
	// Before its exec the child is this process still, name and memory.
	name, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil || name == "" {
		return 0
	}
	m := highWaterLine.FindSubmatch(text)
	if m == nil {
		return 0
	}
	kb, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return kb << 10
}

// judge looks whether a command ended as it should.
func (e ending) judge(t *testing.T, want outcome) {
	t.Helper()
	switch {
	case want == stopped && e.code != 130:
		t.Errorf("exit code %d after a signal, want 130; it said:\n%s", e.code, e.said())
	case want == borne && e.code != 0, want == refused && e.code == 0:
		t.Errorf("exit code %d, but it should be %s; it said:\n%s", e.code, want, e.said())
	case want == stopped || e.code == 0:
	case !slices.Contains([]int{1, 2, 3, 4}, e.code):
		t.Errorf("exit code %d; it said:\n%s", e.code, e.said())
	default:
		e.explained(t)
	}
}

// A reason is what JSON tells of something that failed.
type reason struct {
	State, Error, Class, Detail string
	Hint                        *string
}

// explained looks whether a command that failed says of what class that is, and
// what to do.
func (e ending) explained(t *testing.T) {
	t.Helper()
	if !strings.Contains(e.command, "--json") {
		if !strings.Contains(e.said(), "hint: ") {
			t.Errorf("no hint; it said:\n%s", e.said())
		}
		return
	}
	found := false
	for line := range strings.Lines(e.out) {
		var r reason
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Errorf("not JSON: %s", line)
			continue
		}
		if r.Error == "" && r.State != "fail" {
			continue
		}
		found = true
		if !slices.Contains([]string{"retry", "wait", "fix", "bug"}, r.Class) {
			t.Errorf("no class: %s", line)
		}
		if r.Hint == nil || *r.Hint == "" {
			t.Errorf("no hint: %s", line)
		}
	}
	if !found {
		t.Errorf("exit code %d without a reason; it said:\n%s", e.code, e.said())
	}
}

// inspect looks at what holds in every attack.
func (b *besieged) inspect(t *testing.T, e ending) {
	t.Helper()
	strays := b.net.Strays()
	for _, stray := range strays[:min(len(strays), 3)] {
		t.Errorf("it spoke to somebody, %d times: %s", len(strays), stray)
	}
	if e.memory > memoryAtMost {
		t.Errorf("it took %d MiB; it said:\n%s", e.memory>>20, e.said())
	}
	for _, r := range e.said() {
		if raw(r) {
			t.Errorf("it printed %U raw, in:\n%q", r, e.said())
			break
		}
	}
	c := b.org.Credentials()
	for _, secret := range []string{c.ClientSecret, c.Password, c.RefreshToken, c.AccessToken, "Bearer 00D"} {
		if strings.Contains(e.said(), secret) {
			t.Errorf("it printed a secret:\n%s", e.said())
		}
	}
	b.outside(t)
}

// raw tells whether a terminal may take a character for more than a letter: as a
// command, or as an order to write the others the other way round.
func raw(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r == '\u061c', r == '\u200e', r == '\u200f', '\u202a' <= r && r <= '\u202e', '\u2066' <= r && r <= '\u2069':
		return true
	}
	return unicode.IsControl(r)
}

// outside looks whether anything was written where nothing should be.
func (b *besieged) outside(t *testing.T) {
	t.Helper()
	names := func(dir string) (names []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	if got := names(filepath.Dir(b.dir)); !slices.Equal(got, []string{"ca.pem", "here"}) {
		t.Errorf("it wrote outside of its folder: %q", got)
	}
	for _, name := range names(b.dir) {
		switch {
		case strings.HasPrefix(name, "catchment."), strings.HasPrefix(name, "control.db"), name == "stage",
			name == "refresh-token", strings.HasPrefix(name,
				".refresh-token"), name == "server.key", name == "new.yaml":
		default:
			t.Errorf("it wrote %q into its folder", name)
		}
	}
}
