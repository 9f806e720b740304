package fakeorg_test

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"runtime"
	"sync"
	"testing"

	"catchment/internal/fakeorg"
)

// Ten million Accounts, page after page over the network, as a client without
// compression reads them. The org holds next to nothing of them.
func BenchmarkTenMillionAccounts(b *testing.B) {
	const records, most = 10_000_000, 200 << 20
	c := serve(b, fakeorg.Options{PageRecords: 250_000}, func(o *fakeorg.Org) error {
		return o.GenerateCounts(map[string]int{"Account": records, "User": 1000}, 1)
	})
	for b.Loop() {
		job := c.job("SELECT " + accountFields + " FROM Account")
		count, bytes := 0, int64(0)
		for at := ""; at != "null"; {
			n, size, next := c.page(job, at)
			count, bytes, at = count+n, bytes+size, next
		}
		if count != records {
			b.Fatalf("%d records", count)
		}
		b.SetBytes(bytes)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/(1<<20), "MiB")
	if m.Sys > most {
		b.Errorf("%d MiB were taken from the system", m.Sys>>20)
	}
}

// page reads one page of a job to its end and keeps nothing of it.
func (c *client) page(job, locator string) (records int, bytes int64, next string) {
	c.t.Helper()
	r, err := http.NewRequest("GET", c.url+data+"/jobs/query/"+job+"/results?locator="+locator, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Accept-Encoding", "identity")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	if bytes, err = io.Copy(io.Discard, resp.Body); err != nil {
		c.t.Fatal(err)
	}
	if _, err := fmt.Sscan(resp.Header.Get("Sforce-NumberOfRecords"), &records); err != nil {
		c.t.Fatal(err)
	}
	return records, bytes, resp.Header.Get("Sforce-Locator")
}

// A hundred thousand files, and a long one among them: neither what they are called
// nor what they hold is in memory.
func TestManyFilesTakeNoMemory(t *testing.T) {
	const files, long, most = 100_000, 64 << 20, 24 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c := serve(t, fakeorg.Options{}, filed(fakeorg.Files{Versions: files, Largest: long}))
	job := c.job("SELECT Id, Title, PathOnClient, ContentSize, ContentDocumentId, IsLatest FROM ContentVersion")
	count, next := 0, ""
	for at := ""; at != "null"; at = next {
		var n int
		n, _, next = c.page(job, at)
		count += n
	}
	r, err := http.NewRequest("GET", c.url+data+"/sobjects/ContentVersion/068Ho0000000001IAA/VersionData", nil)
	fine(t, err)
	r.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := http.DefaultClient.Do(r)
	fine(t, err)
	defer resp.Body.Close()
	bytes, err := io.Copy(io.Discard, resp.Body)
	fine(t, err)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > most {
		t.Errorf("%d MB are held", held>>20)
	}
	if count != files || bytes != long {
		t.Errorf("%d files, %d bytes", count, bytes)
	}
}

// A long file that is uploaded and read again is never in memory as a whole.
func TestALongUploadTakesNoMemory(t *testing.T) {
	const long, most = 64 << 20, 16 << 20
	c := serve(t, fakeorg.Options{}, withFiles)
	out, in := io.Pipe()
	parts := multipart.NewWriter(in)
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Go(func() {
		fields, err := parts.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {`form-data; name="entity_content"`}, "Content-Type": {"application/json"},
		})
		if err == nil {
			_, err = fields.Write([]byte(`{"PathOnClient":"long.bin"}`))
		}
		file, more := parts.CreateFormFile("VersionData", "long.bin")
		if err = errors.Join(err, more); err == nil {
			_, err = io.CopyN(file, zeros{}, long)
		}
		_ = in.CloseWithError(errors.Join(err, parts.Close()))
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := http.NewRequest("POST", c.url+data+"/sobjects/ContentVersion", out)
	fine(t, err)
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", parts.FormDataContentType())
	resp, err := http.DefaultClient.Do(r)
	fine(t, err)
	fine(t, resp.Body.Close())
	if resp.StatusCode != http.StatusCreated {
		t.Fatal(resp.Status)
	}
	made := c.one("SELECT ContentSize, VersionData FROM ContentVersion")
	r, err = http.NewRequest("GET", c.url+made["VersionData"].(string), nil)
	fine(t, err)
	r.Header.Set("Authorization", "Bearer "+c.token)
	resp, err = http.DefaultClient.Do(r)
	fine(t, err)
	defer resp.Body.Close()
	bytes, err := io.Copy(io.Discard, resp.Body)
	fine(t, err)
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > most {
		t.Errorf("%d MB were taken", taken>>20)
	}
	if bytes != long || number(made["ContentSize"]) != number(long) {
		t.Errorf("%d bytes, the record says %v", bytes, made["ContentSize"])
	}
}

// zeros never ends.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
