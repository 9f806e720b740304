package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
)

// DataAPI stands before Redshift's Data API at a URL: a header and JSON. ids are
// those of workgroups, by name: a workgroup's ARN has its id.
//
// Who reaches the warehouse also needs the right to log in: to read the secret
// that a call names, or to get credentials that last a while (ExecuteStatement,
// in the Data API's reference). What a session was opened with counts for the
// calls that name the session.
func (g *Gate) DataAPI(at *url.URL, ids map[string]string) http.Handler {
	d := &dataAPI{lists: g.lists, ids: ids, sessions: map[string]map[string]any{}}
	proxy := httputil.NewSingleHostReverseProxy(at)
	proxy.ModifyResponse = d.remember
	open := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		in, _ := object(body) // the gate has read it before
		proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callKey{}, d.where(in))))
	})
	return g.before(protocol{d.needs, inJSON("application/x-amz-json-1.1", http.StatusBadRequest)}, open)
}

type callKey struct{}

type dataAPI struct {
	lists *lists
	ids   map[string]string

	mu       sync.Mutex
	sessions map[string]map[string]any // what each was opened with
}

// where is the call that says where to and as whom: the one that opened the
// session, if a call names one.
func (d *dataAPI) where(in map[string]any) map[string]any {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, _ := in["SessionId"].(string)
	if opened, ok := d.sessions[id]; ok {
		return opened
	}
	return in
}

// remember reads an answer for the session that a call has opened.
func (d *dataAPI) remember(resp *http.Response) error {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var said struct{ SessionId string }
	in, ok := resp.Request.Context().Value(callKey{}).(map[string]any)
	if ok && json.Unmarshal(body, &said) == nil && said.SessionId != "" {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.sessions[said.SessionId] == nil { // who looks at a statement is told of its session too
			d.sessions[said.SessionId] = in
		}
	}
	return nil
}

func (d *dataAPI) needs(r *http.Request, body []byte) ([]ask, error) {
	in, err := object(body)
	if err != nil {
		return nil, err
	}
	in = d.where(in)
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	actions := []string{"redshift-data:" + operation}
	if operation == "ExecuteStatement" || operation == "BatchExecuteStatement" {
		actions = append(actions, logIn(in))
	}
	var asks []ask
	for _, action := range actions {
		more, aerr := d.lists.asks(action, d.named(in))
		asks, err = append(asks, more...), errors.Join(err, aerr)
	}
	return asks, err
}

// named gives what a call names the names that ARNs have for it.
func (d *dataAPI) named(in map[string]any) []leaf {
	var named []leaf
	for _, l := range leaves(in) {
		switch l.name {
		case "ClusterIdentifier":
			l.name = "ClusterName"
		case "WorkgroupName":
			l = leaf{"WorkgroupId", d.ids[l.text]}
		case "Database":
			l.name = "DbName"
		case "SecretArn", "DbUser":
		default:
			continue
		}
		named = append(named, l)
	}
	return named
}

// logIn is the right to log in that a call needs.
func logIn(in map[string]any) string {
	switch {
	case in["SecretArn"] != nil:
		return "secretsmanager:GetSecretValue"
	case in["WorkgroupName"] != nil:
		return "redshift-serverless:GetCredentials"
	case in["DbUser"] != nil:
		return "redshift:GetClusterCredentials"
	}
	return "redshift:GetClusterCredentialsWithIAM"
}
