package dynamo_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"catchment/internal/control/controltest"
	"catchment/internal/control/dynamo"
	"catchment/internal/control/versioned"
	"catchment/internal/fakeaws/ministack"
	"catchment/internal/plan"
)

// cloud is the AWS of this package's tests.
var cloud ministack.Server

func TestMain(m *testing.M) { ministack.Main(m, &cloud) }

// between may answer in the place of DynamoDB; it tells whether it did.
type between func(w http.ResponseWriter, r *http.Request, next http.Handler) bool

// client makes an empty table and gives its name.
func client(t *testing.T, meddle between) (*dynamodb.Client, string) {
	t.Helper()
	config := cloud.Config(t)
	name := "control-" + strings.ToLower(rand.Text())
	makeTable(t, dynamodb.NewFromConfig(config), name)
	if meddle != nil {
		to, err := url.Parse(*config.BaseEndpoint)
		if err != nil {
			t.Fatal(err)
		}
		proxy := httputil.NewSingleHostReverseProxy(to)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !meddle(w, r, proxy) {
				proxy.ServeHTTP(w, r)
			}
		}))
		t.Cleanup(s.Close)
		config.BaseEndpoint = &s.URL
	}
	return dynamodb.NewFromConfig(config), name
}

// makeTable makes the table that the template of catchment aws render has.
func makeTable(t *testing.T, c *dynamodb.Client, name string) {
	t.Helper()
	_, err := c.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("kind"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("kind"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("id"), KeyType: types.KeyTypeRange},
		},
	})
	// The SDK repeats a call whose answer was lost, and nobody else makes a table
	// of this name.
	if _, made := errors.AsType[*types.ResourceInUseException](err); err != nil && !made {
		t.Fatal(err)
	}
}

// open makes an empty table and opens it.
func open(t *testing.T, meddle between) *dynamo.Table {
	t.Helper()
	table, err := dynamo.New(client(t, meddle))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestContract(t *testing.T) {
	controltest.Run(t, func(t *testing.T) func() (versioned.Table, error) {
		c, name := client(t, nil)
		return func() (versioned.Table, error) { return dynamo.New(c, name) }
	})
}

func isPut(r *http.Request) bool {
	return strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutItem")
}

// The SDK repeats a write whose answer was lost, and the second one meets the
// first: that is no conflict.
func TestAnswerToPutLost(t *testing.T) {
	var lost atomic.Int64
	table := open(t, func(_ http.ResponseWriter, r *http.Request, next http.Handler) bool {
		if !isPut(r) || lost.Load() > 0 {
			return false
		}
		next.ServeHTTP(httptest.NewRecorder(), r)
		lost.Add(1)
		panic(http.ErrAbortHandler)
	})
	k := versioned.Key{Kind: "k", ID: "a"}
	r, err := table.Put(t.Context(), versioned.Row{Key: k, Data: []byte("mine")})
	if err != nil || r.Version != 1 || lost.Load() != 1 {
		t.Fatalf("%+v, %v after %d lost answers", r, err, lost.Load())
	}
	if _, err := table.Put(t.Context(), versioned.Row{Key: k, Data: []byte("mine")}); !errors.Is(err,
		versioned.ErrConflict) {
		t.Errorf("the same from another: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		code, message string
		class         plan.Class
		hint          string
	}{
		{"ProvisionedThroughputExceededException", "slow down", plan.Retry, "fewer calls"},
		{"ThrottlingException", "slow down", plan.Retry, "fewer calls"},
		{"AccessDeniedException", "User: arn:x is not authorized to perform: dynamodb:PutItem", plan.Fix,
			"allow the role dynamodb:PutItem on table control-"},
		{"ResourceNotFoundException", "Requested resource not found", plan.Fix, "make table control-"},
		{"UnrecognizedClientException", "The security token is invalid", plan.Fix, "log in to AWS anew"},
		{"ValidationException", "One or more parameter values were invalid", plan.Bug, ""},
	} {
		table := open(t, func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			if !isPut(r) {
				return false
			}
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte(`{"__type":"com.amazonaws.dynamodb.v20120810#` + c.code + `","message":"` +
				c.message + `"}`))
			return true
		})
		_, err := table.Put(t.Context(), versioned.Row{Key: versioned.Key{Kind: "k", ID: "a"}, Data: []byte("a value")})
		if plan.ClassOf(err) != c.class || !strings.Contains(plan.HintOf(err), c.hint) ||
			!strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: %v, class %s, hint %q", c.code, err, plan.ClassOf(err), plan.HintOf(err))
		}
		if strings.Contains(err.Error(), "a value") {
			t.Errorf("%s: the error holds the row: %v", c.code, err)
		}
	}
}

func TestForeignTable(t *testing.T) {
	c, name := client(t, nil)
	_, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: map[string]types.AttributeValue{
		"kind": &types.AttributeValueMemberS{Value: "k"}, "id": &types.AttributeValueMemberS{Value: "=a"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	table, err := dynamo.New(c, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.Get(t.Context(), versioned.Key{Kind: "k", ID: "a"}); plan.ClassOf(err) != plan.Fix {
		t.Errorf("%v of class %s", err, plan.ClassOf(err))
	}
}

// People write rows in the console: as text, and without a version. What isn't a row is told by
// its key, and the listing goes on.
func TestRowsByHand(t *testing.T) {
	c, name := client(t, nil)
	put := func(id string, data types.AttributeValue) {
		item := map[string]types.AttributeValue{
			"kind": &types.AttributeValueMemberS{Value: "k"}, "id": &types.AttributeValueMemberS{Value: id},
		}
		if data != nil {
			item["data"] = data
		}
		if _, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: item}); err != nil {
			t.Fatal(err)
		}
	}
	put("=a", &types.AttributeValueMemberS{Value: "{}"})
	put("=b", nil)
	put("=c", &types.AttributeValueMemberN{Value: "1"})
	put("d", &types.AttributeValueMemberS{Value: "{}"})
	table, err := dynamo.New(c, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.Put(t.Context(), versioned.Row{Key: versioned.Key{Kind: "k", ID: "e"}}); err != nil {
		t.Fatal(err)
	}
	var right, wrong []string
	for r, err := range table.List(t.Context(), "k", "") {
		if other, ok := errors.AsType[*versioned.Unreadable](err); ok {
			if wrong = append(wrong, other.Key.ID); plan.ClassOf(err) != plan.Fix {
				t.Errorf("%s: %v of class %s", other.Key.ID, err, plan.ClassOf(err))
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		right = append(right, r.Key.ID+"="+string(r.Data))
	}
	if got := strings.Join(right, " "); got != "a={} e=" {
		t.Errorf("rows: %s", got)
	}
	if got := strings.Join(wrong, " "); got != "b c d" && got != "d b c" {
		t.Errorf("what is none: %s", got)
	}
	row, err := table.Get(t.Context(), versioned.Key{Kind: "k", ID: "a"})
	if err != nil || row.Version != 0 {
		t.Fatalf("%+v, %v", row, err)
	}
	row.Data = []byte("1")
	if row, err = table.Put(t.Context(), row); err != nil || row.Version != 1 {
		t.Errorf("written over: %+v, %v", row, err)
	}
	if err := table.Delete(t.Context(), row); err != nil {
		t.Error(err)
	}
}
