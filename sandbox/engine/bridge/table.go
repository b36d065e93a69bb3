package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

//go:embed aws_resources.json
var tableFile []byte

// table says which Terraform types are bridged, and under which names the pulumi_aws SDK knows them.
type table struct {
	Provider    map[string]field `json:"provider"` // of the provider's own settings
	Resources   map[string]entry `json:"resources"`
	DataSources map[string]entry `json:"data_sources"`
}

type entry struct {
	Token  string           `json:"token"`
	Fields map[string]field `json:"fields"`
}

// field is what differs from the bridge's own rules for one Terraform property.
type field struct {
	Name        string           `json:"name"`          // the Pulumi name, where it is another one
	MaxItemsOne *bool            `json:"max_items_one"` // true: a single object; false: a list
	Optional    bool             `json:"optional"`      // Terraform asks for it, the SDK does not
	AutoName    *autoName        `json:"autoname"`
	Element     map[string]field `json:"element"` // properties of the objects inside
}

type autoName struct {
	Length    int    `json:"length"`
	Prefix    string `json:"prefix"`
	Lowercase bool   `json:"lowercase"`
}

func readTable() (table, error) {
	var t table
	decoder := json.NewDecoder(strings.NewReader(string(tableFile)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&t); err != nil {
		return t, fmt.Errorf("aws_resources.json: %w", err)
	}
	return t, nil
}

func (t table) has(terraformName string) bool {
	_, resource := t.Resources[terraformName]
	_, dataSource := t.DataSources[terraformName]
	return resource || dataSource
}

// apply adds to the fields that the bridge's own fix-ups made: the rename of `id` must stay, or create fails.
func apply(to *map[string]*tfbridge.SchemaInfo, fields map[string]field) {
	for terraformName, f := range fields {
		if *to == nil {
			*to = map[string]*tfbridge.SchemaInfo{}
		}
		(*to)[terraformName] = f.schema(terraformName)
	}
}

func (f field) schema(terraformName string) *tfbridge.SchemaInfo {
	s := &tfbridge.SchemaInfo{}
	if f.AutoName != nil {
		s = f.AutoName.schema(nonEmpty(f.Name, terraformName))
	}
	s.Name = f.Name
	s.MaxItemsOne = f.MaxItemsOne
	if f.Optional {
		s.MarkAsOptional = tfbridge.True()
	}
	if f.Element != nil {
		s.Elem = &tfbridge.SchemaInfo{}
		apply(&s.Elem.Fields, f.Element)
	}
	return s
}

func (a autoName) schema(name string) *tfbridge.SchemaInfo {
	return tfbridge.AutoNameTransform(name, a.Length-len(a.Prefix), func(n string) string {
		if a.Lowercase {
			n = strings.ToLower(n)
		}
		return a.Prefix + n
	})
}

func nonEmpty(first, second string) string {
	if first != "" {
		return first
	}
	return second
}
