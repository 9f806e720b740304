package deployment

import (
	"catchment/internal/flow"
	"catchment/internal/warehouse/reach"
)

// Warehouses are those that AWS reaches, of those that a program knows.
type Warehouses interface {
	Servers() []string                   // examples of their URLs
	Reach(url string) (reach.Way, error) // how functions get to one
}

// copyRights are those of who talks to the warehouse.
func copyRights(s *settings) []grant {
	w := s.Warehouse
	if w.Password {
		return []grant{{Sid: "Password", On: []string{"!Ref WarehousePasswordArn"}, Rights: []right{
			{"secretsmanager:GetSecretValue", "the warehouse's password, for each run"}}}}
	}
	named, own := grant{Sid: "Statements"}, grant{Sid: "OwnStatements", On: anything}
	for _, r := range w.Rights {
		if r.On == "" {
			own.Rights = append(own.Rights, right{r.Action, r.Why})
			continue
		}
		named.On, named.Rights = []string{r.On}, append(named.Rights, right{r.Action, r.Why})
	}
	return []grant{named, own, {Sid: "Secret", On: reading{Name: w.Secret}.arns(), Rights: []right{
		{"secretsmanager:GetSecretValue", "the service logs in with it, in the caller's name"}}}}
}

// fileRights are those of who has the warehouse read a page by itself.
func fileRights(s *settings) []grant {
	if !s.Warehouse.Files {
		return nil
	}
	to := s.files()
	return []grant{{Sid: "FilesBeside", On: []string{inBucket(to.Bucket, to.Prefix+"*")}, Rights: []right{
		{"s3:PutObject", "the list of a page, or the page where its texts are written anew"},
		{"s3:DeleteObject", "they go when they have been read"}}}}
}

// files is where files beside pages are put.
func (s *settings) files() place {
	if s.Warehouse.FilesIn == "" {
		return s.Stage
	}
	return placeOf(s.Warehouse.FilesIn)
}

// Reads are the places that the warehouse reads by itself, by its own role.
func (s *settings) Reads() []place {
	switch files := s.files(); {
	case !s.Warehouse.Files:
		return nil
	case files.Bucket == s.Stage.Bucket && files.Prefix == s.Stage.Prefix:
		return []place{s.Stage}
	default:
		return []place{s.Stage, files}
	}
}

// lands tells whether a flow of the file may land by AppFlow.
func lands(file *flow.File) bool {
	for _, f := range file.Flows {
		if f.Mover == flow.ByAppFlow {
			return true
		}
	}
	return false
}
