package rows

import (
	"context"
	"slices"
	"sort"

	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// A waiting file is one that the order hasn't come to yet.
type waiting struct {
	task  table.FileScanTask
	file  uint32 // its number among the store's paths
	least string // no key of it comes before this
}

// planned are the files that may have rows that are wanted, by the statistics that the table has of them.
func planned(ctx context.Context, t *table.Table, q Query, f *form) ([]table.FileScanTask, error) {
	if q.Tasks != nil {
		return q.Tasks, nil
	}
	where := q.Where
	if q.Keys != nil && len(q.Keys) == 0 {
		return nil, nil
	}
	if f.text() {
		key := iceberg.Reference(q.Key[0])
		if len(q.Keys) > 0 {
			where = both(where, iceberg.NewAnd(iceberg.GreaterThanEqual(key, q.Keys[0]),
				iceberg.LessThanEqual(key, q.Keys[len(q.Keys)-1])))
		}
		if q.After != "" {
			where = both(where, iceberg.GreaterThan(key, q.After))
		}
	}
	options := []table.ScanOption{table.WithMaxConcurrency(1)}
	if where != nil {
		options = append(options, table.WithRowFilter(where))
	}
	if q.Snapshot != 0 {
		options = append(options, table.WithSnapshotID(q.Snapshot))
	}
	tasks, err := t.Scan(options...).PlanFiles(ctx)
	tasks = slices.DeleteFunc(tasks, func(task table.FileScanTask) bool {
		path := task.File.FilePath()
		return q.Files != nil && !q.Files[path] || q.Without[path]
	})
	if err != nil || len(q.Keys) == 0 || !f.text() {
		return tasks, err
	}
	return slices.DeleteFunc(tasks, func(task table.FileScanTask) bool {
		least, greatest, known := bounds(task.File, f.keyField())
		return known && !among(q.Keys, least, greatest)
	}), nil
}

// both holds where two expressions do, of which the first may be none.
func both(where, and iceberg.BooleanExpression) iceberg.BooleanExpression {
	if where == nil {
		return and
	}
	return iceberg.NewAnd(where, and)
}

// queue is the files in order of their least keys. tasks have the order of the store's paths.
func queue(tasks []table.FileScanTask, f *form, q Query) []waiting {
	all := make([]waiting, len(tasks))
	for i, task := range tasks {
		all[i] = waiting{task: task, file: uint32(i)} // #nosec G115 -- a plan of so many files has no room in memory
		if len(f.key) == 0 {
			continue
		}
		if id := f.keyField(); f.schema.Field(f.key[0]).Type.ID() == textType && nonNull(task.File, id) {
			all[i].least = string(task.File.LowerBoundValues()[id])
		}
		if len(q.Keys) > 0 {
			all[i].least = max(all[i].least, q.Keys[0])
		}
		all[i].least = max(all[i].least, q.After)
	}
	slices.SortStableFunc(all, func(a, b waiting) int {
		switch {
		case a.least < b.least:
			return -1
		case a.least > b.least:
			return 1
		}
		return 0
	})
	return all
}

// nonNull tells whether a file is known to have a value in each row of a column.
func nonNull(file iceberg.DataFile, id int) bool {
	nulls, counted := file.NullValueCounts()[id]
	return counted && nulls == 0
}

// bounds are the least and greatest value of a column of text in a file, or texts beyond them, where they are known.
func bounds(file iceberg.DataFile, id int) (least, greatest string, known bool) {
	low, hasLow := file.LowerBoundValues()[id]
	high, hasHigh := file.UpperBoundValues()[id]
	return string(low), string(high), hasLow && hasHigh && nonNull(file, id)
}

// among tells whether one of the keys, which are in order, lies between two texts.
func among(keys []string, least, greatest string) bool {
	i := sort.SearchStrings(keys, least)
	return i < len(keys) && keys[i] <= greatest
}

// groupsOf are the row groups of a file that may have a key which is wanted.
func groupsOf(f *parquetFile, leaf int, q Query) []int {
	var groups []int
	for i := range f.groups() {
		least, greatest, known := groupBounds(f.group(i), leaf)
		if !known || greatest > q.After && (q.Keys == nil || among(q.Keys, least, greatest)) {
			groups = append(groups, i)
		}
	}
	return groups
}

// groupBounds are the least and greatest text of a column in a row group, where that is known.
func groupBounds(group *metadata.RowGroupMetaData, leaf int) (least, greatest string, known bool) {
	chunk, err := group.ColumnChunk(leaf)
	if err != nil {
		return "", "", false
	}
	of, err := chunk.Statistics()
	if err != nil {
		return "", "", false
	}
	texts, is := of.(*metadata.ByteArrayStatistics)
	if !is || !texts.HasMinMax() || !texts.HasNullCount() || texts.NullCount() > 0 {
		return "", "", false
	}
	return string(texts.Min()), string(texts.Max()), true
}

// allGroups are all row groups of a file.
func allGroups(f *parquetFile) []int {
	groups := make([]int, f.groups())
	for i := range groups {
		groups[i] = i
	}
	return groups
}
