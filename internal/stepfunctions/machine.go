package stepfunctions

import "encoding/json"

// A Machine is a document in the Amazon States Language (JSONPath). It has the
// few fields that our nodes need.
type Machine struct {
	Comment        string           `json:"Comment,omitempty"`
	ProcessorMode  *ProcessorConfig `json:"ProcessorConfig,omitempty"`
	StartAt        string           `json:"StartAt"`
	States         map[string]State `json:"States"`
	TimeoutSeconds int              `json:"TimeoutSeconds,omitempty"`
}

// A ProcessorConfig says where the items of a Map are worked on.
type ProcessorConfig struct {
	Mode          string `json:"Mode"`
	ExecutionType string `json:"ExecutionType,omitempty"`
}

// A State is one state of a Machine.
type State struct {
	Type           string          `json:"Type"`
	Comment        string          `json:"Comment,omitempty"`
	Resource       string          `json:"Resource,omitempty"`
	Parameters     any             `json:"Parameters,omitempty"`
	Result         any             `json:"Result,omitempty"`
	ResultPath     json.RawMessage `json:"ResultPath,omitempty"`
	OutputPath     string          `json:"OutputPath,omitempty"`
	TimeoutSeconds int             `json:"TimeoutSeconds,omitempty"`
	Retry          []Retrier       `json:"Retry,omitempty"`
	Catch          []Catcher       `json:"Catch,omitempty"`
	ItemsPath      string          `json:"ItemsPath,omitempty"`
	MaxConcurrency int             `json:"MaxConcurrency,omitempty"`
	Tolerated      int             `json:"ToleratedFailurePercentage,omitempty"`
	ItemProcessor  *Machine        `json:"ItemProcessor,omitempty"`
	Choices        []Choice        `json:"Choices,omitempty"`
	Default        string          `json:"Default,omitempty"`
	SecondsPath    string          `json:"SecondsPath,omitempty"`
	Error          string          `json:"Error,omitempty"`
	Cause          string          `json:"Cause,omitempty"`
	CausePath      string          `json:"CausePath,omitempty"`
	Next           string          `json:"Next,omitempty"`
	End            bool            `json:"End,omitempty"`
}

// A Choice goes to Next where Variable is what it says. BooleanEquals is given
// or StringEquals is.
type Choice struct {
	Variable      string `json:"Variable"`
	BooleanEquals *bool  `json:"BooleanEquals,omitempty"`
	StringEquals  string `json:"StringEquals,omitempty"`
	Next          string `json:"Next"`
}

// A Retrier says which errors are tried again, and when.
type Retrier struct {
	ErrorEquals     []string `json:"ErrorEquals"`
	IntervalSeconds int      `json:"IntervalSeconds"`
	MaxAttempts     int      `json:"MaxAttempts"`
	BackoffRate     float64  `json:"BackoffRate"`
	MaxDelaySeconds int      `json:"MaxDelaySeconds"`
	JitterStrategy  string   `json:"JitterStrategy"`
}

// A Catcher says where an error leads.
type Catcher struct {
	ErrorEquals []string        `json:"ErrorEquals"`
	ResultPath  json.RawMessage `json:"ResultPath,omitempty"`
	Next        string          `json:"Next"`
}
