package ministack

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// TableBucket makes a bucket of Amazon S3 Tables, and gives its ARN. Its REST catalog is at the server's address, under
// /iceberg. There is no client of S3 Tables in this module.
func (s *Server) TableBucket(t testing.TB) string {
	t.Helper()
	config := s.Config(t)
	name := "lake-" + strings.ToLower(rand.Text())
	body := []byte(`{"name": "` + name + `"}`)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, *config.BaseEndpoint+"/buckets",
		bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	credentials, err := config.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(t.Context(), credentials, request, hex.EncodeToString(sum[:]), "s3tables",
		config.Region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if cerr := resp.Body.Close(); cerr != nil || err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %s, %v", resp.StatusCode, text, err)
	}
	return "arn:aws:s3tables:" + config.Region + ":" + Account + ":bucket/" + name
}
