// Package aws holds what a deployment uploads as it is: the script of the Glue
// job. The rest of this folder is written by catchment aws render, for people to
// read.
package aws

import _ "embed"

// Consolidate is consolidate.py.
//
//go:embed consolidate.py
var Consolidate []byte

// Merge is merge.py, which any Spark runs.
//
//go:embed merge.py
var Merge []byte
