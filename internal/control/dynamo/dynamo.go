// Package dynamo keeps the control table in one DynamoDB table, for catchments
// that run on several machines or in Lambda.
//
// Its key is kind (partition) and id (sort); version is what conditional writes
// look at, data is the row's JSON, and expires is the attribute that DynamoDB's
// time to live is set to. Reads are consistent. The table itself is made by the
// template of catchment aws render. Start at New.
package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"catchment/internal/awserr"
	"catchment/internal/control/versioned"
	"catchment/internal/plan"
)

// A Table is a versioned.Table in DynamoDB.
type Table struct {
	client *dynamodb.Client
	name   string
}

var _ versioned.Table = (*Table)(nil)

// New uses the table of this name.
func New(client *dynamodb.Client, name string) (*Table, error) {
	if name == "" {
		return nil, plan.Fixf("write dynamodb:TABLE", "control.url names no DynamoDB table")
	}
	return &Table{client: client, name: name}, nil
}

// Close has nothing to free.
func (t *Table) Close() error { return nil }

// idPrefix stands before each id: DynamoDB takes no empty key. All ids have it,
// so their order stays that of their bytes.
const idPrefix = "="

func (t *Table) key(k versioned.Key) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"kind": text(k.Kind), "id": text(idPrefix + k.ID)}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// Get implements versioned.Table.
func (t *Table) Get(ctx context.Context, k versioned.Key) (versioned.Row, error) {
	item, err := t.get(ctx, k)
	if err != nil {
		return versioned.Row{}, err
	}
	return row(item)
}

func (t *Table) get(ctx context.Context, k versioned.Key) (map[string]types.AttributeValue, error) {
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.name, Key: t.key(k),
		ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, t.failed("dynamodb:GetItem", err)
	}
	if len(out.Item) == 0 {
		return nil, versioned.ErrNotFound
	}
	return out.Item, nil
}

// Put implements versioned.Table. Each write carries a word of its own: where the
// SDK repeats a write whose answer was lost, the second one meets the first,
// and the word tells that it is no conflict.
func (t *Table) Put(ctx context.Context, r versioned.Row) (versioned.Row, error) {
	word := rand.Text()
	item := t.key(r.Key)
	item["version"], item["data"], item["written_by"] = number(r.Version+
		1), &types.AttributeValueMemberB{Value: r.Data}, text(word)
	if r.Data == nil {
		item["data"] = &types.AttributeValueMemberB{Value: []byte{}}
	}
	if !r.Expires.IsZero() {
		item["expires"] = number(r.Expires.Unix())
	}
	in := &dynamodb.PutItemInput{TableName: &t.name, Item: item}
	in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues = whereVersion(r.Version)
	_, err := t.client.PutItem(ctx, in)
	if refused(err) {
		stored, gerr := t.get(ctx, r.Key)
		switch {
		case errors.Is(gerr, versioned.ErrNotFound):
			return versioned.Row{}, versioned.ErrConflict
		case gerr != nil:
			return versioned.Row{}, gerr
		case textOf(stored["written_by"]) != word:
			return versioned.Row{}, versioned.ErrConflict
		}
	} else if err != nil {
		return versioned.Row{}, t.failed("dynamodb:PutItem", err)
	}
	r.Version++
	if !r.Expires.IsZero() {
		r.Expires = time.Unix(r.Expires.Unix(), 0).UTC()
	}
	return r, nil
}

// whereVersion is the condition of a write.
func whereVersion(version int64) (condition *string, names map[string]string, values map[string]types.AttributeValue) {
	names = map[string]string{"#v": "version"}
	if version == 0 {
		return aws.String("attribute_not_exists(#v)"), names, nil
	}
	return aws.String("#v = :v"), names, map[string]types.AttributeValue{":v": number(version)}
}

func refused(err error) bool {
	_, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	return ok
}

// Delete implements versioned.Table.
func (t *Table) Delete(ctx context.Context, r versioned.Row) error {
	in := &dynamodb.DeleteItemInput{TableName: &t.name, Key: t.key(r.Key)}
	in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues = whereVersion(r.Version)
	_, err := t.client.DeleteItem(ctx, in)
	if refused(err) {
		if _, err := t.get(ctx, r.Key); !errors.Is(err, versioned.ErrNotFound) {
			return errors.Join(err, versioned.ErrConflict)
		}
		return nil
	}
	if err != nil {
		return t.failed("dynamodb:DeleteItem", err)
	}
	return nil
}

// List implements versioned.Table, a megabyte at a time.
func (t *Table) List(ctx context.Context, kind, prefix string) iter.Seq2[versioned.Row, error] {
	return func(yield func(versioned.Row, error) bool) {
		in := &dynamodb.QueryInput{
			TableName: &t.name, ConsistentRead: aws.Bool(true),
			KeyConditionExpression:    aws.String("#k = :k"),
			ExpressionAttributeNames:  map[string]string{"#k": "kind"},
			ExpressionAttributeValues: map[string]types.AttributeValue{":k": text(kind)},
		}
		if prefix != "" { // without one, an id that lacks idPrefix is found, and told
			in.KeyConditionExpression = aws.String("#k = :k AND begins_with(#i, :p)")
			in.ExpressionAttributeNames["#i"], in.ExpressionAttributeValues[":p"] = "id", text(idPrefix+prefix)
		}
		pages := dynamodb.NewQueryPaginator(t.client, in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(versioned.Row{}, t.failed("dynamodb:Query", err))
				return
			}
			for _, item := range page.Items {
				r, err := row(item)
				if err != nil {
					err = &versioned.Unreadable{Key: r.Key, Err: err}
				}
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

// row reads an item. People write some by hand: their data is a text, and they may know of no
// version, which is 0 then, as whereVersion has it.
func row(item map[string]types.AttributeValue) (versioned.Row, error) {
	id := textOf(item["id"])
	r := versioned.Row{Key: versioned.Key{Kind: textOf(item["kind"]), ID: strings.TrimPrefix(id, idPrefix)}}
	if !strings.HasPrefix(id, idPrefix) {
		return r, plan.Fixf(fmt.Sprintf("an id begins with %q, as in %q", idPrefix, idPrefix+id),
			"item %s %s of the DynamoDB table is not one of catchment's", r.Key.Kind, id)
	}
	var err error
	if v, ok := item["version"]; ok {
		r.Version, err = numberOf(v)
	}
	data, ok := dataOf(item["data"])
	if err != nil || !ok {
		return r, plan.Fixf("an item has the key kind and id, a number version, and JSON as data; "+
			"take this one out, or use a table of its own for control.url",
			"item %s %s of the DynamoDB table is not one of catchment's", r.Key.Kind, id)
	}
	r.Data = data
	if e, ok := item["expires"]; ok {
		seconds, err := numberOf(e)
		if err != nil {
			return r, fmt.Errorf("item %s %s: expires: %w", r.Key.Kind, id, err)
		}
		r.Expires = time.Unix(seconds, 0).UTC()
	}
	return r, nil
}

// dataOf is what an item says.
func dataOf(v types.AttributeValue) ([]byte, bool) {
	switch v := v.(type) {
	case *types.AttributeValueMemberB:
		return v.Value, true
	case *types.AttributeValueMemberS:
		return []byte(v.Value), true
	}
	return nil, false
}

func textOf(v types.AttributeValue) string {
	s, _ := v.(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}

func numberOf(v types.AttributeValue) (int64, error) {
	n, ok := v.(*types.AttributeValueMemberN)
	if !ok {
		return 0, errors.New("not a number")
	}
	return strconv.ParseInt(n.Value, 10, 64)
}

func (t *Table) failed(action string, err error) error {
	return awserr.Classed(action, "table "+t.name, err)
}
