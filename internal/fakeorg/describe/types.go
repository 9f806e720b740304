// Package describe is what describe answers, with every key that was recorded
// from a real org and in the recorded (alphabetical) order. null is kept apart
// from absent: a pointer or any that is nil is written as null.
package describe

import "catchment/internal/fakeorg/halves"

// What describe answers, with every key that was recorded from a real org and
// in the recorded (alphabetical) order. null is kept apart from absent: a
// pointer or any that is nil is written as null.

// A Field is what describe says of a field.
type Field struct {
	Aggregatable                 bool        `json:"aggregatable"`
	AiPredictionField            bool        `json:"aiPredictionField"`
	AutoNumber                   bool        `json:"autoNumber"`
	ByteLength                   int         `json:"byteLength"`
	Calculated                   bool        `json:"calculated"`
	CalculatedFormula            *string     `json:"calculatedFormula"`
	CascadeDelete                bool        `json:"cascadeDelete"`
	CaseSensitive                bool        `json:"caseSensitive"`
	CompoundFieldName            *string     `json:"compoundFieldName"`
	ControllerName               *string     `json:"controllerName"`
	Createable                   bool        `json:"createable"`
	Custom                       bool        `json:"custom"`
	DefaultValue                 any         `json:"defaultValue"`
	DefaultValueFormula          *string     `json:"defaultValueFormula"`
	DefaultedOnCreate            bool        `json:"defaultedOnCreate"`
	DependentPicklist            bool        `json:"dependentPicklist"`
	DeprecatedAndHidden          bool        `json:"deprecatedAndHidden"`
	Digits                       int         `json:"digits"`
	DisplayLocationInDecimal     bool        `json:"displayLocationInDecimal"`
	Encrypted                    bool        `json:"encrypted"`
	ExternalId                   bool        `json:"externalId"`
	ExtraTypeInfo                *string     `json:"extraTypeInfo"`
	Filterable                   bool        `json:"filterable"`
	FilteredLookupInfo           any         `json:"filteredLookupInfo"`
	FormulaTreatNullNumberAsZero bool        `json:"formulaTreatNullNumberAsZero"`
	Groupable                    bool        `json:"groupable"`
	HighScaleNumber              bool        `json:"highScaleNumber"`
	HTMLFormatted                bool        `json:"htmlFormatted"`
	IDLookup                     bool        `json:"idLookup"`
	InlineHelpText               *string     `json:"inlineHelpText"`
	Label                        halves.Text `json:"label"`
	Length                       int         `json:"length"`
	Mask                         *string     `json:"mask"`
	MaskType                     *string     `json:"maskType"`
	Name                         string      `json:"name"`
	NameField                    bool        `json:"nameField"`
	NamePointing                 bool        `json:"namePointing"`
	Nillable                     bool        `json:"nillable"`
	Permissionable               bool        `json:"permissionable"`
	PicklistValues               []Choice    `json:"picklistValues"`
	PolymorphicForeignKey        bool        `json:"polymorphicForeignKey"`
	Precision                    int         `json:"precision"`
	QueryByDistance              bool        `json:"queryByDistance"`
	ReferenceTargetField         *string     `json:"referenceTargetField"`
	ReferenceTo                  []string    `json:"referenceTo"`
	RelationshipName             *string     `json:"relationshipName"`
	RelationshipOrder            any         `json:"relationshipOrder"`
	RestrictedDelete             bool        `json:"restrictedDelete"`
	RestrictedPicklist           bool        `json:"restrictedPicklist"`
	Scale                        int         `json:"scale"`
	SearchPrefilterable          bool        `json:"searchPrefilterable"`
	SoapType                     string      `json:"soapType"`
	Sortable                     bool        `json:"sortable"`
	Type                         string      `json:"type"`
	Unique                       bool        `json:"unique"`
	Updateable                   bool        `json:"updateable"`
	WriteRequiresMasterRead      bool        `json:"writeRequiresMasterRead"`
}

// A Choice is a value of a picklist.
type Choice struct {
	Active       bool        `json:"active"`
	DefaultValue bool        `json:"defaultValue"`
	Label        halves.Text `json:"label"`
	ValidFor     *string     `json:"validFor"`
	Value        string      `json:"value"`
}

// A Child is a relationship as the parent tells of it.
type Child struct {
	CascadeDelete       bool     `json:"cascadeDelete"`
	ChildSObject        string   `json:"childSObject"`
	DeprecatedAndHidden bool     `json:"deprecatedAndHidden"`
	Field               string   `json:"field"`
	JunctionIDListNames []string `json:"junctionIdListNames"`
	JunctionReferenceTo []string `json:"junctionReferenceTo"`
	RelationshipName    *string  `json:"relationshipName"`
	RestrictedDelete    bool     `json:"restrictedDelete"`
}

// A RecordType is one of the kinds of records that an object has.
type RecordType struct {
	Active                   bool              `json:"active"`
	Available                bool              `json:"available"`
	DefaultRecordTypeMapping bool              `json:"defaultRecordTypeMapping"`
	DeveloperName            string            `json:"developerName"`
	Master                   bool              `json:"master"`
	Name                     string            `json:"name"`
	RecordTypeID             string            `json:"recordTypeId"`
	URLs                     map[string]string `json:"urls"`
}

// A Scope is what USING SCOPE may name.
type Scope struct {
	Label string `json:"label"`
	Name  string `json:"name"`
}

// Flags is what describe global says of an object, and describe repeats.
type Flags struct {
	Activateable          bool              `json:"activateable"`
	AssociateEntityType   *string           `json:"associateEntityType"`
	AssociateParentEntity *string           `json:"associateParentEntity"`
	Createable            bool              `json:"createable"`
	Custom                bool              `json:"custom"`
	CustomSetting         bool              `json:"customSetting"`
	DeepCloneable         bool              `json:"deepCloneable"`
	Deletable             bool              `json:"deletable"`
	DeprecatedAndHidden   bool              `json:"deprecatedAndHidden"`
	FeedEnabled           bool              `json:"feedEnabled"`
	HasSubtypes           bool              `json:"hasSubtypes"`
	IsInterface           bool              `json:"isInterface"`
	IsSubtype             bool              `json:"isSubtype"`
	KeyPrefix             *string           `json:"keyPrefix"`
	Label                 halves.Text       `json:"label"`
	LabelPlural           halves.Text       `json:"labelPlural"`
	Layoutable            bool              `json:"layoutable"`
	Mergeable             bool              `json:"mergeable"`
	MruEnabled            bool              `json:"mruEnabled"`
	Name                  string            `json:"name"`
	Queryable             bool              `json:"queryable"`
	Replicateable         bool              `json:"replicateable"`
	Retrieveable          bool              `json:"retrieveable"`
	Searchable            bool              `json:"searchable"`
	Triggerable           bool              `json:"triggerable"`
	Undeletable           bool              `json:"undeletable"`
	Updateable            bool              `json:"updateable"`
	URLs                  map[string]string `json:"urls"`
}

// An Object is what describe says of an object.
type Object struct {
	Flags
	ActionOverrides       []any        `json:"actionOverrides"`
	ChildRelationships    []Child      `json:"childRelationships"`
	CompactLayoutable     bool         `json:"compactLayoutable"`
	DefaultImplementation *string      `json:"defaultImplementation"`
	ExtendedBy            *string      `json:"extendedBy"`
	ExtendsInterfaces     *string      `json:"extendsInterfaces"`
	Fields                []*Field     `json:"fields"`
	ImplementedBy         *string      `json:"implementedBy"`
	ImplementsInterfaces  *string      `json:"implementsInterfaces"`
	Listviewable          *string      `json:"listviewable"`
	LookupLayoutable      *string      `json:"lookupLayoutable"`
	NamedLayoutInfos      []any        `json:"namedLayoutInfos"`
	NetworkScopeFieldName *string      `json:"networkScopeFieldName"`
	RecordTypeInfos       []RecordType `json:"recordTypeInfos"`
	SearchLayoutable      bool         `json:"searchLayoutable"`
	SobjectDescribeOption string       `json:"sobjectDescribeOption"`
	SupportedScopes       []Scope      `json:"supportedScopes"`
}
