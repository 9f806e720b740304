// Command catchment-lambda answers the steps of a Step Functions machine: it is
// every function of the template that catchment aws render writes. Built with
// CGO_ENABLED=0 and -tags lambda.norpc, as bootstrap.
package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"catchment/cmd/internal/cloud"
	"catchment/internal/dns"
	"catchment/internal/project"
	"catchment/internal/replicate"
	"catchment/internal/stepfunctions"
)

// version is set by the linker.
var version = "unknown"

func main() {
	fmt.Fprintln(os.Stderr, "catchment", version) // the log tells which code ran
	names := &dns.Patience{For: time.Minute}
	client := &http.Client{Transport: transport(names)}
	account := cloud.New()
	account.Names = names
	w := &worker{
		account: account,
		world: project.World{
			Version: version, Getenv: os.Getenv, ReadFile: os.ReadFile, Now: time.Now, Random: rand.Reader,
			HTTP: client, Secrets: account.Secrets(), Drivers: account.Drivers(),
		},
	}
	h := stepfunctions.Handler{Open: w.open, Publish: replicate.Publish, Metrics: os.Stdout, Now: time.Now}
	lambda.Start(h.Call)
}

func transport(names *dns.Patience) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = names.Dial(t.DialContext)
	t.MaxResponseHeaderBytes = 1 << 20 // as wire.Bounds has it; net/http would hold ten times as much
	return t
}
