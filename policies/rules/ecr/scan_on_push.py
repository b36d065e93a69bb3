"""An image is scanned for known vulnerabilities when it arrives."""

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from policies.rule import ResourceRule


def check(args: ResourceValidationArgs) -> Iterator[str]:
    """Yield why images are not scanned."""
    scanning = args.props.get("imageScanningConfiguration") or {}
    if scanning.get("scanOnPush") is not True:
        yield "imageScanningConfiguration.scanOnPush is not true"


RULE = ResourceRule(
    name="ecr-scan-on-push",
    controls=("ECR.1",),
    title="Images are scanned on push",
    types=("aws:ecr/repository:Repository",),
    remedy='set image_scanning_configuration={"scan_on_push": True}.',
    check=check,
)
