"""What a feature group's calls make of each answer of SageMaker's, one answer after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.features import calls

GONE = ClientError({"Error": {"Code": "ResourceNotFound", "Message": "no"}}, "DescribeFeatureGroup")
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeFeatureGroup")
PROPS: dict[str, Any] = {
    "base_name": "g",
    "recordIdentifierFeatureName": "id",
    "eventTimeFeatureName": "at",
    "featureDefinitions": [{"featureName": "id", "featureType": "String"}],
    "onlineStoreConfig": {"enableOnlineStore": True, "securityConfig": {"kmsKeyId": "key"}},
    "tags": {"headrace:stack": "s", **calls.TAGS},
}


def group(name: str = "g", status: str = "Created", features: tuple[str, ...] = ("id",), **more: Any) -> dict[str, Any]:
    """What SageMaker says of a group."""
    definitions = [{"FeatureName": one, "FeatureType": "String"} for one in features]
    arn = f"arn:aws:sagemaker:eu-west-1:1:feature-group/{name}"
    said = {"FeatureGroupName": name, "FeatureGroupArn": arn, "FeatureGroupStatus": status}
    return {**said, "FeatureDefinitions": definitions, **more}


class SageMaker:
    """Answers what it was told to, group by group: the last answer again and again, an error raised."""

    def __init__(self, *, tags: dict[str, str] | None = None, **answers: list[Any]) -> None:
        self.answers = {name.replace("_v", "-v"): list(said) for name, said in answers.items()}
        self.tags = PROPS["tags"] if tags is None else tags
        self.made: list[tuple[str, Any]] = []

    def describe_feature_group(self, FeatureGroupName: str, **_: Any) -> Any:  # noqa: N803 (AWS's names)
        said = self.answers.get(FeatureGroupName, [GONE])
        answer = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    def get_paginator(self, operation: str) -> Any:
        return Pages(self, operation)

    def __getattr__(self, name: str) -> Any:
        def call(**given: Any) -> dict[str, Any]:
            self.made.append((name, given))
            return {"Description": "old"}

        return call


class Pages:
    """Two pages of a listing, the first of them empty."""

    def __init__(self, client: SageMaker, operation: str) -> None:
        self.client, self.operation = client, operation

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        names = [{"FeatureGroupName": name} for name in (*self.client.answers, "other-g")]
        tags = [{"Key": key, "Value": value} for key, value in self.client.tags.items()]
        member, found = ("FeatureGroupSummaries", names) if "groups" in self.operation else ("Tags", tags)
        yield {member: []}
        yield {member: found}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses; time passes by them alone."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(pauses))
    return pauses


def test_all_pages_of_a_group_s_features_are_read() -> None:
    pages = [group(features=("a",), NextToken="1"), group(features=("b",), NextToken="2"), group(features=("c",))]
    found = calls.describe(SageMaker(g=pages), "g")
    assert found is not None
    assert [one["FeatureName"] for one in found["FeatureDefinitions"]] == ["a", "b", "c"]


def test_a_group_that_is_not_there_is_none_and_another_error_is_one() -> None:
    assert calls.describe(SageMaker(), "g") is None
    with pytest.raises(ClientError, match="AccessDenied"):
        calls.describe(SageMaker(g=[DENIED]), "g")


def test_groups_are_found_by_the_beginning_of_their_names() -> None:
    assert calls.of(SageMaker(g_v2=[], g=[]), "g") == ["g", "g-v2"]


@pytest.mark.parametrize(
    ("tags", "free"),
    [({"headrace:stack": "s"}, True), ({"headrace:stack": "t"}, False), ({}, False), ({**calls.TAGS}, False)],
)
def test_a_name_is_taken_where_another_stack_or_nobody_holds_it(tags: dict[str, str], free: bool) -> None:
    said = calls.taken(SageMaker(tags=tags, g=[group()]), "g", PROPS["tags"])
    assert (said is None) is free
    assert said is None or "without the tags headrace:stack=s holds it" in said
    assert calls.taken(SageMaker(tags=tags), "g", PROPS["tags"]) is None


def names(client: SageMaker) -> list[str]:
    return [found["FeatureGroupName"] for found in calls.versions(client, PROPS)]


def test_versions_come_newest_first_once_they_are_made(clock: list[float]) -> None:
    making = [group("g-v10", "Creating"), group("g-v10", "Creating"), group("g-v10")]
    client: Any = SageMaker(g=[group()], g_v2=[group("g-v2")], g_v10=making, g_v0=[group("g-v0")], g_vx=[group("g-vx")])
    assert names(client) == ["g-v10", "g-v2", "g"]
    assert clock
    assert client.made == []


def test_of_versions_those_that_failed_are_deleted_and_those_that_go_are_passed_over() -> None:
    failed = [group("g-v3", "CreateFailed"), group("g-v3", "CreateFailed"), GONE]
    client: Any = SageMaker(g=[group()], g_v2=[group("g-v2", "Deleting")], g_v3=failed)
    assert names(client) == ["g"]
    assert client.made == [("delete_feature_group", {"FeatureGroupName": "g-v3"})]
    assert names(SageMaker(tags={}, g=[group()])) == []


@pytest.mark.parametrize(
    ("there", "made"),
    [({}, "g"), ({"g": [group()]}, "g-v2"), ({"g": [group()], "g_v4": [group()]}, "g-v5"), ({"g_x": [group()]}, "g")],
)
def test_the_next_free_name_is_taken(there: dict[str, Any], made: str) -> None:
    client: Any = SageMaker(**there)
    client.answers[made] = [group(made, "Creating"), group(made)]
    listed = [name for name in client.answers if name != made]
    client.get_paginator = lambda _: Listed(listed)
    assert calls.make(client, PROPS) == made
    ((action, given),) = client.made
    assert (action, given["FeatureGroupName"]) == ("create_feature_group", made)
    assert given["OnlineStoreConfig"] == {"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": "key"}}
    assert given["Tags"] == [{"Key": key, "Value": value} for key, value in PROPS["tags"].items()]
    identifiers = (given["RecordIdentifierFeatureName"], given["EventTimeFeatureName"])
    assert (identifiers, given["FeatureDefinitions"]) == (("id", "at"), group()["FeatureDefinitions"])


class Listed:
    """A listing of one page."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        yield {"FeatureGroupSummaries": [{"FeatureGroupName": name} for name in self.names]}


def test_a_group_that_fails_says_why_or_that_aws_says_no_more() -> None:
    cases: list[tuple[dict[str, Any], str]] = [({"FailureReason": "the key"}, "the key"), ({}, "AWS says no more")]
    for more, said in cases:
        client: Any = SageMaker(g=[group(status="CreateFailed", **more)])
        client.get_paginator = lambda _: Listed([])
        with pytest.raises(calls.FeatureGroupError, match=f"must become Created, and is CreateFailed: {said}"):
            calls.make(client, PROPS)


@pytest.mark.parametrize(
    ("code", "error"), [("ResourceLimitExceeded", calls.FeatureGroupError), ("Other", ClientError)]
)
def test_only_a_quota_is_told_with_its_remedy(code: str, error: type[Exception]) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "too many"}}, "CreateFeatureGroup")

    client: Any = SageMaker(g=[group()])
    client.create_feature_group = refuse
    with pytest.raises(error, match="too many"):
        calls.make(client, PROPS)


NOW: dict[str, Any] = {"LastModifiedTime": 1}
BUSY: dict[str, Any] = {"LastUpdateStatus": {"Status": "InProgress"}}
DONE: dict[str, Any] = {"LastUpdateStatus": {"Status": "Successful"}}
FAILED: dict[str, Any] = {"LastUpdateStatus": {"Status": "Failed", "FailureReason": "no room"}}


def test_only_missing_features_are_added_after_what_runs_and_until_they_are_there() -> None:
    client: Any = SageMaker(
        g=[
            group(**NOW, **BUSY),
            group(**NOW, **DONE),
            group(**NOW, **DONE),  # what was before
            group(**NOW, **FAILED),  # of an update before this one
            group(features=("id", "a"), **BUSY),
            group(features=("id", "a"), LastModifiedTime=2, **DONE),
        ]
    )
    found = calls.extend(client, "g", {"id": "String", "a": "Integral"})
    assert [one["FeatureName"] for one in found["FeatureDefinitions"]] == ["id", "a"]
    added = [{"FeatureName": "a", "FeatureType": "Integral"}]
    assert client.made == [("update_feature_group", {"FeatureGroupName": "g", "FeatureAdditions": added})]
    assert len(client.answers["g"]) == 1, "it looked until the end"


def test_an_addition_that_fails_is_told() -> None:
    client: Any = SageMaker(g=[group(**NOW, **DONE), group(LastModifiedTime=2, **FAILED)])
    with pytest.raises(calls.FeatureGroupError, match="must get the features a, and AWS says: no room"):
        calls.extend(client, "g", {"a": "String"})


def test_what_has_every_feature_is_left_alone() -> None:
    client: Any = SageMaker(g=[group()])
    calls.extend(client, "g", {"id": "String"})
    assert client.made == []


def test_a_text_is_kept_only_where_it_changes() -> None:
    client: Any = SageMaker()
    calls.explain(client, "g", "id", "old")
    calls.explain(client, "g", "id", "new")
    changes = [given for name, given in client.made if name.startswith("update")]
    assert changes == [{"FeatureGroupName": "g", "FeatureName": "id", "Description": "new"}]


def test_what_is_deleted_is_waited_for(clock: list[float]) -> None:
    client: Any = SageMaker(g=[group(), group(status="Deleting"), GONE])
    calls.delete(client, "g")
    assert [name for name, _ in client.made] == ["delete_feature_group"]
    assert len(clock) == 2


@pytest.mark.parametrize(
    ("code", "answers", "raised"),
    [
        ("ResourceNotFound", [GONE], False),
        ("ResourceInUse", [group(status="Deleting"), GONE], False),
        ("ResourceInUse", [GONE], False),
        ("ResourceInUse", [group()], True),
    ],
)
def test_a_refusal_to_delete_what_goes_already_is_no_error(code: str, answers: list[Any], raised: bool) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "DeleteFeatureGroup")

    client: Any = SageMaker(g=answers)
    client.delete_feature_group = refuse
    if raised:
        with pytest.raises(ClientError, match=code):
            calls.delete(client, "g")
    else:
        calls.delete(client, "g")


@pytest.mark.parametrize("status", ["DeleteFailed", "Deleting"])
def test_what_does_not_go_is_told_at_once_or_after_half_an_hour(clock: list[float], status: str) -> None:
    with pytest.raises(calls.FeatureGroupError, match=f"must go, and is {status}: AWS says no more"):
        calls.delete(SageMaker(g=[group(status=status)]), "g")
    assert (sum(clock) > calls._PATIENCE_SECONDS) is (status == "Deleting")


def test_what_does_not_get_ready_or_is_gone_is_told_after_its_time(clock: list[float]) -> None:
    with pytest.raises(
        calls.FeatureGroupError, match="within half an hour, and is Created, its last update InProgress"
    ):
        calls.extend(SageMaker(g=[group(**BUSY)]), "g", {})
    assert calls._PATIENCE_SECONDS < sum(clock) <= calls._PATIENCE_SECONDS + calls._SLOWEST_PAUSE_SECONDS
    assert max(clock) == calls._SLOWEST_PAUSE_SECONDS
    clock.clear()
    with pytest.raises(calls.FeatureGroupError, match="must be there, and somebody deleted it"):
        calls.extend(SageMaker(), "g", {})
    assert calls._UNSEEN_SECONDS < sum(clock) < calls._PATIENCE_SECONDS
