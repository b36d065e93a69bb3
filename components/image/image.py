"""The one container image: its repository, the project that builds it, and the build of what lies here now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from agreements.prefixes import BUNDLES
from components.bucket import Bucket
from components.checks import require
from components.image.build import ImageBuild, ImageBuildArgs
from components.image.bundle import bundle
from components.metric import Failure, Metric
from components.place import Place
from components.service_role import ServiceRole, ServiceRoleArgs
from components.statements import Statement, allow

_MINUTES = 30
_UNTAGGED_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class ImageArgs:
    """What an `Image` is made from.

    Attributes
    ----------
    place : Place
        The account that builds.
    bundles : Bucket
        Where bundles go, under ``bundles/``.
    key_arn : input of str
        Customer key of images and build output.
    logs_key_arn : input of str
        Customer key of the build's log.
    log_retention_days : int
        Days that the build's log is kept.
    folders : sequence of str
        What the bundle holds, relative to the folder that the program runs in; one of them holds `buildspec`.
    buildspec : str
        Path of the build specification inside the bundle.
    force_destroy : bool
        Whether destroying the repository also deletes its images.
    """

    place: Place
    bundles: Bucket
    key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    log_retention_days: int
    folders: Sequence[str] = ("training", "inference", "workloads", "agreements", "image")
    buildspec: str = "image/buildspec.yml"
    force_destroy: bool = False


class Image(pulumi.ComponentResource):
    """An immutable, scanned repository and one image in it.

    Attributes
    ----------
    image_uri, image_digest : pulumi.Output[str]
        The image by its digest, and the digest: ``sha256:<hex>``.
    project_name : pulumi.Output[str]
        The CodeBuild project.
    code_digest : str
        SHA-256 of the bundle, in hex; known without building.
    """

    def __init__(self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the repository, the project and the build."""
        made = bundle(Path.cwd(), args.folders)
        require(
            f"Image {name!r}",
            [
                (
                    Path(args.buildspec).is_file() and Path(args.buildspec).parts[0] in args.folders,
                    f"`buildspec` must be a file in one of {', '.join(args.folders)}, got {args.buildspec!r}. "
                    "Give its path from the project's folder.",
                )
            ],
        )
        super().__init__("headrace:image:Image", name, None, opts)
        self.code_digest: str = made.digest
        child = pulumi.ResourceOptions(parent=self)
        repository = self._repository(name, args)
        group = aws.cloudwatch.LogGroup(
            f"{name}-build-log", retention_in_days=args.log_retention_days, kms_key_id=args.logs_key_arn, opts=child
        )
        role = ServiceRole(
            f"{name}-build",
            ServiceRoleArgs(
                service="codebuild.amazonaws.com",
                duty="Builds the image from a bundle and pushes it",
                place=args.place,
                statements=[
                    *args.bundles.read_statements(BUNDLES),
                    allow(["s3:GetBucketAcl", "s3:GetBucketLocation"], [args.bundles.arn]),
                    *self.pull_statements(),
                    allow(
                        [
                            "ecr:InitiateLayerUpload",
                            "ecr:UploadLayerPart",
                            "ecr:CompleteLayerUpload",
                            "ecr:PutImage",
                            "ecr:DescribeImages",
                        ],
                        [repository.arn],
                    ),
                    allow(
                        ["logs:CreateLogStream", "logs:PutLogEvents"],
                        [group.arn, pulumi.Output.concat(group.arn, ":*")],
                    ),
                ],
            ),
            child,
        )
        project = aws.codebuild.Project(
            f"{name}-build",
            description="Started by the program, which names the bundle to build",
            service_role=role.arn,
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "compute_type": "BUILD_GENERAL1_SMALL",
                "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                "type": "LINUX_CONTAINER",
                "privileged_mode": True,  # it runs Docker
                "environment_variables": [{"name": "REPOSITORY_URI", "value": repository.repository_url}],
            },
            source={
                "type": "S3",
                "location": pulumi.Output.concat(args.bundles.name, "/", BUNDLES),
                "buildspec": args.buildspec,
            },
            encryption_key=args.key_arn,
            build_timeout=_MINUTES,
            logs_config={"cloudwatch_logs": {"group_name": group.name}},
            opts=child,
        )
        build = ImageBuild(
            f"{name}-image",
            ImageBuildArgs(
                place=args.place,
                bundles=args.bundles,
                project=project,
                repository=repository,
                folders=args.folders,
                digest=made.digest,
            ),
            child,
        )
        self.project_name: pulumi.Output[str] = project.name
        self.image_uri: pulumi.Output[str] = build.image_uri
        self.image_digest: pulumi.Output[str] = build.image_digest
        self.register_outputs(
            {"image_uri": self.image_uri, "image_digest": self.image_digest, "code_digest": self.code_digest}
        )

    def pull_statements(self) -> list[Statement]:
        """Permissions to pull the image."""
        return [
            allow(["ecr:GetAuthorizationToken"], ["*"]),
            allow(
                ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                [self.repository_arn],
            ),
        ]

    def failures(self) -> list[Failure]:
        """What a build that fails counts as."""
        metric = Metric(namespace="AWS/CodeBuild", name="FailedBuilds", dimensions={"ProjectName": self.project_name})
        return [Failure(role="build", description="An image build failed", metric=metric)]

    def _repository(self, name: str, args: ImageArgs) -> aws.ecr.Repository:
        child = pulumi.ResourceOptions(parent=self)
        repository = aws.ecr.Repository(
            f"{name}-repository",
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
            force_delete=args.force_destroy,
            opts=child,
        )
        untagged = {
            "rulePriority": 1,
            "description": "Layers of builds that never finished; tagged images stay, packages name them",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": _UNTAGGED_DAYS,
            },
            "action": {"type": "expire"},
        }
        aws.ecr.LifecyclePolicy(
            f"{name}-lifecycle",
            repository=repository.name,
            policy=pulumi.Output.json_dumps({"rules": [untagged]}),
            opts=child,
        )
        self.repository_arn: pulumi.Output[str] = repository.arn
        return repository
