// Package listening has the command that shows change events as they come.
package listening

import (
	"context"
	"errors"
	"net"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"catchment/internal/plan"
	"catchment/internal/project"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
	"catchment/internal/salesforce/pubsub"
	"catchment/internal/salesforce/pubsub/change"
	"catchment/internal/status"
	"catchment/internal/waiting"
)

// A Desk is the project that one call of the command works on, and what every command of the program does.
type Desk struct {
	*project.Project
	status.Printer
	// Ends is a context that the first signal ends: nothing is left half done.
	Ends func(context.Context) (context.Context, context.CancelFunc)
}

// At opens a project for as long as do takes.
type At func(do func(d *Desk) error) error

// flags are the switches of events.
type flags struct {
	from   string
	values bool
}

// earliest is the word for the oldest event that there is.
const earliest = "earliest"

// start is where to begin: from now on where nothing is said.
func (f flags) start() (pubsub.Start, error) {
	switch f.from {
	case "":
		return pubsub.Tip(), nil
	case earliest:
		return pubsub.Earliest(), nil
	}
	p, err := pubsub.ParsePosition(f.from)
	return pubsub.After(p), err
}

// Command is catchment events.
func Command(at At) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "events OBJECT",
		Short: "Show an object's change events as they come",
		Long: `Follow the change events of an object (Salesforce's Change Data Capture), and print one line
of JSON for each: what befell which records, which fields have a value now, which are
empty, and which only the record itself tells. Nothing is copied, and no value is shown
without --values.

It begins now, or behind a position, which each line has, for 72 hours; with --from
earliest at the oldest event that Salesforce still has. A line that is lost is made good
for by no later one: where a position is too old, the command says so and ends. Ctrl-C
ends it, and says where to go on.

Each event that is delivered counts against the org's allocation of a day. The object
has to be selected in Salesforce: Setup > Change Data Capture.`,
		Example: `  catchment events Account
  catchment events Account --values --from earliest | jq -c 'select(.change == "delete")'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			start, err := f.start()
			if err != nil {
				return err
			}
			return at(func(d *Desk) error {
				ctx, cancel := d.Ends(cmd.Context())
				defer cancel()
				if err := d.OpenOrg(ctx); err != nil {
					return err
				}
				return d.listen(ctx, args[0], start, f.values)
			})
		},
	}
	cmd.Flags().StringVar(&f.from, "from", "", "begin behind this `position`, which is in each line; or earliest")
	cmd.Flags().BoolVar(&f.values, "values", false, "show the values of fields, too")
	return cmd
}

// listen shows the events of an object until somebody wants an end.
func (d *Desk) listen(ctx context.Context, object string, from pubsub.Start, values bool) (err error) {
	described, err := d.Org.Describe(ctx, object)
	if err != nil {
		return err
	}
	client, err := Client(d.Project)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	l := &listener{Desk: d, values: values, object: described.Name, known: change.Of(described), described: d.Now()}
	d.Say("following %s", change.Topic(described.Name))
	err = l.follow(ctx, client, from)
	if l.after != "" {
		d.Say("to go on from here: catchment events %s --from %s", described.Name, l.after)
	}
	return err
}

// Client speaks to the Pub/Sub API as the user of the configuration. The org is open.
func Client(p *project.Project) (*pubsub.Client, error) {
	c := pubsub.Config{UserAgent: "catchment/" + p.Version,
		Session: func(ctx context.Context, ended string) (login.Session, error) {
			return salesforce.Session(ctx, p.Org, ended)
		}}
	if p.File.Org.PubSub != "" {
		at, err := url.Parse(p.File.Org.PubSub)
		if err != nil {
			return nil, plan.Failf(plan.Bug, "", "org.pubsub: %w", err)
		}
		port := at.Port()
		if port == "" {
			port = pubsub.DefaultPort
		}
		c.Endpoint, c.Plaintext = net.JoinHostPort(at.Hostname(), port), at.Scheme == "http"
	}
	return pubsub.New(c)
}

// A listener shows what a subscription says.
type listener struct {
	*Desk
	values    bool
	object    string
	known     *change.Object
	described time.Time
	after     pubsub.Position
}

// follow shows what comes. Who wants to know what happens from now on, and whose stream breaks off before it has said
// where it is, begins at now again, and is told so.
func (l *listener) follow(ctx context.Context, client *pubsub.Client, from pubsub.Start) error {
	for tries := 1; ; tries++ {
		err := l.subscription(ctx, client, from)
		lost, is := errors.AsType[*pubsub.Lost](err)
		if !is || lost.Position != "" || plan.ClassOf(lost.Err) != plan.Retry || tries == 10 {
			return err
		}
		l.Say("%v; it begins anew: what happened since isn't shown", err)
		if err := waiting.For(ctx, time.Duration(tries)*time.Second); err != nil {
			return err
		}
	}
}

// subscription shows what one says until it ends.
func (l *listener) subscription(ctx context.Context, client *pubsub.Client, from pubsub.Start) error {
	s, err := client.Subscribe(change.Topic(l.object), from)
	if err != nil {
		return err
	}
	defer s.Close()
	for {
		news, err := s.Next(ctx)
		if err != nil {
			return err
		}
		switch news.Kind {
		case pubsub.Away:
			l.Say("%v; trying again in %s", news.Err, news.Again.Round(time.Second/10))
		case pubsub.Changed, pubsub.Repeated:
			if err := l.show(ctx, news); err != nil {
				return err
			}
		}
		l.after = news.After
	}
}

// describedAtMost is how often describe is asked for fields that it didn't know.
const describedAtMost = time.Minute

// show prints an event. What describe doesn't know may be newer than it: then it is asked again.
func (l *listener) show(ctx context.Context, news pubsub.News) error {
	d, err := news.Event.Decode(l.known)
	if err == nil && d.HasUnknown() && l.Now().Sub(l.described) >= describedAtMost {
		described, failed := l.Org.Describe(ctx, l.object)
		if failed != nil {
			return failed
		}
		l.known, l.described = change.Of(described), l.Now()
		d, err = news.Event.Decode(l.known)
	}
	return l.PrintLines(report{news: news, delta: d, err: err, values: l.values})
}
