"""A model's container can reach nothing: it gets requests and answers them."""

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from policies.rule import ResourceRule


def check(args: ResourceValidationArgs) -> Iterator[str]:
    """Yield why the model's container could call out."""
    if args.props.get("enableNetworkIsolation") is not True:
        yield "enableNetworkIsolation is not true, so the model's container can send data out"


RULE = ResourceRule(
    name="sagemaker-model-isolation",
    controls=("SageMaker.5",),
    title="Models run in network isolation",
    types=("aws:sagemaker/model:Model",),
    remedy="set enable_network_isolation=True; callers supply the features.",
    check=check,
)
