// Package eventbus has the messages and the service of Salesforce's Pub/Sub API, which change events come by: what a
// client and a server say to each other, and nothing of what either does with it.
//
// pubsub_api.proto is Salesforce's, as github.com/forcedotcom/pub-sub-api has it at commit
// 0ba470114fd8dac1e18a2c981efdafc87fcc69d1, word for word, under CC0 1.0. The rest is generated from it.
package eventbus

//go:generate make -C ../.. proto
