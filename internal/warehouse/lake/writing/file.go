package writing

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

// What a file is made of.
const (
	groupRows  = 64 << 10  // rows of a row group,
	groupBytes = 64 << 20  // or their bytes, where rows are wide
	fileBytes  = 128 << 20 // of a file, where the table doesn't say
	pageBytes  = 256 << 10 // of a page within a row group
	dictBytes  = 256 << 10 // of a dictionary: what has more values than that is written without
	filterFPP  = 0.01      // how often a bloom filter says that it may have what it hasn't
	atOnce     = 1 << 20   // bytes that are handed to storage

	filterBytes = 128 << 10 // of a filter at most, which has room for a row group's keys,
	filterSizes = 8         // and how many smaller ones there are, each half of the one before
)

// A kind of file.
type kind struct {
	content    iceberg.ManifestEntryContent
	schema     *iceberg.Schema
	arrow      *arrow.Schema
	properties iceberg.Properties // that say of which columns there are statistics and filters
	spec       iceberg.PartitionSpec
	order      int
	refers     *string // the one data file that deletes are of
}

// A file is being written.
type file struct {
	kind
	name    string
	storage icebergio.WriteFileIO
	to      icebergio.FileWriter
	buffer  *bufio.Writer
	size    counted
	rows    *groups
	most    int64
}

// counted counts what is written.
type counted struct {
	to io.Writer
	n  int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}

// Tell is where the next byte will be.
func (c *counted) Tell() int64 { return c.n }

// create begins a file in a table's folder. How its columns are kept goes by the values that come first.
func create(ctx context.Context, t *table.Table, k kind, first []arrow.Array) (*file, error) {
	fs, err := t.FS(ctx)
	if err != nil {
		return nil, err
	}
	storage, ok := fs.(icebergio.WriteFileIO)
	if !ok {
		return nil, fmt.Errorf("files can't be written into %s", t.Location())
	}
	places, err := t.LocationProvider()
	if err != nil {
		return nil, err
	}
	name, err := newName()
	if err != nil {
		return nil, err
	}
	f := &file{kind: k, name: places.NewDataLocation(name), storage: storage,
		most: int64(t.Properties().GetInt(table.WriteTargetFileSizeBytesKey, fileBytes))}
	if f.to, err = storage.Create(f.name); err != nil {
		return nil, err
	}
	f.buffer = bufio.NewWriterSize(f.to, atOnce)
	f.size.to = f.buffer
	f.rows, err = newGroups(k.arrow, &f.size, parquet.NewWriterProperties(k.parquet(first)...))
	if err != nil {
		f.drop()
		return nil, err
	}
	return f, nil
}

// newName is a name that no other file has.
func newName() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(b[:]) + ".parquet", nil
}

// parquet says how the file is written that begins with some values of each column, nil where they are copied.
func (k kind) parquet(first []arrow.Array) []parquet.WriterProperty {
	all := []parquet.WriterProperty{
		parquet.WithMaxRowGroupLength(groupRows),
		parquet.WithDataPageSize(pageBytes),
		parquet.WithDictionaryPageSizeLimit(dictBytes),
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(1),
		parquet.WithMaxBloomFilterBytes(filterBytes),
	}
	for i, f := range k.arrow.Fields() {
		// What has a value of its own in each row is not kept in a dictionary as well. Where that can be seen, none is
		// begun.
		all = append(all, parquet.WithDictionaryFor(f.Name, first[i] == nil || repeats(first[i])),
			parquet.WithDictionaryCostFallbackFor(f.Name, true))
	}
	for key, value := range k.properties {
		column, is := strings.CutPrefix(key, table.ParquetBloomFilterColumnEnabledKeyPrefix+".")
		if is && strings.EqualFold(value, "true") && k.arrow.HasField(column) {
			all = append(all, parquet.WithBloomFilterEnabledFor(column, true),
				parquet.WithBloomFilterFPPFor(column, filterFPP),
				// of several sizes the least is kept that has room for the values: most files hold few
				parquet.WithAdaptiveBloomFilterEnabledFor(column, true),
				parquet.WithBloomFilterCandidatesFor(column, filterSizes))
		}
	}
	return all
}

// full tells whether a file has grown to its size.
func (f *file) full() bool { return f.size.n >= f.most }

// end ends a file, and tells what a snapshot has to say of it.
func (f *file) end() (iceberg.DataFile, error) {
	metadata, err := f.rows.close()
	if err != nil {
		return nil, err
	}
	if err := f.buffer.Flush(); err != nil {
		return nil, err
	}
	if err := f.to.Close(); err != nil {
		return nil, err
	}
	return table.DataFileFromMetadata(table.DataFileArgs{Schema: f.schema, Spec: f.spec, Format: iceberg.ParquetFile,
		Metadata: metadata, FilePath: f.name, FileSize: f.size.n, Content: f.content, SortOrderID: f.order,
		Properties: f.properties, FormatVersion: 2, ReferencedDataFile: f.refers})
}

// drop takes away what was written. What can't be is an orphan.
func (f *file) drop() {
	_ = f.to.Close()
	_ = f.storage.Remove(f.name)
}
