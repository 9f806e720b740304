package account_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"catchment/cmd/internal/account"
	"catchment/internal/plan"
)

// A bucket that can't be used is told before anything is uploaded: of somebody
// else who guessed the name, or in another Region. The stand-in for AWS takes
// every caller for the owner of every bucket, so this is S3 as its API reference
// has it.
func TestBucketsOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		bucket     string
		answer     func(w http.ResponseWriter, r *http.Request)
		says, hint string
	}{
		"of another account": {
			answer: func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("X-Amz-Expected-Bucket-Owner") == "111122223333" {
					w.WriteHeader(http.StatusForbidden)
				}
			},
			says: "bucket catchment-code-111122223333-eu-west-1 is not this account's", hint: "--bucket NAME",
		},
		"in another Region": {
			bucket: "named",
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Amz-Bucket-Region", "eu-north-1")
				w.WriteHeader(http.StatusMovedPermanently)
			},
			says: "bucket named is in another Region", hint: "name one of eu-west-1",
		},
		"in another Region, that answers": {
			bucket: "named",
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Amz-Bucket-Region", "eu-north-1")
			},
			says: "bucket named is in another Region", hint: "name one of eu-west-1",
		},
		"in another Region, not to be looked at": {
			bucket: "named",
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Amz-Bucket-Region", "eu-north-1")
				w.WriteHeader(http.StatusForbidden)
			},
			says: "bucket named is in another Region", hint: "name one of eu-west-1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodHead {
					c.answer(w, r)
					return
				}
				if r.Method != http.MethodPost {
					t.Errorf("%s %s", r.Method, r.URL)
				}
				fmt.Fprint(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account>"+
					"</GetCallerIdentityResult></GetCallerIdentityResponse>")
			}))
			defer server.Close()
			_, err := accountAt(server).Bucket(t.Context(), c.bucket)
			if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), c.says) ||
				!strings.Contains(plan.HintOf(err), c.hint) {
				t.Errorf("%v, hint %q", err, plan.HintOf(err))
			}
		})
	}
}

// Who may write into a named bucket, and not list it, deploys all the same.
func TestUnlistedBucket(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amz-Bucket-Region", "eu-west-1")
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	if b, err := accountAt(server).Bucket(t.Context(), "named"); err != nil || b.Name != "named" {
		t.Errorf("%+v, %v", b, err)
	}
}

// accountAt is an account in eu-west-1 whose AWS is a server of a test.
func accountAt(server *httptest.Server) *account.Account {
	config := aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	return account.New(config, awss3.NewFromConfig(config, func(o *awss3.Options) { o.UsePathStyle = true }))
}
