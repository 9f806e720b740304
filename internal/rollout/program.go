package rollout

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"

	"catchment/internal/plan"
)

// entry is what Lambda starts of a program (Lambda developer guide, Building a
// custom runtime).
const entry = "bootstrap"

// programAtMost bounds the program in the zip; Lambda takes 250 MB.
const programAtMost = 250 << 20

// architectureOf reads what the program in a zip was built for, as the template
// and Lambda call it. A zip that isn't the functions' program is refused before
// anything is uploaded.
func architectureOf(name string, text []byte) (string, error) {
	const hint = "make lambda builds bin/lambda.zip; name it with: --zip FILE"
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return "", plan.Fixf(hint, "%s is no zip: %w", name, err)
	}
	f, err := z.Open(entry)
	if err != nil {
		return "", plan.Fixf(hint, "%s has no program: %w", name, err)
	}
	defer f.Close()
	program, err := io.ReadAll(io.LimitReader(f, programAtMost))
	if err != nil {
		return "", plan.Fixf(hint, "%s can't be read: %w", name, err)
	}
	e, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return "", plan.Fixf(hint, "%s: %s is no program for Linux: %w", name, entry, err)
	}
	switch e.Machine {
	case elf.EM_X86_64:
		return "x86_64", nil
	case elf.EM_AARCH64:
		return "arm64", nil
	}
	return "", plan.Fixf("build it with GOARCH=amd64 or arm64", "%s: Lambda has no %s", name, e.Machine)
}
