package ministack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A Call is something that a role asked for, of ministack or of a stand-in
// beside it, and whether it was allowed.
type Call struct {
	Principal string // arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
	Action    string // s3:GetObject
	Resource  string // an ARN, or "*" for actions that have none
	Allowed   bool
}

// Role is the name of the role that asked.
func (c Call) Role() string {
	_, role, _ := strings.Cut(c.Principal, ":assumed-role/")
	role, _, _ = strings.Cut(role, "/")
	return role
}

func (s *Server) calls() string { return filepath.Join(s.dir, "calls") }

// Calls lists what roles have asked for so far, in order.
func (s *Server) Calls() ([]Call, error) {
	text, err := os.ReadFile(s.calls())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Call
	for line := range bytes.Lines(text) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // is being written
		}
		var c Call
		if err := json.Unmarshal(line, &c); err != nil {
			return nil, fmt.Errorf("what ministack's witness says: %w", err)
		}
		all = append(all, c)
	}
	return all, nil
}

func (s *Server) hold() string { return filepath.Join(s.dir, "hold") }

// Hold lets calls of a function wait from now on. What it returns lets them go.
func (s *Server) Hold(function string) (release func() error, err error) {
	whole := s.hold() + ".new" // is read at any moment
	if err := os.WriteFile(whole, []byte(function), 0o600); err != nil {
		return nil, err
	}
	return func() error { return os.Remove(s.hold()) }, os.Rename(whole, s.hold())
}
