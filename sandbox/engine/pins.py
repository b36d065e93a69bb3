"""The versions that the engine is made of. A change here, or in a go.mod beside it, makes a new engine."""

from __future__ import annotations

PULUMI = "3.259.0"  # bridge/go.mod and the `pulumi` package of requirements.in have the same
AWS_PLUGIN = "7.51.1"  # the `pulumi-aws` package of requirements.in, whose names the bridge speaks
TERRAFORM_AWS = "5.100.0"  # what bridge/aws_resources.json was checked against
GO = (1, 26)  # the `go` line of bridge/go.mod
GO_WITH_TOOLCHAINS = (1, 21)  # from here on Go fetches the toolchain that a go.mod asks for
