// Package archtest holds the tests that keep the shape of the code: who may
// import whom (layers.txt), and how long a piece may grow before somebody
// looks again.
package archtest
