// Package archtest holds the tests that keep the shape of the code: who may
// import whom (layers.txt), how long a piece may grow before somebody looks
// again (oversize.txt), how much one package may hold (limits.txt), who
// names a kind of warehouse (names.txt), and that the files of a package are read
// from the top.
package archtest
