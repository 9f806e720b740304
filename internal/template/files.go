package template

import (
	"slices"
	"strconv"
	"strings"
)

// files tells of a flow that writes files into S3 how Catchment can have AppFlow go on with
// that, and what of the files' layout isn't carried over: the flows of Catchment's have one
// folder for each execution.
func (c *carrier) files(to destination) {
	config := single(to.s3.find("S3OutputFormatConfig"))
	prefix, aggregation := single(config.find("PrefixConfig")), single(config.find("AggregationConfig"))
	known := c.oneOf(config.find("FileType"), "FileType", "CSV", "JSON", "PARQUET") &&
		c.oneOf(prefix.find("PrefixType"), "PrefixType", "FILENAME", "PATH", "PATH_AND_FILENAME") &&
		c.oneOf(prefix.find("PrefixFormat"), "PrefixFormat", "YEAR", "MONTH", "DAY", "HOUR", "MINUTE") &&
		c.oneOf(aggregation.find("AggregationType"), "AggregationType", "None", "SingleFile")
	hierarchy := items(prefix.find("PathPrefixHierarchy"))
	for _, folder := range hierarchy {
		known = known && c.oneOf(folder, "PathPrefixHierarchy", "EXECUTION_ID", "SCHEMA_VERSION")
	}
	if !known {
		return
	}
	c.note(to.line, "it writes files into S3, and Catchment rows into the warehouse of catchment.yaml; "+
		"the pages themselves are kept in stage.url. To have AppFlow go on to bring them, by files that are loaded: "+
		"mover: appflow, and appflow: %s", c.section(to, textOf(config.find("FileType"))))

	if textOf(config.find("FileType")) == "JSON" {
		c.note(config.line, "its files are JSON, which isn't read: CSV is, and Parquet")
	}
	var folders []string
	for _, one := range append(slices.Clone(hierarchy), prefix.find("PrefixType"), prefix.find("PrefixFormat")) {
		if word := textOf(one); word != "" && word != "EXECUTION_ID" {
			folders = append(folders, word)
		}
	}
	if len(folders) > 0 {
		c.note(prefix.line, "the names of its files and folders (%s) are not carried over: a flow of Catchment's "+
			"has a folder for each execution", strings.Join(folders, ", "))
	}
	size := textOf(aggregation.find("TargetFileSize"))
	if textOf(aggregation.find("AggregationType")) == "SingleFile" || size != "" {
		c.note(aggregation.line, "how many files it makes is not carried over: they are loaded as they come")
	}
}

// section is the section appflow of a catchment.yaml that goes on with such files. What only
// AWS or Terraform knows stands there as ....
func (c *carrier) section(to destination, fileType string) string {
	entry := func(key string, v *Value) string {
		text := textOf(v)
		switch {
		case v == nil && key == "prefix":
			return ""
		case text == "":
			text = "..."
		case strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") != "":
			text = strconv.Quote(text)
		}
		return ", " + key + ": " + text
	}
	format := "" // of JSON there is none that is read
	if fileType == "PARQUET" {
		format = ", format: parquet"
	}
	return "{destination: s3" + format + entry("salesforce", c.d.source.profile) +
		entry("bucket", to.s3.find("BucketName")) + entry("prefix", to.s3.find("BucketPrefix")) + "}"
}

// oneOf tells whether a value is one of AppFlow's words, or one that only AWS knows, or none.
func (c *carrier) oneOf(v *Value, name string, words ...string) bool {
	text := textOf(v)
	if text == "" || slices.Contains(words, text) {
		return true
	}
	c.problem(v.line, c.flow, "%s %q is none of %s", name, text, strings.Join(words, ", "))
	return false
}
