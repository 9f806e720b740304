// Package spark has a Spark of the user's merge what an attempt has staged.
//
// A job is asked by a file and answers by one, both in a folder of its own, and writes to a branch of the final table
// which no reader looks at. What it says is believed of nothing: made.go holds what is on the branch against the ledger
// and the summaries of the table. So a job may die, hang, run twice, come late, or say what isn't so.
//
// Whether a job still runs is told by a lock on a file of its folder, which it inherits: the kernel gives it back when
// the last process of it has ended, whoever has begun it. Moving main to the branch is left to package lake.
//
// Files, from the top: jobs.go, choice.go, request.go, made.go.
package spark

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"catchment/deploy/aws"
	"catchment/internal/merger"
	"catchment/internal/plan"
	"catchment/internal/printable"
)

// The files of a job's folder.
const (
	fileRequest = "request.json"
	fileAnswer  = "answer.json"
	fileScript  = "merge.py"
	fileLock    = "running"
	fileLog     = "log"
)

// Jobs are those that this machine runs.
type Jobs struct {
	Folder   string
	Settings merger.Merger
}

// A State is how a job is doing.
type State string

// The states of a job.
const (
	Unknown State = "unknown" // this machine hasn't begun it
	Running State = "running"
	Ended   State = "ended"
)

// What a job says of itself.
const (
	Done    = "done"
	Refused = "refused" // it was asked for something that is not for Spark
)

// An Answer is what a job says when it has ended. State is "" where it said nothing.
type Answer struct {
	Version int    `json:"version"`
	State   string `json:"state"`
	Why     string `json:"why"`
	Counts  Counts `json:"counts"`
}

// Older tells whether the answer is that of a script of another version.
func (a Answer) Older() bool { return a.State != "" && a.Version != version }

// longest is what an answer has at most, in bytes.
const longest = 64 << 10

func (j Jobs) at(branch, file string) string { return filepath.Join(j.Folder, "spark", branch, file) }

// Log is where a job's own words are.
func (j Jobs) Log(branch string) string { return j.at(branch, fileLog) }

// Begin starts a job for a request, unless it runs or has answered.
func (j Jobs) Begin(r Request) error {
	branch := r.Final.Branch
	if err := os.MkdirAll(j.at(branch, ""), 0o700); err != nil {
		return plan.Fixf("free some space there, or give this user the right to write", "folder for Spark: %w",
			printable.Error(err))
	}
	lock, free, err := j.lock(branch)
	if err != nil || !free {
		return err
	}
	defer lock.Close() // the job has its own
	if answer, err := j.answer(branch); err != nil || answer.State != "" {
		return err
	}
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	for file, holds := range map[string][]byte{fileScript: aws.Merge, fileRequest: text} {
		if err := os.WriteFile(j.at(branch, file), holds, 0o600); err != nil {
			return plan.Fixf("free some space there", "request for Spark: %w", printable.Error(err))
		}
	}
	return j.start(branch, lock)
}

// start starts the user's program. Nobody waits for it, and it doesn't end with us.
func (j Jobs) start(branch string, lock *os.File) error {
	log, err := os.OpenFile(j.Log(branch), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) // #nosec G304 -- of our folder
	if err != nil {
		return printable.Error(err)
	}
	defer log.Close()
	argv := append(append([]string{}, j.Settings.Start...), j.at(branch, fileScript), j.at(branch, fileRequest),
		j.at(branch, fileAnswer))
	cmd := exec.Command(argv[0], argv[1:]...) // #nosec G204 -- catchment.yaml names it
	cmd.Dir = j.at(branch, "")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{lock}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return plan.Fixf("name Spark's program in warehouse.merge.start, as in start: [spark-submit]",
			"Spark can't be started: %w", printable.Error(err))
	}
	if err = lock.Truncate(0); err == nil {
		_, err = lock.WriteAt([]byte(strconv.Itoa(cmd.Process.Pid)), 0)
	}
	go func() { _ = cmd.Wait() }() // so that no zombie is left while this process lives; State tells how it ended
	return err
}

// lock takes the lock of a job's folder, and tells whether nobody had it.
func (j Jobs) lock(branch string) (f *os.File, free bool, err error) {
	f, err = os.OpenFile(j.at(branch, fileLock), os.O_CREATE|os.O_RDWR, 0o600) // #nosec G304 -- of our folder
	if err != nil {
		return nil, false, printable.Error(err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, true, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = nil
	}
	return nil, false, errors.Join(err, f.Close())
}

// State tells how a job is doing, and what it has answered.
func (j Jobs) State(branch string) (State, Answer, error) {
	if _, err := os.Stat(j.at(branch, fileRequest)); errors.Is(err, fs.ErrNotExist) {
		return Unknown, Answer{}, nil
	}
	lock, free, err := j.lock(branch)
	if err != nil {
		return Unknown, Answer{}, err
	}
	if !free {
		return Running, Answer{}, nil
	}
	defer lock.Close()
	answer, err := j.answer(branch)
	return Ended, answer, err
}

// answer reads what a job has answered. What can't be read is no answer.
func (j Jobs) answer(branch string) (a Answer, err error) {
	f, err := os.Open(j.at(branch, fileAnswer))
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return a, printable.Error(err)
	}
	defer f.Close()
	if json.NewDecoder(io.LimitReader(f, longest)).Decode(&a) != nil {
		return Answer{}, nil
	}
	a.Why = printable.Line(a.Why)
	return a, nil
}

// Late tells whether a job has had more time than it may take.
func (j Jobs) Late(branch string, now time.Time) bool {
	var r Request
	text, err := os.ReadFile(j.at(branch, fileRequest))
	if err != nil || json.Unmarshal(text, &r) != nil {
		return false
	}
	return now.Sub(time.UnixMicro(r.Now)) > j.Settings.Patience
}

// Stop ends a job that runs, with all that it has started.
func (j Jobs) Stop(branch string) error {
	state, _, err := j.State(branch)
	if err != nil || state != Running {
		return err
	}
	text, err := os.ReadFile(j.at(branch, fileLock))
	if err != nil {
		return printable.Error(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 1 {
		return fmt.Errorf("nobody knows which process the job is")
	}
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end Spark: %w", err)
	}
	for range 100 { // until the kernel has given its lock back
		if state, _, err = j.State(branch); err != nil || state != Running {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("the job didn't end when it was told to")
}

// Forget removes the folder of a job that has ended.
func (j Jobs) Forget(branch string) error { return printable.Error(os.RemoveAll(j.at(branch, ""))) }
