package ministack

import (
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

// TableBucket makes a bucket of Amazon S3 Tables, and gives its ARN. There is no client of it in this module.
func (s *Server) TableBucket(t testing.TB) string {
	t.Helper()
	config := s.Config(t)
	name := "lake-" + strings.ToLower(rand.Text())
	body := `{"name": "` + name + `"}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, *config.BaseEndpoint+"/buckets",
		strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	credentials, err := config.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(body))
	err = v4.NewSigner().SignHTTP(t.Context(), credentials, request, hex.EncodeToString(sum[:]), "s3tables",
		config.Region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if cerr := answer.Body.Close(); cerr != nil || err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%d %s, %v", answer.StatusCode, text, err)
	}
	return "arn:aws:s3tables:" + config.Region + ":" + Account + ":bucket/" + name
}
