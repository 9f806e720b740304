package generate

import (
	"strconv"
	"strings"

	"catchment/internal/fakeorg/bodies"
	"catchment/internal/fakeorg/recordid"
)

// kinds are the objects of files, field by field.
func (s *shelf) kinds() []filed {
	return []filed{
		{"ContentDocument", s.documentMakers()},
		{"ContentVersion", s.versionMakers()},
		{"ContentDocumentLink", s.linkMakers()},
		{"EmailMessage", nil},
		{"Attachment", s.bodyMakers(map[string]maker{
			"ParentId": s.record, "Name": fileName, "ContentType": contentType,
		})},
		{"Document", s.bodyMakers(map[string]maker{
			"FolderId": user(3), "Name": title, "DeveloperName": numbered("Document_", 6), "ContentType": contentType,
			"Type": fileExtension,
		})},
	}
}

// versionMakers: a version that lies elsewhere has no body, no size and no checksum.
func (s *shelf) versionMakers() map[string]maker {
	here := func(value maker) maker {
		return func(w *World, dst []byte, p pick) []byte {
			if s.external(p.n) {
				return dst
			}
			return value(w, dst, p)
		}
	}
	return map[string]maker{
		"ContentDocumentId": func(_ *World, dst []byte, p pick) []byte {
			return recordid.Append(dst, "069", 1+documentOf(p.n))
		},
		"IsLatest": func(_ *World, dst []byte, p pick) []byte {
			return strconv.AppendBool(dst, s.latestOf(documentOf(p.n)) == p.n)
		},
		"VersionNumber": func(_ *World, dst []byte, p pick) []byte {
			if isSecond(p.n) {
				return append(dst, '2')
			}
			return append(dst, '1')
		},
		"OwnerId": func(w *World, dst []byte, p pick) []byte { return w.ownerOfFile(dst, documentOf(p.n)) },
		"Title":   title, "PathOnClient": here(fileName), "FileExtension": here(fileExtension), "FileType": fileType,
		"ContentModifiedDate": createdAt, "PublishStatus": oneOf("P"), "Origin": oneOf("C"),
		"ContentLocation": func(_ *World, dst []byte, p pick) []byte {
			if s.external(p.n) {
				return append(dst, 'E')
			}
			return append(dst, 'S')
		},
		"VersionData": here(func(_ *World, dst []byte, p pick) []byte {
			of := s.version(p.n, p.own)
			return bodies.AppendMade(dst, of.seed, of.size)
		}),
		"ContentSize": here(func(_ *World, dst []byte, p pick) []byte {
			return strconv.AppendInt(dst, s.version(p.n, p.own).size, 10)
		}),
		"Checksum": here(func(_ *World, dst []byte, p pick) []byte {
			return s.appendSum(dst, s.version(p.n, p.own))
		}),
	}
}

// ownerOfFile writes who owns a document, and its versions.
func (w *World) ownerOfFile(dst []byte, document int) []byte {
	return user(3)(w, dst, pick{own: ownOf(w.salt("ContentDocument"), document)})
}

// documentMakers: most of a document is what its latest version says.
func (s *shelf) documentMakers() map[string]maker {
	versions := s.versionMakers()
	ofLatest := func(field string) maker {
		value := versions[field]
		return func(w *World, dst []byte, p pick) []byte {
			n := s.latestOf(p.n)
			return value(w, dst, pick{n: n, own: ownOf(w.salt("ContentVersion"), n), h: p.h})
		}
	}
	return map[string]maker{
		"LatestPublishedVersionId": func(_ *World, dst []byte, p pick) []byte {
			return recordid.Append(dst, "068", 1+s.latestOf(p.n))
		},
		"Title": ofLatest("Title"), "FileType": ofLatest("FileType"), "FileExtension": ofLatest("FileExtension"),
		"ContentSize": ofLatest("ContentSize"), "ContentModifiedDate": ofLatest("ContentModifiedDate"),
		"PublishStatus": oneOf("P"),
	}
}

// linkMakers: a document's first link is to its owner, its second one to a record.
func (s *shelf) linkMakers() map[string]maker {
	ofOwner := func(p pick) bool { return p.n%s.links() == 0 }
	return map[string]maker{
		"ContentDocumentId": func(_ *World, dst []byte, p pick) []byte {
			return recordid.Append(dst, "069", 1+p.n/s.links())
		},
		"LinkedEntityId": func(w *World, dst []byte, p pick) []byte {
			if ofOwner(p) {
				return w.ownerOfFile(dst, p.n/s.links())
			}
			return s.record(w, dst, p)
		},
		"ShareType": func(_ *World, dst []byte, p pick) []byte {
			if ofOwner(p) {
				return append(dst, 'I')
			}
			return append(dst, 'V')
		},
		"Visibility": oneOf("AllUsers"),
	}
}

// bodyMakers adds to an object's fields what a field called Body needs.
func (s *shelf) bodyMakers(makers map[string]maker) map[string]maker {
	makers["Body"] = func(_ *World, dst []byte, p pick) []byte {
		of := s.content(p.n, p.own)
		return bodies.AppendMade(dst, of.seed, of.size)
	}
	makers["BodyLength"] = func(_ *World, dst []byte, p pick) []byte {
		return strconv.AppendInt(dst, s.content(p.n, p.own).size, 10)
	}
	return makers
}

// longTitle is as long as a title may be.
const longTitle = 255

// title is what a file is called, without its extension. Some are no names that a
// disk would take.
func title(_ *World, dst []byte, p pick) []byte {
	odd := [...]string{"../../etc/passwd", "a/b\\c: d*?", "..", "Größe \"neu\" 🎈", strings.Repeat("ä", longTitle)}
	if p.own>>20%97 == 0 {
		return append(dst, odd[p.own>>28%uint64(len(odd))]...)
	}
	dst = append(dst, nameHeads[p.own>>8%uint64(len(nameHeads))]...)
	dst = append(dst, ' ')
	return strconv.AppendInt(dst, int64(p.n+1), 10)
}

// The extensions of made up files, what Salesforce calls their types, and what the
// rest of the world does.
func fileKind(own uint64) [3]string {
	kinds := [...][3]string{
		{"pdf", "PDF", "application/pdf"}, {"png", "PNG", "image/png"}, {"txt", "TEXT", "text/plain"},
		{"docx", "WORD_X", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	}
	return kinds[own>>5%uint64(len(kinds))]
}

func fileExtension(_ *World, dst []byte, p pick) []byte { return append(dst, fileKind(p.own)[0]...) }
func fileType(_ *World, dst []byte, p pick) []byte      { return append(dst, fileKind(p.own)[1]...) }
func contentType(_ *World, dst []byte, p pick) []byte   { return append(dst, fileKind(p.own)[2]...) }

// fileName is the title with its extension, cut to what a name may have.
func fileName(w *World, dst []byte, p pick) []byte {
	const ending = 5 // of a point and an extension at most
	from := len(dst)
	dst = title(w, dst, p)
	if name := []rune(string(dst[from:])); len(name) > longTitle-ending {
		dst = append(dst[:from], string(name[:longTitle-ending])...)
	}
	dst = append(dst, '.')
	return fileExtension(w, dst, p)
}
