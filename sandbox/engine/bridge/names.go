package main

import (
	"encoding/json"
	"io"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

// property is what a Pulumi program may say or read under one name.
type property struct {
	Shape      string              `json:"shape"` // value, object, list or map
	Input      bool                `json:"input"`
	Required   bool                `json:"required"`
	Properties map[string]property `json:"properties,omitempty"` // of the object, or of the objects in the list
}

// writeNames writes every bridged type under its token, with its properties under the names that programs use: what
// the test of aws_resources.json compares with the pulumi_aws package.
func writeNames(to io.Writer, info tfbridge.ProviderInfo) error {
	types := map[string]map[string]property{}
	for name, r := range info.Resources {
		types[r.Tok.String()] = properties(info.P.ResourcesMap().Get(name).Schema(), r.Fields)
	}
	for name, d := range info.DataSources {
		types[d.Tok.String()] = properties(info.P.DataSourcesMap().Get(name).Schema(), d.Fields)
	}
	types["pulumi:providers:aws"] = properties(info.P.Schema(), info.Config)
	return json.NewEncoder(to).Encode(types)
}

func properties(schema shim.SchemaMap, fields map[string]*tfbridge.SchemaInfo) map[string]property {
	found := map[string]property{}
	for name, s := range schema.Range {
		found[tfbridge.TerraformToPulumiNameV2(name, schema, fields)] = describe(s, fields[name])
	}
	return found
}

func describe(s shim.Schema, field *tfbridge.SchemaInfo) property {
	if field == nil {
		field = &tfbridge.SchemaInfo{}
	}
	optional := field.Default != nil || (field.MarkAsOptional != nil && *field.MarkAsOptional)
	p := property{Shape: "value", Input: s.Optional() || s.Required(), Required: s.Required() && !optional}
	inner := field.Fields
	switch s.Type() {
	case shim.TypeList, shim.TypeSet:
		p.Shape = "list"
		if field.Elem != nil {
			inner = field.Elem.Fields
		}
	case shim.TypeMap:
		p.Shape = "map"
	}
	object, holdsObjects := s.Elem().(shim.Resource)
	if holdsObjects {
		p.Properties = properties(object.Schema(), inner)
	}
	switch {
	case tfbridge.IsMaxItemsOne(s, field) && holdsObjects, p.Shape == "map" && holdsObjects:
		p.Shape = "object"
	case tfbridge.IsMaxItemsOne(s, field):
		p.Shape = "value"
	}
	return p
}
