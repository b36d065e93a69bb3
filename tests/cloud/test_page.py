"""The page of actions says what is registered: `python -m sandbox.cloud.page` writes it anew."""

from __future__ import annotations

import pytest

from sandbox.cloud import actions, page
from sandbox.cloud.actions import Call, Params
from sandbox.cloud.moto import served


def test_the_page_is_that_of_the_code() -> None:
    assert page.FILE.read_text(encoding="utf-8") == page.text(), "write it anew: python -m sandbox.cloud.page"


def test_every_action_that_is_taken_over_is_on_it_in_its_service_section() -> None:
    sections = dict(part.split("\n", 1) for part in page.text().split("\n## ")[1:])
    assert len(actions.registered()) > 100
    lost = [f"{service}:{name}" for service, name in actions.registered() if f"`{name}`" not in sections[service]]
    assert not lost


def test_what_is_refused_by_name_is_not_told_as_served() -> None:
    s3, sagemaker = (page.text().partition(f"\n## {name}\n")[2].partition("\n## ")[0] for name in ("s3", "sagemaker"))
    refused = s3.partition("**Refused**")[2].partition("- **moto**")[0]
    assert "`DeleteBucketMetricsConfiguration`" in refused
    assert "`GetBucketNotificationConfiguration`" not in refused
    assert s3.count("`DeleteBucketMetricsConfiguration`") == 1
    assert "**Refused**" not in sagemaker  # whose kinds have an error that is called `missing`


def _checked(call: Call) -> Params:
    return _asked(call)


def _asked(call: Call) -> Params:
    def later() -> Params:
        return call.forward()

    return later()


def _alone(call: Call) -> Params:
    return call.params


@pytest.mark.parametrize(("handler", "asks"), [(_asked, True), (_checked, True), (_alone, False)])
def test_who_asks_moto_is_known_also_through_another_function(handler: actions.Handler, asks: bool) -> None:
    assert ("forward" in page.names_of(handler)) is asks


def test_what_moto_has_is_told_by_its_functions() -> None:
    assert {"PutItem", "UpdateItem"} <= served.actions("dynamodb")
    assert "ExportTableToPointInTime" in served.actions("dynamodb")
    assert served.actions("accessanalyzer") == set()
