package generate

import (
	"crypto/md5" // #nosec G501 -- Salesforce tells the MD5 of a file
	"encoding/hex"
	"errors"
	"slices"
	"sync"

	"catchment/internal/fakeorg/bodies"
	"catchment/internal/fakeorg/chance"
	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/standard"
	"catchment/internal/fakeorg/store"
)

// Files says how many files to make up, and how long they are.
type Files struct {
	Versions    int   // records of ContentVersion, each with a body, in fewer ContentDocuments
	External    int   // so many of them, the last ones, lie elsewhere: they have no body
	Attachments int   // records of Attachment
	Documents   int   // records of Document
	Size        int64 // bytes of a body on average; 10,000 where 0
	Largest     int64 // bytes of the first version of all; as long as others where 0
}

// usualSize is how long a body is on average where nobody says otherwise.
const usualSize = 10_000

// In a group of so many versions the last one is a second version of the first one's
// document; every other version is the only one of its own.
const (
	versionsOfGroup  = 11
	documentsOfGroup = versionsOfGroup - 1
)

// documents is how many ContentDocuments the versions are in.
func (f Files) documents() int {
	return f.Versions - f.Versions/versionsOfGroup
}

// Files makes the objects of files. They are attached to records of parents: Accounts,
// Contacts, Opportunities and Cases.
func (w *World) Files(files Files, parents []*store.Object) ([]*store.Object, error) {
	fewest := min(files.Versions, files.External, files.Attachments, files.Documents)
	if fewest < 0 || min(files.Size, files.Largest) < 0 {
		return nil, errors.New("generate files: no number may be negative")
	}
	if files.Size == 0 {
		files.Size = usualSize
	}
	shelf := &shelf{Files: files, parents: attachable(parents), sums: map[content][md5.Size]byte{}}
	if files.Attachments > 0 && len(shelf.parents) == 0 {
		return nil, errors.New("generate files: there is no record that Attachments could belong to")
	}
	counts := map[string]int{
		"ContentDocument": files.documents(), "ContentVersion": files.Versions,
		"ContentDocumentLink": shelf.links() * files.documents(), "Attachment": files.Attachments,
		"Document": files.Documents, "EmailMessage": 0,
	}
	var all []*store.Object
	for _, k := range shelf.kinds() {
		about, err := standard.Describe(k.name)
		if err != nil {
			return nil, err
		}
		all = append(all, w.stored(about, counts[k.name], k.makers))
	}
	return all, nil
}

// A filed kind is an object of files, and what is made up of its fields; what isn't
// named is null, or false.
type filed struct {
	name   string
	makers map[string]maker
}

// stored makes an object with n records of what makers write into its fields.
func (w *World) stored(about *describe.Object, n int, makers map[string]maker) *store.Object {
	base := &generated{world: w, prefix: *about.KeyPrefix, salt: w.salt(about.Name), n: n}
	usual := map[string]maker{
		"Id": ownID(base.prefix), "OwnerId": user(3), "CreatedDate": createdAt, "CreatedById": user(11),
		"LastModifiedDate": modifiedAt, "LastModifiedById": user(19), "SystemModstamp": touchedAt,
	}
	for _, f := range about.Fields {
		value := makers[f.Name]
		if value == nil {
			value = usual[f.Name]
		}
		if value == nil && f.Type == "boolean" {
			value = no
		}
		base.makers = append(base.makers, value)
	}
	return store.NewObject(about, base)
}

// A shelf is what the objects of files know of each other.
type shelf struct {
	Files
	parents []*store.Object // that have records

	mu   sync.Mutex
	sums map[content][md5.Size]byte
}

// attachable are the objects, of some, that have records which files can belong to.
func attachable(some []*store.Object) []*store.Object {
	names := []string{"Account", "Case", "Contact", "Opportunity"}
	return slices.DeleteFunc(slices.Clone(some), func(obj *store.Object) bool {
		return !slices.Contains(names, obj.Name()) || obj.Base.Count() == 0
	})
}

// links is how many links a document has: one to its owner, and one to a record where
// there are any.
func (s *shelf) links() int { return min(2, 1+len(s.parents)) }

// record is the Id of a record that a file belongs to.
func (s *shelf) record(_ *World, dst []byte, p pick) []byte {
	obj := s.parents[p.h>>50%uint64(len(s.parents))]
	return obj.Base.AppendValue(dst, int(p.h%uint64(obj.Base.Count())), obj.Sys.ID)
}

// documentOf is the number of the document that a version belongs to; both count
// from 0.
func documentOf(version int) int {
	group, at := version/versionsOfGroup, version%versionsOfGroup
	return group*documentsOfGroup + at%documentsOfGroup
}

// isSecond tells whether a version is the second one of its document.
func isSecond(version int) bool { return version%versionsOfGroup == documentsOfGroup }

// latestOf is the number of the latest version of a document.
func (s *shelf) latestOf(document int) int {
	group, at := document/documentsOfGroup, document%documentsOfGroup
	if second := group*versionsOfGroup + documentsOfGroup; at == 0 && second < s.Versions {
		return second
	}
	return group*versionsOfGroup + at
}

// external tells whether a version lies elsewhere.
func (s *shelf) external(version int) bool { return version >= s.Versions-s.External }

// A content is what a made up body is computed from, and its length.
type content struct {
	seed uint64
	size int64
}

// sameEvery is how often a body equals another one.
const sameEvery = 50

// content is the body of record n of an object. It is from half the average to half as
// much again; one in fifty has the bytes of all of these.
func (s *shelf) content(n int, own uint64) content {
	if n%sameEvery == sameEvery-1 {
		return content{chance.Mix(uint64(s.Size)), s.Size}
	}
	return content{chance.Mix(own ^ 0xb0d7), s.Size/2 + int64(chance.Mix(own^0x512e)%uint64(s.Size+1))}
}

// version is the content of a ContentVersion: the first one of all may be long.
func (s *shelf) version(n int, own uint64) content {
	of := s.content(n, own)
	if n == 0 && s.Largest > 0 {
		of.size = s.Largest
	}
	return of
}

// appendSum writes the MD5 of a body, which is worked out when it is first asked for.
func (s *shelf) appendSum(dst []byte, of content) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum, ok := s.sums[of]
	if !ok {
		sum = bodies.MadeMD5(of.seed, of.size)
		s.sums[of] = sum
	}
	return hex.AppendEncode(dst, sum[:])
}
