package replicate_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/appflow/types"

	fake "catchment/internal/fakeaws/appflow"
	"catchment/internal/rig"
)

// everyFile runs a test with files of each format, by flows of each kind.
func everyFile(t *testing.T, test func(t *testing.T, change func(*cloud))) {
	for _, format := range []types.FileType{types.FileTypeCsv, types.FileTypeParquet} {
		for _, lasting := range []bool{false, true} {
			name := string(format) + map[bool]string{false: " stack", true: " lasting"}[lasting]
			t.Run(name, func(t *testing.T) {
				test(t, func(c *cloud) { c.format, c.lasting = format, lasting })
			})
		}
	}
}

// Three runs with changes between them, by files.
func TestFilesAreLoaded(t *testing.T) {
	t.Parallel()
	everyFile(t, func(t *testing.T, change func(*cloud)) {
		r := rig.New(t, crashOrg(t), "Contact")
		c := newCloud(t, r, nil)
		change(c)
		for n := range 3 {
			c.flows.Script(fake.Script{Looks: 2})
			row := r.Done(c.with)
			if o := row.Objects[0]; o.Mover != "appflow" || o.Records == 0 {
				t.Errorf("run %d: %+v", n, o)
			}
			c.nothingLeft()
			c.holds()
			r.History(20, uint64(n+3))
		}
	})
}
