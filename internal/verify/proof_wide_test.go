package verify_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
)

// More Ids than one call reads are read by several, in the order that they were asked in.
func TestProveManyRecords(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 2100)
	r.Keeps("Contact", "LastName")
	r.Later(time.Hour)
	r.Done(nil)
	ids := r.IDs("Contact")
	r.Exec("UPDATE salesforce.contact SET lastname = 'Wrong' WHERE id IN ('" + ids[7] + "', '" + ids[2050] + "')")
	calls := r.Calls(func() {
		for i, v := range proved(r, r.Flows[0], archive.Live, ids...) {
			if (v.Finding == archive.Equal) == (i == 7 || i == 2050) {
				t.Errorf("%d: %+v", i, v)
			}
		}
	})
	if calls["collection"] != 2 {
		t.Errorf("%v", calls)
	}
}

// A record of more fields than a query can name is read from the bin in parts, which have to be of
// one moment.
func TestProveWideRecordsInTheBin(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"Contact": 6}, nil)
	const fields = 300
	for i := range fields {
		name := fmt.Sprintf("A_field_whose_name_is_rather_long_%03d__c", i)
		if err := org.AddField("Contact", fakeorg.Field{Name: name, Type: "string", Length: 20}); err != nil {
			t.Fatal(err)
		}
	}
	r := rig.New(t, org, "Contact")
	ids := r.IDs("Contact")
	last := fmt.Sprintf("A_field_whose_name_is_rather_long_%03d__c", fields-1)
	for _, id := range ids {
		r.Must(r.Org.Update(id, map[string]any{last: "here"}))
	}
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	r.Must(r.Org.Drift(ids[1], last, "there"))
	r.Delete(ids[:4]...)
	parts := 0
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.Contains(req.URL.Path, "/queryAll") {
			if n := len(req.URL.String()); n > 14_000 {
				t.Errorf("a URI of %d bytes", n)
			}
			parts++
		}
		next.ServeHTTP(w, req)
	})
	says(t, proved(r, r.Flows[0], archive.Bin, ids[:5]...), "equal", "differs differs: "+strings.ToLower(last), "equal",
		"equal", "living")
	if parts < 2 {
		t.Errorf("%d parts", parts)
	}
}

// Records that are more than one answer may be are asked for again, fewer at a time, and those that
// came are not.
func TestProveRecordsThatAreLarge(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"Contact": 60}, nil)
	r := rig.New(t, org, "Contact")
	ids := r.IDs("Contact")
	for _, id := range ids {
		r.Must(r.Org.Update(id, map[string]any{"Description": strings.Repeat("long ", 6000)}))
	}
	r.Later(time.Hour)
	r.Done(nil)
	r.Begun = func(p *rig.Process) {
		c := org.Credentials()
		var err error
		p.Client, err = salesforce.New(salesforce.Config{URL: r.Server.URL, APIVersion: r.API, HTTP: r.Server.Client(),
			Now: r.Now, Login: login.ClientCredentials{ClientID: c.ClientID, ClientSecret: c.ClientSecret},
			Bounds: salesforce.Bounds{Answer: 1 << 20}})
		r.Must(err)
	}
	calls := r.Calls(func() {
		for _, v := range proved(r, r.Flows[0], archive.Live, ids...) {
			if v.Finding != archive.Equal {
				t.Errorf("%+v", v)
			}
		}
	})
	if n := calls["collection"]; n < 2 || n > 4 {
		t.Errorf("%v", calls)
	}
}
