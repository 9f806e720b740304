package ministack

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// Unlisted is an address of S3 for whoever may not list the bucket: what isn't
// there is denied, as S3 denies it (Amazon S3 API reference, GetObject and
// HeadObject). The server itself tells everybody what isn't there.
func (s *Server) Unlisted(t testing.TB) (address string) {
	t.Helper()
	to, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(at)
	proxy.ModifyResponse = unlisted
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	return front.URL
}

// unlisted turns the answer about a missing object into a denial, which has no
// body where HEAD asked.
func unlisted(resp *http.Response) error {
	method, bucket := resp.Request.Method, resp.Request.URL.Path
	if resp.StatusCode != http.StatusNotFound || method != http.MethodGet && method != http.MethodHead {
		return nil
	}
	bucket, _, object := strings.Cut(strings.Trim(bucket, "/"), "/")
	if !object {
		return nil
	}
	text := ""
	if method == http.MethodGet {
		text = "<Error><Code>AccessDenied</Code><Message>User: arn:aws:sts::000000000000:assumed-role/role/test " +
			`is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::` + bucket +
			`" because no identity-based policy allows the s3:ListBucket action</Message></Error>`
	}
	resp.StatusCode, resp.Status = http.StatusForbidden, "403 Forbidden"
	resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	resp.Header = http.Header{"Content-Type": {"application/xml"}}
	return nil
}
