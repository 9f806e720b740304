// Package fakeorg is a Salesforce org for tests, demos and measurements: it
// lives in memory, has its own clock, is the same again under the same seed,
// and speaks the real protocols over HTTP (OAuth, REST, SOQL, SOSL, Bulk API
// 2.0 in both directions, getUpdated and getDeleted, and of SOAP what reads).
//
// It is read from Salesforce's documents only, never from our own client: the
// extractor and this package are two independent readings, so that an
// agreement between them means something. Clients that others wrote are held
// against it in clients/. Listening, TLS and shutting down are the caller's:
// an [Org] is an http.Handler.
//
// Start at [New], fill it with [Org.Generate] or [Org.LoadDir], and read
// routes.go for what it answers. What Salesforce has no API for is done by
// methods of Org, and over HTTP under /_org/ (package admin), for this machine
// only: whoever serves the org to others calls [Org.GuardAdmin] first.
//
// This package puts an org together and lets requests in. Its parts lie below
// it, and import one way: the APIs (login, rest, composite, bulk, soap, admin) read
// the store, by package query where it is SOQL, and change it by package
// change. Nothing runs in the background: what time brings about happens when
// somebody next asks.
package fakeorg
