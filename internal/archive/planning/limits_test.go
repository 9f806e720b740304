package planning_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/policy"
)

// taken is how many megabytes the org says that its records and its files take.
func (w *world) taken() (data, files int64) {
	w.Helper()
	limits, err := w.client.Limits(w.Context())
	w.must(err)
	of := func(name string) int64 { return limits[name].Max - limits[name].Remaining }
	return of("DataStorageMB"), of("FileStorageMB")
}

// What a plan frees, worked out by hand from "Salesforce record size overview" (help 000193871), and what the org
// says once it is carried out and the delay of its own reckoning is over.
//
//	600 Cases of 2 KB                            600 x 2048      = 1,228,800
//	300 Tasks of 2 KB                            300 x 2048      =   614,400
//	100 emails of 10,000 and 20,000 characters   100 x 30,000    = 3,000,000
//	                                             data              4,843,200
//
//	a document of two versions                   1,500,000 + 500,000
//	an attachment                                1,048,576
//	a version that lies elsewhere                0
//	a document that an account has, too: it stays
//	                                             files             3,048,576
//
// At 250 a GB of data and 5 a GB of files a month that is 1.1277 + 0.0142 = 1.14.
func TestForecastIsWhatTheOrgFrees(t *testing.T) {
	t.Parallel()
	const data, files, money = 4_843_200, 3_048_576, 1.14
	w := newWorld(t, fakeorg.Options{StandardDelete: true}, small, everything()...)
	w.planner.Price = &policy.Price{DataGBMonth: 250, FileGBMonth: 5, Currency: "USD"}
	body := func(bytes int) string { return base64.StdEncoding.EncodeToString(make([]byte, bytes)) }
	email := fmt.Sprintf(`"TextBody":%q,"HtmlBody":%q`, strings.Repeat("a", 10_000), strings.Repeat("b", 20_000))
	var cases []string
	for n := range 600 {
		cases = append(cases, w.create("Case", `{"Subject":"Zzz","Status":"Closed"}`))
		if n < 300 {
			w.create("Task", `{"Status":"Completed","Priority":"Low","WhatId":"`+cases[n]+`"}`)
		}
		if n < 100 {
			w.create("EmailMessage", `{"ParentId":"`+cases[n]+`",`+email+`}`)
		}
	}
	version := func(bytes int, more string) string {
		id := w.create("ContentVersion", `{"PathOnClient":"a.bin","VersionData":"`+body(bytes)+`",`+more+`}`)
		return w.value("ContentVersion", id, "ContentDocumentId")
	}
	document := version(1_500_000, `"FirstPublishLocationId":"`+cases[0]+`"`)
	version(500_000, `"ContentDocumentId":"`+document+`"`)
	w.create("Attachment", `{"Name":"a","ParentId":"`+cases[1]+`","Body":"`+body(1_048_576)+`"}`)
	w.create("ContentVersion", `{"Title":"a","PathOnClient":"a","ContentLocation":"E","FirstPublishLocationId":"`+
		cases[2]+`"}`)
	shared := version(2_000_000, `"FirstPublishLocationId":"`+cases[3]+`"`)
	account := w.record("Account", map[string]string{"Name": "stays"})
	w.create("ContentDocumentLink", `{"ContentDocumentId":"`+shared+`","LinkedEntityId":"`+account+`","ShareType":"V"}`)
	w.org.Clock().Advance(2 * time.Hour)
	dataBefore, filesBefore := w.taken()

	sum, r := w.plan(policy.Policy{Root: "Case", Where: "Subject = 'Zzz'", Cascades: true})
	if sum.End.Bytes != data || sum.End.Files != files || sum.Money != money || sum.BinRoom != 256_000 {
		t.Errorf("%+v, and money: %v", sum.End, sum.Money)
	}
	w.carryOut(r)
	w.org.Clock().Advance(2 * time.Hour)
	dataAfter, filesAfter := w.taken()
	for what, freed := range map[string][2]int64{
		"data": {dataBefore - dataAfter, data}, "files": {filesBefore - filesAfter, files},
	} {
		if off := freed[0]<<20 - freed[1]; off > 1<<20 || off < -1<<20 {
			t.Errorf("%s: the org has freed %d MB, and the plan said %d bytes", what, freed[0], freed[1])
		}
	}
	t.Logf("%d MB of data and %d MB of files are free, after %d and %d bytes were forecast",
		dataBefore-dataAfter, filesBefore-filesAfter, sum.End.Bytes, sum.End.Files)
}

// Three campaigns of 8 KB and five members of 1 KB are 3 x 8192 + 5 x 1024 = 29,696 bytes. Two that lie in the bin
// already free nothing, and what the bin has counts.
func TestForecastOfCampaigns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeorg.Options{}, small, "Campaign", "CampaignMember")
	w.must(w.org.AddObject("Campaign", "701", fakeorg.Field{Name: "Words__c", Type: "string"}),
		w.org.AddObject("CampaignMember", "00v",
			fakeorg.Field{Name: "CampaignId", Type: "reference", References: []string{"Campaign"}, Cascade: true}))
	var all []string
	for range 5 {
		all = append(all, w.record("Campaign", nil))
	}
	for range 5 {
		w.record("CampaignMember", map[string]string{"CampaignId": all[0]})
	}
	w.must(w.org.Delete(all[3:]...))
	sum, _ := w.plan(policy.Policy{Root: "Campaign", Cascades: true})
	if e := sum.End; e.Bytes != 29_696 || e.In != 8 || e.Roots != 3 || e.Bin != 10 || e.Days != 1 {
		t.Errorf("%+v", e)
	}
}
