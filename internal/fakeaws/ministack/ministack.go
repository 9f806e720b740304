// Package ministack gives tests an AWS of their own: ministack, a server on a
// free port of the loopback interface that does S3, DynamoDB, Secrets Manager,
// CloudFormation, Lambda and Step Functions, gone when the tests end.
//
// It holds every role to its policies, and writes down what it decided: Calls
// tells. The administrator, who may do everything, is who Config gives.
//
// `make deps` installs it, pinned, into .venv at the module's root; witness.py
// starts it. What it lacks (AppFlow, Redshift) stands in the packages beside
// this one. Start at Server.
package ministack

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Region is where a Server is.
const Region = "us-east-1"

// Account is whose it is.
const Account = "000000000000"

//go:embed witness.py
var witness []byte

// A Server is one throwaway AWS. Its zero value starts with the first use.
type Server struct {
	// Env is added to the server's environment, and with it to that of the
	// Lambda functions that it runs.
	Env []string

	once sync.Once
	err  error
	url  string
	dir  string
	held *os.File // the server lives as long as this is open
}

// Config is how the SDK reaches the server, which starts with the first call.
func (s *Server) Config(t testing.TB) aws.Config {
	t.Helper()
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	return aws.Config{
		Region: Region, BaseEndpoint: &url,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

// Start starts the server where nobody has yet, and tells its address.
func (s *Server) Start() (url string, err error) {
	s.once.Do(func() {
		for range 3 { // somebody else may take the port before the server does
			if s.err = s.start(); s.err == nil {
				return
			}
		}
	})
	return s.url, s.err
}

// Log is what the server has said so far.
func (s *Server) Log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(text) + fmt.Sprint(errors.Join(err))
}

// Stop ends the server and what it runs, and waits for that.
func (s *Server) Stop() error {
	if s.held == nil {
		return nil
	}
	err := s.held.Close()
	for { // however long that takes on a busy machine
		if _, serr := os.Stat(s.dir); serr != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Main runs the tests of a package, and ends the servers that they have used.
func Main(m *testing.M, servers ...*Server) {
	code := m.Run()
	for _, s := range servers {
		if err := s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// guard runs the server until its input ends, however this process ends, and
// takes all that it started along: it is the leader of their group.
const guard = `exec 3<&0
trap '' TERM
"$1" "$2/witness.py" 3<&- </dev/null &
pid=$!
(read -r _ <&3; kill -TERM 0; sleep 1; kill -KILL $pid 2>/dev/null; rm -rf "$2"; kill -KILL 0) &
wait $pid
exec 3<&-
wait
rm -rf "$2"`

func (s *Server) start() error {
	python, err := venv()
	if err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "catchment-aws-"); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err = errors.Join(err, l.Close()); err != nil {
		return err
	}
	s.url = "http://127.0.0.1:" + port
	if err := os.WriteFile(filepath.Join(s.dir, "witness.py"), witness, 0o600); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	watched, held, err := os.Pipe()
	if err != nil {
		return err
	}
	defer watched.Close()
	cmd := exec.Command("/bin/sh", "-c", guard, "guard", filepath.Join(python, "bin", "python3"), s.dir)
	cmd.Env = append(os.Environ(), "BIND_HOST=127.0.0.1", "GATEWAY_PORT="+port, "MINISTACK_REGION="+Region,
		"AWS_DEFAULT_REGION="+Region, "AUTH=true", "WITNESS="+s.calls(), "HOLD="+s.hold(),
		"TMPDIR="+s.dir, "S3_DATA_DIR="+s.dir, "DOCKER_HOST=unix://"+s.dir+"/none", "AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test",
		"AWS_ENDPOINT_URL="+s.url)
	cmd.Env = append(cmd.Env, s.Env...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = s.dir, watched, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return errors.Join(err, held.Close())
	}
	s.held = held
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return s.answers(ended)
}

// answers waits until the server does, or has ended.
func (s *Server) answers(ended <-chan error) error {
	for {
		if r, err := http.Get(s.url + "/_ministack/health"); err == nil {
			r.Body.Close()
			return nil
		}
		select {
		case err := <-ended:
			return errors.Join(fmt.Errorf("ministack doesn't start: %s", s.Log()), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// venv looks for .venv beside go.mod.
func venv() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above this folder")
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(dir, ".venv")
	if _, err := os.Stat(filepath.Join(dir, "bin", "ministack")); err != nil {
		return "", errors.New("this test needs ministack, and there is none in " + dir +
			": `make deps`, which `make test` calls, installs it")
	}
	return dir, nil
}

// Packages is the folder of what `make deps` installs of Python: ministack, and
// lists of rights that others keep.
func Packages() (string, error) {
	dir, err := venv()
	if err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(dir, "lib", "python3*", "site-packages"))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d folders of packages in %s", len(found), dir)
	}
	return strings.Join(found, ""), err
}
