package deployment

import (
	"slices"

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

// readRights are those of the warehouse itself, where it reads pages out of S3 by a
// role of its own: which role that is, the template can't know, nor make.
func readRights(s *settings) []grant {
	if !s.Warehouse.Files {
		return nil
	}
	places := []place{s.Stage, s.files()}
	lands := s.AppFlow != nil && !s.AppFlow.Files
	if lands {
		places = append(places, placeOf(s.AppFlow.Bucket+"/"+s.AppFlow.Prefix))
	}
	var buckets, objects []string
	for _, p := range places {
		buckets = append(buckets, bucketARN(p.Bucket))
		objects = append(objects, inBucket(p.Bucket, p.Prefix+"*"))
	}
	slices.Sort(buckets)
	slices.Sort(objects)
	all := []grant{
		{Sid: "Read", On: slices.Compact(objects), Rights: []right{
			{"s3:GetObject", "pages, the lists of them, and what AppFlow lands"}}},
		{Sid: "Find", On: slices.Compact(buckets), Rights: []right{
			{"s3:ListBucket", "COPY looks for what it reads"},
			{"s3:GetBucketLocation", "and where that is"}}},
		yourKeys(right{"kms:Decrypt", "the same, with keys of yours"}),
	}
	if !lands {
		return all
	}
	return append(all, grant{Sid: "AppFlowKeys", On: []string{partition + "kms:" + account + "key/*"},
		Only: `{StringLike: {"kms:ViaService": "s3.*.amazonaws.com"}}`, Rights: []right{
			{"kms:Decrypt", "what AppFlow has encrypted in its bucket, by a key that its flows don't name"}}})
}
