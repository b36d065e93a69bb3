"""What is not there yet or not to be had: instances, an endpoint's new configuration, a new account's builds."""

from __future__ import annotations

import time

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError
from sandbox.cloud.weather import sky

_NONE_LEFT = 0.15
_SLOWEST_START = 12.0  # seconds until an endpoint's instances are there
_NEW_ACCOUNT = 1 / 3  # of the seeds begin with a quota of no builds
_QUOTA_RAISED = 45.0  # seconds after the first refusal
_UNKNOWN = 0.4  # chance that a configuration is not known yet
_UNKNOWN_SECONDS = 3.0
_CONFIGURED: dict[str, float] = {}  # when an endpoint configuration was made, by its name
_REFUSED: dict[sky.Sky, float] = {}

_CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. "
    "Please retry using a different ML instance type or after some time."
)


def job_instances(what: str) -> str | None:
    """Return why a job gets no instances, or None if it gets them."""
    weather = sky.current()
    if weather is None or not weather.happens("capacity", what, _NONE_LEFT):
        return None
    weather.tell("capacity", f"none for a {what}")
    return _CAPACITY


def endpoint_instances(name: str) -> None:
    """Wait for the instances of an endpoint that is made or updated.

    Raises
    ------
    AwsError
        If there are none.
    """
    weather = sky.current()
    if weather is None:
        return
    seconds = weather.draw("endpoint start") * _SLOWEST_START
    weather.tell("slow", f"the instances of {name} take {seconds:.1f} s")
    time.sleep(seconds)


def update_instances(name: str) -> None:
    """Wait for the instances of an endpoint that is updated; sometimes there are none, and it is rolled back.

    Raises
    ------
    AwsError
        If there are none.
    """
    endpoint_instances(name)
    weather = sky.current()
    if weather is not None and weather.happens("endpoint capacity", "", _NONE_LEFT):
        weather.tell("capacity", f"none for the update of {name}")
        raise AwsError("InsufficientInstanceCapacity", _CAPACITY)


def hold_configuration(weather: sky.Sky, name: str) -> None:
    """Refuse an endpoint now and then whose configuration was made a moment ago.

    "If the dependent entities are not yet in DynamoDB, this causes a validation error", says AWS of CreateEndpoint.

    Raises
    ------
    AwsError
        ValidationException.
    """
    age = time.monotonic() - _CONFIGURED.get(name, -_UNKNOWN_SECONDS)
    if age < _UNKNOWN_SECONDS and weather.happens("configuration", "", _UNKNOWN):
        weather.tell("stale", f"the endpoint configuration {name} (no such thing)")
        at = settings.current()
        arn = f"arn:aws:sagemaker:{at.region}:{at.account}:endpoint-config/{name}"
        raise AwsError("ValidationException", f'Could not find endpoint configuration "{arn}".')


def configured(name: str) -> None:
    """Remember that an endpoint configuration was made just now."""
    _CONFIGURED[name] = time.monotonic()


def hold_build_quota(weather: sky.Sky) -> None:
    """Refuse a build while the account's quota is 0; somebody raises it a while after the first refusal.

    Raises
    ------
    AwsError
        AccountLimitExceededException.
    """
    if weather.of_the_seed("new account") >= _NEW_ACCOUNT:
        return
    first = _REFUSED.setdefault(weather, time.monotonic())
    if time.monotonic() - first < _QUOTA_RAISED:
        weather.tell("quota", "no build: the account's quota is 0")
        raise AwsError("AccountLimitExceededException", "Cannot have more than 0 builds in queue for the account")
