package flow

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"catchment/internal/policy"
)

const day = 24 * time.Hour

func parseArchive(t *testing.T, section string) *File {
	t.Helper()
	f, err := Parse("c.yaml", []byte(`version: 1
org: {url: https://acme.my.salesforce.com, login: {flow: token, token: env:TOKEN}}
flows: [{object: Case}]
`+section), known())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestArchive(t *testing.T) {
	t.Parallel()
	f := parseArchive(t, `
archive:
  price: {data_gb_month: 250, file_gb_month: 5.5, currency: USD}
  policies:
    - name: old-cases
      root: Case
      where: " IsClosed = true AND ClosedDate < LAST_N_YEARS:3 "
      with: only
      plus: [Task]
      files: none
      untouched_for: 90d
      hold: ["Legal_Hold__c = true", "file:holds.txt", "file:${PLACE}/all.txt"]
      cap: {records: 10, per_day: 5, share: 100%}
      cool: 0
      approve: 2
      signers:
        - {name: ann, key: `+exampleKey+`}
        - {name: bob, key: `+otherKey+`}
      lose: [Account.SicDesc, AccountFeed]
      expires: 7d
`)
	f.RelativeTo("/etc/catchment")
	want := policy.Archive{
		Price: &policy.Price{DataGBMonth: 250, FileGBMonth: 5.5, Currency: "USD"},
		Policies: []policy.Policy{{
			Name: "old-cases", Root: "Case", Where: "IsClosed = true AND ClosedDate < LAST_N_YEARS:3",
			Plus: []string{"Task"}, Files: policy.NoFiles, Untouched: 90 * day,
			Hold: []policy.Hold{{Where: "Legal_Hold__c = true"},
				{File: filepath.Join("/etc/catchment", "holds.txt")}, {File: "/var/lib/catchment/all.txt"}},
			Cap: policy.Cap{Records: 10, PerDay: 5, Share: 100}, Approve: 2,
			Signers: []policy.Signer{{Name: "ann", Key: exampleKey}, {Name: "bob", Key: otherKey}},
			Lose:    []string{"Account.SicDesc", "AccountFeed"}, Expires: 7 * day, Line: 8,
		}},
	}
	if !reflect.DeepEqual(f.Archive, want) {
		t.Errorf("%+v\nwant %+v", f.Archive, want)
	}
	got := f.Archive.Policies[0].Signers[0].Fingerprint() // as ssh-keygen -l has it
	if got != "SHA256:tAXFyTXI8xtDaujAEcwJslAYc9/6FKcUkd2Lw0xDhPo" {
		t.Error(got)
	}
}

// What a policy leaves out is what the reference says.
func TestArchiveDefaults(t *testing.T) {
	t.Parallel()
	f := parseArchive(t, `archive: {policies: [{name: a, root: Case, where: IsClosed = true}]}`)
	want := policy.Policy{Name: "a", Root: "Case", Where: "IsClosed = true", Cascades: true, Files: policy.AllFiles,
		Cap: policy.Cap{Records: 50_000, PerDay: 20_000, Share: 40}, Cool: 14 * day, Approve: 1, Expires: 30 * day,
		Line: 4}
	if got := f.Archive.Policies[0]; !reflect.DeepEqual(got, want) || f.Archive.Price != nil {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if got := parseArchive(t, "archive:\n").Archive; !reflect.DeepEqual(got, policy.Archive{}) {
		t.Errorf("an empty section is %+v", got)
	}
}
