package project

import (
	"strings"

	"catchment/internal/rights"
)

// share gives the files of a warehouse or control table to the group that may read
// them. While they are written, what is new of them is the user's alone.
func (p *Project) share(url string) error {
	files := p.files(url)
	if len(files.Readable) == 0 {
		return nil
	}
	r, err := rights.Of(p.File.Files.Group)
	if err != nil {
		return err
	}
	return r.Share(files.Readable...)
}

// files are those of this machine that are behind a URL of the configuration.
func (p *Project) files(url string) Files {
	scheme, path, _ := strings.Cut(url, ":")
	if list := p.Drivers.Files[scheme]; list != nil {
		return list(path)
	}
	return Files{}
}

// Wide finds the files that more people may read than the configuration says.
func (p *Project) Wide() ([]rights.Wide, error) {
	readers, err := rights.Of(p.File.Files.Group)
	if err != nil {
		return nil, err
	}
	var all []rights.Wide
	for _, url := range []string{p.File.Warehouse.URL, p.File.Control.URL} {
		files := p.files(url)
		all = append(all, readers.Wider(files.Readable...)...)
		all = append(all, rights.Rights{}.Wider(files.Private...)...)
	}
	return all, nil
}
