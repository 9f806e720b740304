// Package rights says who may read the files that Catchment makes on this machine:
// the user who runs it, and the group that catchment.yaml names, if any.
//
// Files and folders are made for the user alone. Everything that a program of ours
// makes is so from the first moment, since cmd/catchment begins with the umask 077:
// libraries that keep a database make files by themselves, also later, and can't be
// told with which rights. A file that a group may read is given to it afterwards, by Share.
// Rights that somebody else gave stay as they are; Wider tells of them.
//
// Start at Of.
package rights

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// Own and Shared are the rights of a file without a group, and with one.
const (
	Own    fs.FileMode = 0o600
	Shared fs.FileMode = 0o640
)

// Rights are who may read a file beside its owner. The zero value is nobody.
type Rights struct {
	group string
	gid   int
}

// Of finds the rights for a group of this machine; "" is none.
func Of(group string) (Rights, error) {
	if group == "" {
		return Rights{}, nil
	}
	shown := printable.Line(group)
	found, err := user.LookupGroup(group)
	if err != nil {
		return Rights{}, plan.Fixf("name a group of this machine in files.group, or make it: groupadd "+shown,
			"files.group: this machine has no group %s", shown)
	}
	gid, err := strconv.Atoi(found.Gid)
	if err != nil {
		return Rights{}, plan.Fixf("name another group", "files.group: the group %s has no number", shown)
	}
	mine, err := os.Getgroups()
	if err != nil {
		return Rights{}, fmt.Errorf("files.group: %w", err)
	}
	if !mayGive(gid, os.Geteuid(), append(mine, os.Getegid())) {
		return Rights{}, plan.Fixf("take this user into it: usermod -a -G "+shown+" NAME   and log in anew",
			"files.group: this user isn't in the group %s, and can give it no file", shown)
	}
	return Rights{group: group, gid: gid}, nil
}

// mayGive tells whether a user may give a file to a group: root to any, others to
// their own.
func mayGive(gid, uid int, mine []int) bool { return uid == 0 || slices.Contains(mine, gid) }

// Share lets the group read the files of paths that are there. It leaves those
// of other users, and those to which somebody gave wider rights: that was meant.
func (r Rights) Share(paths ...string) error {
	if r.group == "" {
		return nil
	}
	for _, path := range paths {
		if err := r.share(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return plan.Fixf("see whether this disk knows groups, or leave out files.group in catchment.yaml",
				"give a file to the group %s: %w", printable.Line(r.group), printable.Error(err))
		}
	}
	return nil
}

func (r Rights) share(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	owner, gid := ownerOf(info)
	mode := info.Mode().Perm()
	switch {
	case !info.Mode().IsRegular(), owner != os.Geteuid(), mode&^Shared != 0:
		return nil
	case gid == r.gid && mode == Shared:
		return nil
	}
	// First the group, then its right: else those of the old group had it meanwhile.
	if err := os.Lchown(path, -1, r.gid); err != nil {
		return err
	}
	return os.Chmod(path, Shared) // #nosec G302 -- for the group that the user named
}

func ownerOf(info fs.FileInfo) (uid, gid int) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid), int(s.Gid)
	}
	return -1, -1
}

// A Wide is a file that more people may read than the configuration says.
type Wide struct {
	Path, Who string
	Command   string // that mends it
}

// Wider finds the files of paths that others may read or write than r says.
func (r Rights) Wider(paths ...string) []Wide {
	var all []Wide
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		_, gid := ownerOf(info)
		if who := r.wider(info.Mode().Perm(), gid); who != "" {
			all = append(all, Wide{Path: path, Who: who, Command: r.mend(path)})
		}
	}
	return all
}

// wider says who has rights to a file that they shouldn't have, "" where all is well.
func (r Rights) wider(mode fs.FileMode, gid int) string {
	switch given := r.group != "" && gid == r.gid; {
	case mode&0o002 != 0:
		return "every user of this machine may write it"
	case mode&0o004 != 0:
		return "every user of this machine may read it"
	case mode&0o020 != 0:
		return "its group may write it"
	case mode&0o040 != 0 && !given:
		return "its group may read it"
	}
	return ""
}

// mend is the command that gives a file the rights that it should have.
func (r Rights) mend(path string) string {
	if r.group == "" {
		return "chmod 600 " + word(path)
	}
	return "chgrp " + word(r.group) + " " + word(path) + " && chmod 640 " + word(path)
}

// word is a text as a shell takes it for one word.
func word(text string) string {
	if plainRE.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

var plainRE = regexp.MustCompile(`^[A-Za-z0-9/._][A-Za-z0-9/._+,:@%-]*$`)
