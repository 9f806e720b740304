// Package fakeorg is a Salesforce org for tests, demos and measurements: it
// lives in memory, has its own clock, is the same again under the same seed,
// and speaks the real protocols over HTTP (OAuth, REST, Bulk API 2.0 queries).
//
// It is read from Salesforce's documents only, never from our own client: the
// extractor and this package are two independent readings, so that an
// agreement between them means something. Listening, TLS and shutting down are
// the caller's: an [Org] is an http.Handler.
//
// Start at [New], fill it with [Org.Generate] or [Org.LoadDir], and read
// routes.go for what it answers. An object's records are a base that never
// changes (a [source]) with changed records laid over it (store.go); a
// question is answered from a snapshot of both (result.go).
package fakeorg
