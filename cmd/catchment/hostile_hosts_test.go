package main

import (
	"fmt"
	"testing"

	"catchment/internal/hostile"
	"catchment/internal/hostile/place"
)

const evil = "https://evil.example"

// The flows of login that send a secret.
var logins = map[string]string{
	"client_credentials": "client_credentials, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET",
	"password": "password, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET, " +
		"username: env:SF_USERNAME, password: env:SF_PASSWORD",
	"refresh_token": "refresh_token, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET, " +
		"refresh_token: file:refresh-token",
	"jwt": "jwt, client_id: env:SF_CLIENT_ID, username: env:SF_USERNAME, key: file:server.key",
}

// A redirect that leads to another host is not followed, with a body or without, nor
// one that leads out of TLS: whoever answers for the org could else have its
// secrets sent to anybody.
func TestHostileRedirects(t *testing.T) {
	t.Parallel()
	targets := []string{evil, "http://evil.example", "http://" + hostile.Home, "https://other.my.salesforce.com"}
	places := []struct {
		place   place.Place
		command string
	}{
		{place.Token, "check --json"}, {place.Versions, "check --json"}, {place.Limits, "check --json"},
		{place.Objects, "check --json"}, {place.Query, "check --json"}, {place.Describe, "run --json"},
		{place.NewJob, "run --json"}, {place.Job, "run --json"}, {place.ResultPages, "run --json"},
		{place.Results, "run --json"},
	}
	var all []assault
	for i, status := range []int{301, 302, 303, 307, 308} {
		for k, to := range targets {
			for n, at := range places {
				all = append(all, assault{
					name:    fmt.Sprintf("%d of %s to %s", status, at.place, to),
					attacks: []hostile.Attack{{On: at.place, Do: hostile.MovedTo(status, to)}},
					command: at.command, want: refused,
					longOnly: (i+k+n)%5 != 0 && at.place != place.Token, // every fifth, and so each of all
				})
			}
		}
	}
	all = append(all,
		assault{name: "moved for good", attacks: []hostile.Attack{{On: place.Anything,
			Do: hostile.MovedTo(301, evil)}},
			command: "check --json", want: refused, says: "evil.example"},
		assault{name: "moved for good", attacks: []hostile.Attack{{On: place.Anything,
			Do: hostile.MovedTo(308, evil)}},
			command: "init --url https://" + hostile.Home + " --config new.yaml", want: refused, way: hostile.Secure,
			says: "evil.example"},
		assault{name: "round and round", attacks: []hostile.Attack{{On: place.Objects, Do: hostile.MovedHere(302)}},
			command: "check --json", want: refused},
		assault{name: "round and round with a body", attacks: []hostile.Attack{{On: place.NewJob,
			Do: hostile.MovedHere(307)}},
			command: "run --json", want: refused, mends: true},
		assault{name: "a host in another script", attacks: []hostile.Attack{{On: place.Objects,
			Do: hostile.MovedTo(302, "https://\u202eelpmaxe.live\u009b31m")}}, command: "check", want: refused})
	repel(t, all)
}

// A redirect that keeps to the org is followed, as the request that it was.
func TestHostileDetours(t *testing.T) {
	t.Parallel()
	var all []assault
	for _, at := range []struct {
		place   place.Place
		command string
	}{{place.Token, "check"}, {place.Objects, "check"}, {place.NewJob, "run"}, {place.Results, "run"}} {
		all = append(all, assault{name: "307 of " + string(at.place), command: at.command, want: borne,
			attacks: []hostile.Attack{{On: at.place, Times: 1, Do: hostile.MovedHere(307)}}})
	}
	repel(t, all)
}

// Secrets of every flow of login stay where they were configured.
func TestHostileLoginRedirects(t *testing.T) {
	t.Parallel()
	var all []assault
	for flow, login := range logins {
		for _, status := range []int{302, 307, 308} {
			for _, to := range []string{evil, "http://" + hostile.Home} {
				all = append(all, assault{
					name: fmt.Sprintf("%s, %d to %s", flow, status, to), login: login,
					attacks: []hostile.Attack{{On: place.Token, Do: hostile.MovedTo(status, to)}},
					command: "check --json", want: refused,
					longOnly: status != 307 && flow != "jwt",
				})
			}
		}
	}
	repel(t, all)
}

// Over loopback and in clear, another address is another host.
func TestHostileAddresses(t *testing.T) {
	t.Parallel()
	var all []assault
	for _, at := range []place.Place{place.Token, place.Objects} {
		for _, scheme := range []string{"http", "https"} {
			all = append(all, assault{
				name: fmt.Sprintf("%s to another address by %s", at, scheme), way: hostile.Clear,
				allowed: func(b *besieged) []hostile.Attack {
					return []hostile.Attack{{On: at, Do: hostile.MovedTo(307, b.net.Elsewhere(scheme))}}
				},
				command: "check --json", want: refused,
			})
		}
	}
	repel(t, all)
}

// The answer to a login names where the session lives. A token goes there only where
// that is Salesforce's, by TLS.
func TestHostileInstances(t *testing.T) {
	t.Parallel()
	var all []assault
	for _, url := range []string{
		evil, "http://evil.example", "http://" + hostile.Home, "https://" + hostile.Home + "@evil.example",
		"https://" + hostile.Home + ":443@evil.example", "https://" + hostile.Home + ".evil.example",
		"https://" + hostile.Home + "%2eevil.example", "https://evil.example/" + hostile.Home,
		"https://evil.example#." + hostile.Home, "https://evil.example?." + hostile.Home,
		`https://evil.example\@` + hostile.Home, `https://evil.example\.` + hostile.Home,
		"https://evil-salesforce.com", "https://notmy.salesforce.com.co", "https://my.salesforce.com.evil.example",
		"https://acme.my.salesforce.example", "https://xn--salesforc-03a.com", "https://acme.my.xn--salesforc-03a.com",
		"https://salesforcé.com", "https://acme.my.salesforce.com\u3002evil.example", "https://evil.example.",
		"//evil.example", "evil.example", "ftp://" + hostile.Home, "javascript:alert(1)", "https://", "",
		"https://[::1",
		"https://192.168.0.1", "https://169.254.169.254", "http://169.254.169.254", "https://0.0.0.0",
		"https://2130706433",
		"http://localhost.evil.example", "http://127.0.0.1.evil.example", "https://127.0.0.1.nip.io",
		"https://\x1b[2Jevil.example", "https://\u202eelpmaxe.live", "https://evil.example\r\nHost: x",
	} {
		all = append(all, assault{
			name:    fmt.Sprintf("%q", url),
			attacks: []hostile.Attack{{On: place.Token, Do: hostile.Set("instance_url", url)}},
			command: "check --json", want: refused, way: hostile.Secure,
		})
	}
	for _, url := range []string{ // the same host, or one of Salesforce's
		"https://ACME.my.Salesforce.COM", "https://acme.my.salesforce.com/", "https://acme.my.salesforce.com:443",
		"https://acme--full.sandbox.my.salesforce.com", "https://na139.salesforce.com",
	} {
		all = append(all, assault{
			name:    fmt.Sprintf("%q", url),
			attacks: []hostile.Attack{{On: place.Token, Do: hostile.Set("instance_url", url)}},
			command: "check --json", want: borne, way: hostile.Secure,
			trusts: []string{"acme--full.sandbox.my.salesforce.com", "na139.salesforce.com"},
		})
	}
	all = append(all,
		assault{name: "the same host to its end", command: "check --json", want: either, way: hostile.Secure,
			attacks: []hostile.Attack{{On: place.Token,
				Do: hostile.Set("instance_url", "https://acme.my.salesforce.com.")}}},
		assault{name: "a user in front of the same host", command: "check --json", want: either, way: hostile.Secure,
			attacks: []hostile.Attack{{On: place.Token,
				Do: hostile.Set("instance_url", "https://evil@acme.my.salesforce.com")}}})
	// Whoever is in clear already, on this machine, is not led out of it.
	for _, url := range []string{evil, "http://evil.example", "http://" + hostile.Home,
		"https://127.0.0.1@evil.example"} {
		all = append(all, assault{
			name:    fmt.Sprintf("%q from loopback", url),
			attacks: []hostile.Attack{{On: place.Token, Do: hostile.Set("instance_url", url)}},
			command: "check --json", want: refused, way: hostile.Clear,
		})
	}
	// Another program on this machine isn't the org of acme.
	for _, scheme := range []string{"http", "https"} {
		all = append(all, assault{
			name: "loopback by " + scheme, command: "check --json", want: refused, way: hostile.Secure,
			allowed: func(b *besieged) []hostile.Attack {
				return []hostile.Attack{{On: place.Token, Do: hostile.Set("instance_url", b.net.Elsewhere(scheme))}}
			},
		})
	}
	repel(t, all)
}

// Whatever else an answer to a login says.
func TestHostileLogins(t *testing.T) {
	t.Parallel()
	set := func(key string, value any) []hostile.Attack {
		return []hostile.Attack{{On: place.Token, Do: hostile.Set(key, value)}}
	}
	repel(t, []assault{
		{name: "identity elsewhere", attacks: set("id", evil+"/id/00D000000000001EAA/005000000000001AAA"),
			command: "check --json", want: either},
		{name: "identity that isn't one", attacks: set("id", "https://evil.example/id/../../x"),
			command: "check --json", want: either},
		{name: "identity of nobody", attacks: set("id", "\x1b[2J"), command: "check --json", want: either},
		{name: "DPoP", attacks: set("token_type", "DPoP"), command: "check --json", want: refused, says: "DPoP"},
		{name: "DPoP", attacks: set("token_type", "DPoP"), command: "run --json", want: refused, says: "DPoP"},
		{name: "mac", attacks: set("token_type", "mac"), command: "check --json", want: refused},
		{name: "token with a line", attacks: set("access_token", "00D\r\nX-Evil: 1"), command: "check --json",
			want: refused},
		{name: "token with NUL", attacks: set("access_token", "00D\x00x"), command: "check --json", want: refused},
		{name: "no token", attacks: set("access_token", ""), command: "check --json", want: refused},
		{name: "token as a number", attacks: set("access_token", 7), command: "check --json", want: refused},
		{name: "a token of 1 MB", attacks: []hostile.Attack{{On: place.Token, Do: hostile.Flood{
			Before: `{"access_token":"`, Text: "x", Size: 1 << 20,
			Behind: `","instance_url":"https://acme.my.salesforce.com","token_type":"Bearer"}`}.Trick}},
			command: "check --json", want: refused},
		{name: "no JSON", attacks: []hostile.Attack{{On: place.Token, Do: hostile.SetBody("ok")}},
			command: "check --json", want: refused},
		{name: "nothing", attacks: []hostile.Attack{{On: place.Token, Do: hostile.SetBody("")}},
			command: "check --json", want: refused},
		{name: "null", attacks: []hostile.Attack{{On: place.Token, Do: hostile.SetBody("null")}},
			command: "check --json", want: refused},
		{name: "two answers", attacks: []hostile.Attack{{On: place.Token, Do: hostile.Change(func(a *hostile.Answer) {
			a.Body = append(a.Body, a.Body...)
		})}}, command: "check --json", want: either},
		{name: "a secret said back", attacks: []hostile.Attack{{On: place.Token,
			Do: hostile.RefuseLogin("invalid_grant",
				"cl1ent-s3cret-of-acme is wrong")}}, command: "check --json", want: refused},
	})
}

// A link in an answer is followed at the org alone.
func TestHostileLinks(t *testing.T) {
	t.Parallel()
	const path = "/services/data/v66.0/query/01g000000000001AAA-2000"
	rest := "{object: Account, mover: rest}"
	var all []assault
	for _, next := range []string{
		evil + path, "http://evil.example" + path, "http://" + hostile.Home + path, "//evil.example" + path,
		`\\evil.example` + path, "https://" + hostile.Home + "@evil.example" + path, "@evil.example" + path,
		".evil.example" + path, ":443@evil.example" + path, `/\evil.example` + path, "https://evil.example/../" + path,
		"/services/data/../../../secret", "?x", "", " ", "javascript:alert(1)", "/%00", "/\x1b[2J",
		"/services/data/v66.0/%0d%0aHost:%20x",
	} {
		all = append(all, assault{
			name:    fmt.Sprintf("next records at %q", next),
			attacks: []hostile.Attack{{On: place.Query, About: "FROM+Account", Do: hostile.Continues(next)}},
			command: "run --json", want: refused, flows: rest,
		})
	}
	for _, base := range []string{evil, "http://evil.example", "http://" + hostile.Home,
		"https://" + hostile.Home + "@evil.example"} {
		all = append(all, assault{ // the host is left out, and what is read at the org is right
			name:    "result pages at " + base,
			attacks: []hostile.Attack{{On: place.ResultPages, Do: hostile.PagesAt(base)}},
			command: "run --json", want: either, records: 1500,
		})
	}
	for _, locator := range []string{evil, "//evil.example", "../../x", "a b\t&maxRecords=1", "%0d%0a", "\u202e"} {
		all = append(all, assault{
			name: fmt.Sprintf("locator %q", locator),
			attacks: []hostile.Attack{
				{On: place.ResultPages, Do: hostile.Refuse(404, "NOT_FOUND", "no such resource")},
				{On: place.Results, Do: hostile.SetHeader("Sforce-Locator", locator)},
			},
			command: "run --json", want: refused,
		})
	}
	all = append(all, assault{
		name: "identity elsewhere",
		attacks: []hostile.Attack{{On: place.Resources,
			Do: hostile.Set("identity", evil+"/id/00D000000000001EAA/005000000000001AAA")}},
		command: "check --json", want: either, login: "token, token: env:SF_TOKEN", unseen: true,
	})
	repel(t, all)
}
