package rollout

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"catchment/internal/blob"
	"catchment/internal/plan"
)

// A Deployment is what Deploy brings into the account.
type Deployment struct {
	Stack      string            // its name
	Template   []byte            // as deployment.Render writes it
	Config     []byte            // catchment.yaml
	Script     []byte            // consolidate.py, the Glue job
	Zip        File              // the program of the functions
	Bucket     string            // for all of them; "" is the one of the last time, or the account's own
	Parameters map[string]string // of the template; others stay what they are
}

// A File is one of this machine.
type File struct {
	Name string
	Text []byte
}

// Deployed is what came of it.
type Deployed struct {
	Stack     Stack
	Bucket    string
	Made      bool // the stack is new
	Unchanged bool // it was like this already
}

// longestTemplate is what fits into a request; a longer one is read from S3
// (CloudFormation quotas).
const longestTemplate = 51_200

// Deploy uploads what has changed and makes the stack, or changes it, and waits
// for the end of that. Done twice, the second time changes nothing.
func (w Work) Deploy(ctx context.Context, d Deployment) (Deployed, error) {
	arch, err := architectureOf(d.Zip.Name, d.Zip.Text)
	if err != nil {
		return Deployed{}, err
	}
	declared, err := parametersOf(d.Template)
	if err == nil {
		err = declared.check(d.Parameters)
	}
	if err != nil {
		return Deployed{}, err
	}
	was, err := w.Account.Stack(ctx, d.Stack)
	if err != nil {
		return Deployed{}, err
	}
	was.Name = d.Stack
	deed, err := deedFor(was)
	if deed == refuse {
		err = w.explained(ctx, was, err)
	}
	if err == nil {
		err = declared.complete(d.Parameters, was.Parameters)
	}
	if err != nil {
		return Deployed{}, err
	}
	name := d.Bucket
	if name == "" {
		name = was.Parameters[codeBucket]
	}
	bucket, err := w.Account.Bucket(ctx, name)
	if err != nil {
		return Deployed{}, err
	}
	c, err := w.upload(ctx, bucket, d, declared.has(scriptKey))
	if err != nil {
		return Deployed{}, err
	}
	c.Parameters[architecture] = arch
	maps.Copy(c.Parameters, d.Parameters)
	for key := range was.Parameters {
		if _, given := c.Parameters[key]; !given && declared.has(key) {
			c.Kept = append(c.Kept, key)
		}
	}
	slices.Sort(c.Kept)
	return w.change(ctx, deed, was, bucket, c)
}

// upload brings everything to where the stack looks for it. Only the template of
// a warehouse that a Glue job may consolidate has a place for the script.
func (w Work) upload(ctx context.Context, b Bucket, d Deployment, script bool) (Change, error) {
	c := Change{Stack: d.Stack, Parameters: map[string]string{codeBucket: b.Name}}
	var err error
	if c.Parameters[codeKey], err = w.put(ctx, b, "lambda.zip", d.Zip.Text); err != nil {
		return c, err
	}
	if c.Parameters[configKey], err = w.put(ctx, b, "catchment.yaml", d.Config); err != nil {
		return c, err
	}
	if script {
		if c.Parameters[scriptKey], err = w.put(ctx, b, "consolidate.py", d.Script); err != nil {
			return c, err
		}
	}
	if len(d.Template) <= longestTemplate {
		c.Template = string(d.Template)
		return c, nil
	}
	key, err := w.put(ctx, b, "template.yaml", d.Template)
	c.URL = b.URL(key)
	return c, err
}

// put uploads a file under its hash, so that another one has another name: what
// Lambda gets is what the name says, and new code is new to CloudFormation.
func (w Work) put(ctx context.Context, b Bucket, name string, text []byte) (key string, err error) {
	sum := sha256.Sum256(text)
	key = "catchment/" + hex.EncodeToString(sum[:]) + "/" + name
	_, err = b.Store.Put(ctx, key, bytes.NewReader(text))
	switch {
	case err == nil:
		w.Tell(Progress{Text: fmt.Sprintf("uploaded %s to s3://%s/%s", name, b.Name, key)})
		return key, nil
	case !errors.Is(err, blob.ErrExists):
		return "", fmt.Errorf("upload %s: %w", name, err)
	}
	same, err := holds(ctx, b, key, text)
	if err != nil {
		return "", fmt.Errorf("look at %s: %w", name, err)
	}
	if !same {
		return "", plan.Fixf("see who writes into this bucket, and delete the object",
			"s3://%s/%s has other bytes than its name says", b.Name, key)
	}
	return key, nil
}

// holds tells whether an object is just this text.
func holds(ctx context.Context, b Bucket, key string, text []byte) (bool, error) {
	r, err := b.Store.Open(ctx, key)
	if err != nil {
		return false, err
	}
	defer r.Close()
	stored, err := io.ReadAll(io.LimitReader(r, int64(len(text))+1))
	return bytes.Equal(stored, text), err
}

// change makes the stack what it shall be.
func (w Work) change(ctx context.Context, do deed, was Stack, b Bucket, c Change) (Deployed, error) {
	done := Deployed{Stack: was, Bucket: b.Name}
	c.Token = w.Token()
	o := operation{stack: c.Stack, id: was.ID, token: c.Token}
	switch do {
	case remake:
		w.Tell(Progress{Text: fmt.Sprintf("stack %s is %s: it is deleted, and made anew", was.Name, was.Status)})
		if _, _, err := w.remove(ctx, was); err != nil {
			return done, err
		}
		// CreateStack knows no previous values.
		for _, key := range c.Kept {
			c.Parameters[key] = was.Parameters[key]
		}
		c.Kept = nil
		fallthrough
	case create:
		w.Tell(Progress{Text: "making stack " + c.Stack})
		id, err := w.Account.Create(ctx, c)
		if err != nil {
			return done, err
		}
		o.id, done.Made = id, true
	default:
		w.Tell(Progress{Text: "changing stack " + c.Stack})
		err := w.Account.Update(ctx, c)
		if errors.Is(err, ErrUnchanged) {
			done.Unchanged = true
			return done, nil
		}
		if err != nil {
			return done, err
		}
	}
	s, _, err := w.await(ctx, o)
	done.Stack = s
	return done, err
}

// remove deletes a stack and waits until it is gone.
func (w Work) remove(ctx context.Context, s Stack) (Stack, []Event, error) {
	token := w.Token()
	if err := w.Account.Delete(ctx, s.ID, token); err != nil {
		return s, nil, err
	}
	return w.await(ctx, operation{stack: s.Name, id: s.ID, token: token})
}
