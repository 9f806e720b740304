package cli

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/printable"
	"catchment/internal/warehouse/query"
)

// queryFlags are the switches of query.
type queryFlags struct {
	limit int
	csv   bool
}

// shownRows is how many rows a person gets who doesn't say.
const shownRows = 100

func queryCommand(s *session) *cobra.Command {
	var flags queryFlags
	cmd := &cobra.Command{
		Use:   "query SQL",
		Short: "Ask the warehouse with one statement that only reads",
		Long: `Do one SELECT in the configured warehouse and print what it gives, as a table, as
CSV or as JSON. Tables of warehouse.schema need no schema before their name.

Nothing can be changed: ` + plural.List(s.Drivers.Queried(), "and") + ` themselves see to that, whatever the
statement says. It takes no lease and asks no org, and needs the right to read alone:
a file that can be read, a role that may SELECT.

Live rows are those WHERE _catchment_deleted_at IS NULL.`,
		Example: `  catchment query "SELECT count(*) FROM account WHERE _catchment_deleted_at IS NULL"
  catchment query --csv "SELECT id, name FROM contact" > contacts.csv
  catchment query --json - < report.sql`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.csv && s.JSON {
				return usageError{plan.Fixf("see: catchment query --help", "--csv and --json are two forms: take one")}
			}
			if !cmd.Flags().Changed("limit") && (flags.csv || s.JSON) {
				flags.limit = 0
			}
			if flags.limit < 0 {
				return usageError{plan.Fixf("0 is all", "--limit is %d", flags.limit)}
			}
			statement, err := readStatement(s.Stdin, args[0])
			if err != nil {
				return err
			}
			return s.inProject(func(p *work) error { return ask(cmd.Context(), p, statement, flags) })
		},
	}
	cmd.Flags().IntVar(&flags.limit, "limit", shownRows,
		"at most so many `rows`; 0 is all, as it is with --csv and --json where nothing is said")
	cmd.Flags().BoolVar(&flags.csv, "csv", false,
		"comma-separated values on stdout: in a file or a pipe exactly as they are")
	return cmd
}

// longestStatement bounds what is read from stdin.
const longestStatement = 1 << 20

// readStatement is the one that was written, or what stdin brings where that is a dash.
func readStatement(stdin io.Reader, written string) (string, error) {
	if written != "-" || stdin == nil {
		return written, nil
	}
	text, err := io.ReadAll(io.LimitReader(stdin, longestStatement+1))
	if err == nil && len(text) > longestStatement {
		err = plan.Fixf("a query is one SELECT", "the statement is longer than 1 MiB")
	}
	return string(text), err
}

// ask prints what a statement gives. The first signal ends it: there is nothing to finish.
func ask(ctx context.Context, p *work, statement string, flags queryFlags) (err error) {
	ctx, cancel := p.stop.ends(ctx)
	defer cancel()
	asked, err := p.OpenQuery()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, asked.Close()) }()
	q := query.Question{Statement: statement}
	if flags.limit > 0 {
		q.Most = flags.limit + 1 // one more tells whether that was all
	}
	answer := &answer{work: p, queryFlags: flags}
	if err := asked.Ask(ctx, q, answer); err != nil {
		return err
	}
	return answer.end()
}

// rowsAtOnce is how many rows are laid out together, so that memory doesn't grow with them.
const rowsAtOnce = 1000

// An answer prints rows in the form that was asked for.
type answer struct {
	*work
	queryFlags
	rows   notice.Rows // that weren't printed yet
	total  notice.Answered
	headed bool // the names of the columns are printed
}

// Columns keeps the names until there are rows.
func (a *answer) Columns(names []string) error {
	a.rows.Columns = names
	return nil
}

// Row keeps a row, and prints when there are some.
func (a *answer) Row(cells []query.Cell) error {
	if a.limit > 0 && a.total.Rows == int64(a.limit) {
		a.total.More = true
		return nil
	}
	a.total.Rows++
	a.rows.Cells = append(a.rows.Cells, cells)
	if len(a.rows.Cells) == rowsAtOnce {
		return a.print()
	}
	return nil
}

// print prints the rows that weren't yet.
func (a *answer) print() error {
	rows := a.rows
	rows.Further, a.headed, a.rows.Cells = a.headed, true, nil
	if a.csv {
		text := rows.CSV()
		if isDevice(a.Stdout) {
			text = printable.Text(text)
		}
		_, err := io.WriteString(a.Stdout, text)
		return err
	}
	return a.Print(rows)
}

// isDevice tells whether output goes to a terminal, or to something like it: a value commands none.
func isDevice(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// end prints what is left, and how much it was. CSV is for a program: it hears only that there is more.
func (a *answer) end() error {
	if len(a.rows.Cells) > 0 || !a.headed {
		if err := a.print(); err != nil {
			return err
		}
	}
	if a.csv && !a.total.More {
		return nil
	}
	return a.Print(a.total)
}
