package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/flow"
	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/printable"
	"catchment/internal/project"
	"catchment/internal/schema"
)

func (s *session) initCommand() *cobra.Command {
	// #nosec G101 -- references
	org := flow.Org{Login: flow.Login{Flow: "client_credentials", ClientID: "env:SF_CLIENT_ID",
		ClientSecret: "env:SF_CLIENT_SECRET"}}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write catchment.yaml after asking the org which objects it has",
		Long: `Write a commented catchment.yaml with a flow for each object that people usually
copy. The org is asked which objects it has, so the login has to work; secrets
are named by reference and never written.

The version of Salesforce's API is written down too, so that an upgrade of the org
or of catchment changes no columns by itself: the newest that both sides know, or
the one of --api-version.`,
		Example: `  export SF_CLIENT_ID=... SF_CLIENT_SECRET=...
  catchment init --url https://acme.my.salesforce.com
  catchment init --url https://acme.my.salesforce.com --client-id file:id --client-secret file:secret
  catchment init --url https://acme.my.salesforce.com --api-version 66.0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.init(cmd, org) },
	}
	f := cmd.Flags()
	f.StringVar(&org.URL, "url", "", "the org's My Domain `URL`")
	f.StringVar(&org.Login.ClientID, "client-id", org.Login.ClientID, "`reference` to the client id")
	f.StringVar(&org.APIVersion, "api-version", "",
		"the `version` of Salesforce's API, as "+platform.Newest+" (default the newest that both sides know)")
	f.StringVar(&org.Login.ClientSecret, "client-secret", org.Login.ClientSecret, "`reference` to the client secret")
	return cmd
}

func (s *session) init(cmd *cobra.Command, org flow.Org) error {
	if org.URL == "" {
		return plan.Fixf("catchment init --url https://acme.my.salesforce.com", "init needs the org's URL")
	}
	known, err := surroundings(s)
	if err != nil {
		return err
	}
	objects, err := s.writeFor(cmd.Context(), known, org)
	if err != nil {
		return asFlags(err)
	}
	return s.Print(notice.Init{Path: s.config, Objects: len(objects), LeftOut: unnamed(objects)})
}

// asFlags tells an error by the flags of init, where it speaks of keys: the file in which
// they would stand isn't there yet.
func asFlags(err error) error {
	flags := strings.NewReplacer("org.url", "--url", "org.api_version", "--api-version",
		"org.login.client_id", "--client-id", "org.login.client_secret", "--client-secret")
	wrong, ok := errors.AsType[interface {
		error
		Unplaced(rename func(key string) string) error
	}](err)
	if ok {
		return plan.Fixf("correct it, and type catchment init again", "%w", wrong.Unplaced(flags.Replace))
	}
	return &plan.Failure{Class: plan.ClassOf(err), Until: plan.UntilOf(err), Hint: flags.Replace(plan.AdviceOf(err)),
		Err: err}
}

// writeFor writes the configuration for an org, and gives the org's objects.
func (s *session) writeFor(ctx context.Context, known flow.Warehouses, org flow.Org) ([]schema.Object, error) {
	// The example is parsed as any file, so that what is wrong with the flags is
	// told in the same words.
	file, err := flow.Parse(s.config, flow.Example(org, known, nil), known)
	if err != nil {
		return nil, err
	}
	p := &work{session: s, Project: project.New(s.World, file)}
	if err := p.OpenOrg(ctx); err != nil {
		return nil, err
	}
	org.APIVersion = p.Org.Version()
	objects, err := p.Org.Objects(ctx)
	if err != nil {
		return nil, err
	}
	text, err := known.Schema()
	if err != nil {
		return nil, err
	}
	example := append([]byte(schemaLine), flow.Example(org, known, objects)...)
	return objects, s.forAll(func() error { return writeNew(s.config, example, text) })
}

// schemaFile is what the schema is called where it lies beside a configuration, and
// schemaLine the line of that by which editors find it.
const (
	schemaFile = "catchment.schema.json"
	schemaLine = "# yaml-language-server: $schema=" + schemaFile + "\n"
)

func schemaCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of catchment.yaml",
		Long: `Print the JSON Schema of catchment.yaml (draft 2020-12), by which editors complete
and mark what is written there. init writes it beside the configuration, whose first
line names it; after an upgrade write it anew. docs/reference/catchment.yaml.md says
the same for people.`,
		Example: `  catchment schema > ` + schemaFile,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := s.Drivers.Known().Schema()
			if err != nil {
				return err
			}
			return s.Print(notice.Schema{Schema: text})
		},
	}
}

// unnamed lists the objects that no flow can name: an org has none, and who answers in
// its place may say anything.
func unnamed(objects []schema.Object) []string {
	var names []string
	for _, o := range objects {
		if !schema.IsName(o.Name) {
			names = append(names, o.Name)
		}
	}
	return names
}

// writeNew writes a configuration, which is made to be committed: it names secrets, and
// holds none, and beside it the schema that its first line names. It overwrites nothing.
func writeNew(path string, text, schema []byte) error {
	// #nosec G302 G304 -- the user names it, and others shall read it
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return plan.Fixf("remove it, or name another with: --config FILE", "%s exists already", printable.Line(path))
	}
	if err != nil {
		return plan.Fixf("make the folder writable, or name another file with: --config FILE",
			"write the configuration: %w", printable.Error(err))
	}
	_, err = out.Write(text)
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	// #nosec G306 -- as the configuration
	err = os.WriteFile(filepath.Join(filepath.Dir(path), schemaFile), schema, 0o644)
	if err != nil {
		return plan.Fixf("write it with: catchment schema > "+schemaFile, "write the schema for editors: %w",
			printable.Error(err))
	}
	return nil
}
