"""What an environment has once, whatever its workloads: keys, lake, catalogue, image, MLflow, topic, job logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.alarms import AlarmTopic, AlarmTopicArgs
from components.catalogue import Catalogue, CatalogueArgs
from components.failures import FailureAlarms, FailureAlarmsArgs
from components.image import Image, ImageArgs
from components.job_logs import JobLogs, JobLogsArgs
from components.keys import Keys, KeysArgs
from components.lake import DataLake, DataLakeArgs
from components.place import Place
from components.subscribers import Subscribers, SubscribersArgs
from components.tracking import Tracking, TrackingArgs
from stacks.providers import tags
from stacks.schemas import tables
from stacks.settings import Settings
from workloads.spec import Workload


@dataclass(frozen=True, kw_only=True)
class Platform:
    """What every workload of an environment is given.

    Attributes
    ----------
    job_logs : sequence of JobLogs
        The log groups of the account's jobs, where the environment owns them.
    """

    place: Place
    keys: Keys
    lake: DataLake
    catalogue: Catalogue
    image: Image
    tracking: Tracking
    topic: AlarmTopic
    subscribers: Subscribers
    job_logs: Sequence[JobLogs]


def platform(settings: Settings, workloads: Sequence[Workload], provider: aws.Provider) -> Platform:
    """Register the platform; of the workloads it knows the sources alone, for the catalogue's tables."""
    opts = pulumi.ResourceOptions(provider=provider)
    place = Place.look_up(settings.region, provider)
    keys = Keys(
        "keys",
        KeysArgs(place=place, alias_prefix=settings.prefix, deletion_window_days=7 if settings.force_destroy else 30),
        opts,
    )
    lake = DataLake(
        "lake",
        DataLakeArgs(
            place=place,
            data_key_arn=keys.data_arn,
            model_key_arn=keys.model_arn,
            force_destroy=settings.force_destroy,
        ),
        opts,
    )
    catalogue = Catalogue(
        "catalogue",
        CatalogueArgs(
            database_name=settings.prefix.replace("-", "_"),
            tables=tables(workloads, lake),
            results=lake.curated,
            force_destroy=settings.force_destroy,
        ),
        opts,
    )
    image = Image(
        "image",
        ImageArgs(
            place=place,
            bundles=lake.artifacts,
            key_arn=keys.model_arn,
            logs_key_arn=keys.logs_arn,
            log_retention_days=settings.log_retention_days,
            force_destroy=settings.force_destroy,
        ),
        opts,
    )
    tracking = Tracking(
        "tracking",
        TrackingArgs(place=place, server_name=settings.prefix, artifacts=lake.artifacts, tags=tags(settings)),
        opts,
    )
    topic = AlarmTopic("alarms", AlarmTopicArgs(place=place, key_arn=keys.logs_arn), opts)
    FailureAlarms("failures", FailureAlarmsArgs(topic_arn=topic.arn, watched={"image": image.failures()}), opts)
    return Platform(
        place=place,
        keys=keys,
        lake=lake,
        catalogue=catalogue,
        image=image,
        tracking=tracking,
        topic=topic,
        subscribers=Subscribers("subscribers", SubscribersArgs(topic_arn=topic.arn, endpoints=settings.notify), opts),
        job_logs=_job_logs(settings, keys, opts),
    )


def _job_logs(settings: Settings, keys: Keys, opts: pulumi.ResourceOptions) -> Sequence[JobLogs]:
    if not settings.owns_job_logs:
        return ()
    args = JobLogsArgs(key_arn=keys.logs_arn, retention_days=settings.log_retention_days)
    return (JobLogs("job-logs", args, opts),)
