package change

import (
	"path"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/bodies"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// A file is a ContentDocument with versions and links. Nobody creates the document:
// it comes with its first version, and with it the link to its owner (Object Reference,
// ContentVersion and ContentDocumentLink).

// bearFile completes a new record of the objects of files, and creates what comes
// with it.
func bearFile(e *Edit, obj *store.Object, id string, r *store.Record) error {
	switch obj.Name() {
	case "ContentVersion":
		return bearVersion(e, obj, id, r)
	case "ContentDocumentLink":
		return linkedOnce(e, obj, r)
	case "Attachment":
		if err := marksEmail(e, r.Values[obj.Slot("ParentId")]); err != nil {
			return err
		}
	}
	return measure(obj, r)
}

// measure writes how long a body is beside it.
func measure(obj *store.Object, r *store.Record) error {
	body, length := obj.Slot("Body"), obj.Slot("BodyLength")
	if body < 0 || length < 0 || obj.Slots[body].Type != "base64" {
		return nil
	}
	size := int64(0)
	if key := r.Values[body]; key != "" {
		var err error
		if size, err = bodies.Size(key); err != nil {
			return err
		}
	}
	r.Values[length] = strconv.FormatInt(size, 10)
	return nil
}

// marksEmail tells an email that it has attachments.
func marksEmail(e *Edit, parent string) error {
	emails, ok := e.store.Catalog().Owner(parent)
	if !ok || emails.Name() != "EmailMessage" {
		return nil
	}
	return e.turn(emails, parent, func(_ *store.Row, r *store.Record) error {
		r.Set(emails.Slot("HasAttachment"), "true")
		r.Set(emails.Sys.Stamp, e.now())
		return nil
	})
}

// bearVersion makes a version the latest one of its document, or gives it a new one.
func bearVersion(e *Edit, obj *store.Object, id string, r *store.Record) error {
	documents, ok := e.store.Catalog().Find("ContentDocument")
	if !ok {
		return nil
	}
	get := func(name string) string { return r.Values[obj.Slot(name)] }
	set := func(name, value string) { r.Set(obj.Slot(name), value) }
	if err := weigh(e, obj, r); err != nil {
		return err
	}
	name := path.Base(strings.ReplaceAll(get("PathOnClient"), `\`, "/"))
	extension := strings.TrimPrefix(path.Ext(name), ".")
	if get("Title") == "" {
		set("Title", strings.TrimSuffix(name, path.Ext(name)))
	}
	set("FileExtension", extension)
	set("FileType", fileType(extension, get("ContentUrl")))
	set("ContentModifiedDate", e.now())
	set("PublishStatus", "P")
	set("IsLatest", "true")
	set("IsMajorVersion", "true")
	set("VersionNumber", "1")
	if document := get("ContentDocumentId"); document != "" {
		return bearNext(e, documents, document, id, r)
	}
	if get("FirstPublishLocationId") == "" {
		set("FirstPublishLocationId", get("OwnerId"))
	}
	values := ofVersion(documents, id, obj, r)
	values[documents.Sys.Own] = get("OwnerId")
	document, err := e.Insert(documents, values)
	if err != nil {
		return err
	}
	set("ContentDocumentId", document)
	if err := link(e, document, get("OwnerId"), "I"); err != nil {
		return err
	}
	if at := get("FirstPublishLocationId"); at != get("OwnerId") {
		return link(e, document, at, "V")
	}
	return nil
}

// weigh writes the checksum and the length of a version's body. One that lies
// elsewhere, or is a link to another site, has neither.
func weigh(e *Edit, obj *store.Object, r *store.Record) error {
	at := obj.Slot("VersionData")
	elsewhere := r.Values[obj.Slot("ContentLocation")] != "S" || r.Values[obj.Slot("ContentUrl")] != ""
	switch key := r.Values[at]; {
	case elsewhere:
		r.Values[at] = ""
		return nil
	case key == "":
		return reply.Bad("REQUIRED_FIELD_MISSING", "Required fields are missing: [VersionData]").On("VersionData")
	case r.Values[obj.Slot("PathOnClient")] == "":
		return reply.Bad("REQUIRED_FIELD_MISSING", "Required fields are missing: [PathOnClient]").On("PathOnClient")
	default:
		sum, err := e.ledger.Bodies.MD5(key)
		if err != nil {
			return err
		}
		size, err := bodies.Size(key)
		r.Set(obj.Slot("Checksum"), sum)
		r.Set(obj.Slot("ContentSize"), strconv.FormatInt(size, 10))
		return err
	}
}

// ofVersion is what a document shows of its latest version.
func ofVersion(documents *store.Object, id string, obj *store.Object, r *store.Record) map[int]string {
	values := map[int]string{documents.Slot("LatestPublishedVersionId"): id}
	for _, name := range []string{
		"Title", "Description", "ContentSize", "FileType", "FileExtension", "ContentModifiedDate", "PublishStatus",
	} {
		values[documents.Slot(name)] = r.Values[obj.Slot(name)]
	}
	return values
}

// bearNext makes a version the latest one of a document that has others.
func bearNext(e *Edit, documents *store.Object, document, id string, r *store.Record) error {
	versions, _ := e.store.Catalog().Find("ContentVersion")
	return e.turn(documents, document, func(old *store.Row, next *store.Record) error {
		if old.Deleted() {
			return reply.EntityIsDeleted()
		}
		latest := old.Text(documents.Slot("LatestPublishedVersionId"))
		err := e.turn(versions, latest, func(_ *store.Row, before *store.Record) error {
			number, _ := strconv.Atoi(before.Values[versions.Slot("VersionNumber")]) // the org has written it
			r.Set(versions.Slot("VersionNumber"), strconv.Itoa(number+1))
			before.Set(versions.Slot("IsLatest"), "false")
			before.Set(versions.Sys.Stamp, e.now())
			return nil
		})
		if err != nil {
			return err
		}
		for at, value := range ofVersion(documents, id, versions, r) {
			next.Set(at, value)
		}
		e.stamp(documents, next)
		return nil
	})
}

// link attaches a document to a record, or shares it with a user.
func link(e *Edit, document, entity, share string) error {
	links, ok := e.store.Catalog().Find("ContentDocumentLink")
	if !ok {
		return nil
	}
	_, err := e.Insert(links, map[int]string{
		links.Slot("ContentDocumentId"): document, links.Slot("LinkedEntityId"): entity,
		links.Slot("ShareType"): share, links.Slot("Visibility"): "AllUsers",
	})
	return err
}

// linkedOnce refuses a second link between a document and a record.
func linkedOnce(e *Edit, links *store.Object, r *store.Record) error {
	document, entity := r.Values[links.Slot("ContentDocumentId")], r.Values[links.Slot("LinkedEntityId")]
	for _, place := range e.pointing(links, links.Slot("ContentDocumentId"), document) {
		other := e.row(links, place)
		if !other.Deleted() && other.Text(links.Slot("LinkedEntityId")) == entity {
			return reply.Bad("DUPLICATE_VALUE", "Document with ID: %s is already linked with the entity with ID: %s",
				document[:recordid.Short], entity[:recordid.Short]).On("LinkedEntityId")
		}
	}
	return nil
}

// dropUnlinked deletes the documents whose last link has gone: a file is there as
// long as somebody or something has it.
func dropUnlinked(e *Edit) error {
	links, ok := e.store.Catalog().Find("ContentDocumentLink")
	documents, both := e.store.Catalog().Find("ContentDocument")
	if !ok || !both {
		return nil
	}
	for _, w := range e.writes {
		if !w.Object.Same(links) || w.Record.DeletedAt == "" || w.Record.Purged {
			continue
		}
		id := w.Record.Values[links.Slot("ContentDocumentId")]
		document, err := e.find(documents, id)
		if err != nil || document.Deleted() || linked(e, links, id) {
			continue
		}
		if err := e.Remove(documents, id); err != nil {
			return err
		}
	}
	return nil
}

// linked tells whether a document has a link.
func linked(e *Edit, links *store.Object, document string) bool {
	for _, place := range e.pointing(links, links.Slot("ContentDocumentId"), document) {
		if link := e.row(links, place); !link.Deleted() {
			return true
		}
	}
	return false
}

// fileType is what Salesforce calls files of an extension: for most the extension in
// capital letters.
func fileType(extension, url string) string {
	named := map[string]string{
		"doc": "WORD", "docx": "WORD_X", "jpeg": "JPG", "ppt": "POWER_POINT", "pptx": "POWER_POINT_X", "txt": "TEXT",
		"xls": "EXCEL", "xlsx": "EXCEL_X",
	}
	switch extension = strings.ToLower(extension); {
	case url != "":
		return "LINK"
	case extension == "":
		return "UNKNOWN"
	case named[extension] != "":
		return named[extension]
	}
	return strings.ToUpper(extension)
}
