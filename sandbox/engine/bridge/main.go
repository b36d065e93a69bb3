// A Pulumi resource plug-in over a Terraform AWS provider that is on this machine: pulumi-aws's names, Terraform's code.
//
// Beside it lies a folder `provider` with the Terraform provider's binary (or a link to it); it runs as a child.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/internal/shim/run"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/proto"
	pfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// version is the pulumi-aws release whose names are used, set by the linker.
var version = "0.0.0-unset"

func main() {
	if err := serve(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-aws (bridge):", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context) error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	// LocalProvider cuts the name off and searches the folder for the versioned file.
	terraform, err := run.LocalProvider(ctx, filepath.Join(filepath.Dir(executable), "provider", "terraform-provider-aws"))
	if err != nil {
		return fmt.Errorf("start the Terraform AWS provider: %w", err)
	}
	defer terraform.Close()

	info, err := bridged(ctx, terraform)
	if err != nil {
		return err
	}
	if slices.Contains(os.Args[1:], "-names") {
		return writeNames(os.Stdout, info)
	}
	pfbridge.Main(ctx, "aws", info, pfbridge.ProviderMetadata{
		// Programs in Python never ask for the schema; the engine only wants an answer that is one.
		XGetSchema: func(context.Context, plugin.GetSchemaRequest) ([]byte, error) {
			return json.Marshal(map[string]string{"name": "aws", "version": version})
		},
	})
	return nil
}

func bridged(ctx context.Context, terraform run.Provider) (tfbridge.ProviderInfo, error) {
	info := tfbridge.ProviderInfo{
		P:              proto.New(ctx, terraform),
		Name:           "aws",
		Version:        version,
		ResourcePrefix: "aws",
		MetadataInfo:   &tfbridge.MetadataInfo{Data: tfbridge.ProviderMetadata(nil)},
	}
	names, err := readTable()
	if err != nil {
		return info, err
	}
	apply(&info.Config, names.Provider)
	for name := range info.P.ResourcesMap().Range {
		info.IgnoreMappings = append(info.IgnoreMappings, name)
	}
	for name := range info.P.DataSourcesMap().Range {
		info.IgnoreMappings = append(info.IgnoreMappings, name)
	}
	// A name that is a resource's and a data source's cannot be ignored as one of the two alone.
	info.IgnoreMappings = slices.DeleteFunc(info.IgnoreMappings, names.has)
	if err := info.ComputeTokens(strategy(names)); err != nil {
		return info, err
	}
	maps.DeleteFunc(info.Resources, func(_ string, r *tfbridge.ResourceInfo) bool { return r.Tok == "" })
	maps.DeleteFunc(info.DataSources, func(_ string, d *tfbridge.DataSourceInfo) bool { return d.Tok == "" })
	for name, e := range names.Resources {
		if info.Resources[name] == nil {
			return info, fmt.Errorf("the Terraform provider has no resource %q, which aws_resources.json names", name)
		}
		apply(&info.Resources[name].Fields, e.Fields)
	}
	for name, e := range names.DataSources {
		if info.DataSources[name] == nil {
			return info, fmt.Errorf("the Terraform provider has no data source %q, which aws_resources.json names", name)
		}
		apply(&info.DataSources[name].Fields, e.Fields)
	}
	return info, nil
}

func strategy(names table) tfbridge.Strategy {
	return tfbridge.Strategy{
		Resource: func(name string, r *tfbridge.ResourceInfo) error {
			if e, known := names.Resources[name]; known {
				r.Tok = tokens.Type(e.Token)
			}
			return nil
		},
		DataSource: func(name string, d *tfbridge.DataSourceInfo) error {
			if e, known := names.DataSources[name]; known {
				d.Tok = tokens.ModuleMember(e.Token)
			}
			return nil
		},
	}
}
