package replicate_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/rig"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
	"catchment/internal/salesforce/pubsub"
	"catchment/internal/salesforce/pubsub/change"
	"catchment/internal/schema"
)

// What change events say of a record, one after the other, is what REST and Bulk say of it in the end: for every
// type of field, and for the parts of names and addresses. What an event can't carry, digits beyond 15 and what is
// different in a long text, is told as to be read, and is never a value.
func TestEventsSayWhatPagesSay(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))
	org := rig.NewOrg(t, map[string]int{"User": 1, "Account": 30, "Contact": 30},
		func(o *fakeorg.Options) { o.PubSub = true })
	if err := org.AddObject("Kinds__c", "a9K", kinds()...); err != nil {
		t.Fatal(err)
	}
	r := rig.New(t, org, "Kinds__c", "Account", "Contact")
	r.Must(org.PubSub().Bus.Select("Kinds__c", "Account", "Contact"))
	var changed []string
	for range 120 {
		id, err := org.Create("Kinds__c", kindValues(chance, len(kinds())))
		r.Must(err)
		changed = append(changed, id)
	}
	for range 400 {
		r.Later(time.Second)
		r.Must(org.Update(oneOf(chance, changed), kindValues(chance, 3)))
	}
	for _, id := range changed[:10] { // a line of a long text changes
		lines := strings.SplitAfter(strings.Repeat(someText(chance, 90)+"line\n", 60), "\n")
		r.Must(org.Update(id, map[string]any{"Long__c": strings.Join(lines, "")}))
		lines[30] = "another\n"
		r.Later(time.Second)
		r.Must(org.Update(id, map[string]any{"Long__c": strings.Join(lines, "")}))
	}
	for range 100 {
		r.Later(time.Second)
		r.Must(org.Update(oneOf(chance, r.IDs("Account")), map[string]any{
			oneOf(chance, []string{"BillingStreet", "BillingCity", "Name", "Description"}): someText(chance, 40),
		}))
		r.Must(org.Update(oneOf(chance, r.IDs("Contact")), map[string]any{
			oneOf(chance, []string{"FirstName", "MailingCity", "MailingPostalCode"}): someText(chance, 20),
		}))
	}
	r.Later(time.Hour)

	var pages []map[string]string
	for _, m := range []flow.Mover{flow.Bulk, flow.REST} {
		copied := rig.New(t, org, "Kinds__c", "Account", "Contact")
		for i := range copied.Flows {
			copied.Flows[i].Mover = m
		}
		copied.Done(func(p *rig.Process) { p.Options.Keep = time.Hour })
		pages = append(pages, cells(copied))
	}
	if !maps.Equal(pages[0], pages[1]) {
		t.Error("the pages of Bulk and REST differ")
	}
	reasons := map[change.Why]int{}
	for _, object := range []string{"Kinds__c", "Account", "Contact"} {
		for why, n := range agreed(r, object, pages[0]) {
			reasons[why] += n
		}
	}
	t.Logf("values %d, to be read: %v", reasons[""], reasons)
	for _, why := range []change.Why{"", change.Digits, change.Diff, change.Compound} {
		if reasons[why] == 0 {
			t.Errorf("none was told as %q", why)
		}
	}
	for _, why := range []change.Why{change.Unknown, change.Mismatch, change.Unclear} {
		if reasons[why] != 0 {
			t.Errorf("%d were told as %q", reasons[why], why)
		}
	}
}

// kinds are fields of every type that events have.
func kinds() []fakeorg.Field {
	return []fakeorg.Field{
		{Name: "Text__c", Type: "string", Length: 255}, {Name: "Area__c", Type: "textarea", Length: 255},
		{Name: "Long__c", Type: "textarea", Length: 131_072}, {Name: "Phone__c", Type: "phone"},
		{Name: "Mail__c", Type: "email"}, {Name: "Site__c", Type: "url"},
		{Name: "Is__c", Type: "boolean"}, {Name: "Whole__c", Type: "int", Precision: 9},
		{Name: "Money__c", Type: "currency", Precision: 18, Scale: 2},
		{Name: "Number__c", Type: "double", Precision: 18},
		{Name: "Percent__c", Type: "percent", Precision: 18, Scale: 2},
		{Name: "Date__c", Type: "date"}, {Name: "Moment__c", Type: "datetime"}, {Name: "Time__c", Type: "time"},
	}
}

// kindValues draws values of n of the fields of kinds.
func kindValues(chance *rand.Rand, n int) map[string]any {
	values := map[string]any{}
	for _, at := range chance.Perm(len(kinds()))[:n] {
		f := kinds()[at]
		values[f.Name] = kindValue(chance, f)
	}
	return values
}

func kindValue(chance *rand.Rand, f fakeorg.Field) any {
	if f.Type == "boolean" {
		return chance.IntN(2) == 0
	}
	if chance.IntN(5) == 0 {
		return nil
	}
	moment := time.UnixMilli(chance.Int64N(4e12) - 1e12).UTC()
	switch f.Type {
	case "int":
		return chance.IntN(2_000_000_000) - 1_000_000_000
	case "currency", "percent", "double":
		return numberText(chance, f.Scale)
	case "date":
		return moment.Format(time.DateOnly)
	case "datetime":
		return moment.Format("2006-01-02T15:04:05.000Z")
	case "time":
		return moment.Format("15:04:05.000Z")
	case "email":
		return fmt.Sprintf("m%d@example.com", chance.IntN(1000))
	}
	if f.Length > 255 && chance.IntN(2) == 0 {
		return strings.Repeat(someText(chance, 90)+"line\n", 1+chance.IntN(60))
	}
	return someText(chance, 30)
}

// numberText is a number of up to 18 digits, as Salesforce's API writes it.
func numberText(chance *rand.Rand, scale int) string {
	whole := strconv.FormatInt(chance.Int64N(10)-5, 10)
	for range chance.IntN(18 - scale) {
		whole += strconv.Itoa(chance.IntN(10))
	}
	n, _ := strconv.ParseInt(whole, 10, 64) // without zeros in front
	if scale == 0 {
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf("%d.%02d", n, chance.IntN(100))
}

// someText draws a text that isn't empty.
func someText(chance *rand.Rand, most int) string {
	letters := []rune("abcdefghij \"',;\\éß漢🎈")
	var b strings.Builder
	b.WriteString("x")
	for range chance.IntN(most - 1) {
		b.WriteRune(letters[chance.IntN(len(letters))])
	}
	b.WriteString("y")
	return b.String()
}

func oneOf(chance *rand.Rand, all []string) string { return all[chance.IntN(len(all))] }

// follows gives a client of the org's Pub/Sub API.
func follows(r *rig.Rig, c *salesforce.Client) *pubsub.Client {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	r.Must(err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Org.PubSub().Serve(ctx, listener) }()
	client, err := pubsub.New(pubsub.Config{Endpoint: listener.Addr().String(), Plaintext: true,
		Session: func(ctx context.Context, ended string) (login.Session, error) {
			return salesforce.Session(ctx, c, ended)
		}})
	r.Must(err)
	r.T.Cleanup(func() {
		r.Must(client.Close())
		stop()
		r.Must(<-ended)
	})
	return client
}

// agreed folds the events of an object, and compares what they come to with its pages. It counts the values that were
// compared, as "", and by reason those that are to be read.
func agreed(r *rig.Rig, object string, pages map[string]string) map[change.Why]int {
	p := r.Start(nil)
	defer p.Close()
	described, err := p.Client.Describe(p.Ctx, object)
	r.Must(err)
	known := map[string]change.Field{}
	of, index := change.Of(described), described.Index()
	s, err := follows(r, p.Client).Subscribe(change.Topic(object), pubsub.Earliest())
	r.Must(err)
	defer s.Close()
	want := 0
	for _, told := range r.Org.PubSub().Bus.Told(0, 1<<20) {
		if told.Header.EntityName == object {
			want++
		}
	}
	for want > 0 {
		news, err := s.Next(p.Ctx)
		r.Must(err)
		if news.Kind != pubsub.Changed {
			continue
		}
		want--
		d, err := news.Event.Decode(of)
		r.Must(err)
		for _, id := range d.IDs {
			for _, f := range d.Fields {
				known[id+"."+f.Name] = f
			}
		}
	}
	if len(known) == 0 {
		r.T.Fatalf("no event of %s said anything", object)
	}
	if object == "Kinds__c" { // of which every event is there
		isWhole(r, known, pages)
	}
	reasons := map[change.Why]int{}
	for _, at := range slices.Sorted(maps.Keys(known)) {
		f := known[at]
		page, copied := pages[at]
		if !copied && f.Why != change.Compound {
			r.T.Errorf("no page has %s", at)
		}
		if f.State == change.Read {
			reasons[f.Why]++
			continue
		}
		field, _ := index.Field(f.Name)
		if typ := typeName(field.Type); rig.Plain(typ, f.Value) != rig.Plain(typ, page) {
			r.T.Errorf("%s is %.40q by its events, %.40q by its page", at, f.Value, page)
		}
		reasons[""]++
	}
	return reasons
}

// isWhole tells whether all that pages say of records was said by their events, but for what events don't have.
func isWhole(r *rig.Rig, known map[string]change.Field, pages map[string]string) {
	spoken := map[string]bool{}
	for at := range known {
		id, _, _ := strings.Cut(at, ".")
		spoken[id] = true
	}
	none := []string{"Id", "IsDeleted", "SystemModstamp"}
	for at, value := range pages {
		id, name, _ := strings.Cut(at, ".")
		if _, said := known[at]; spoken[id] && value != "" && !said && !slices.Contains(none, name) {
			r.T.Errorf("no event said %s", at)
		}
	}
}

func typeName(t schema.Type) string { return strings.ToLower(string(t)) }
