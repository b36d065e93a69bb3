"""Feature groups against the local cloud: extended in place, replaced beside, never taken from somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import dill
import pytest
from botocore.exceptions import ClientError

from components.account import WrongAccountError
from components.features import calls
from components.features.group import FeatureGroupProvider
from components.features.sweep import FeatureGroupSweepProvider
from sandbox.cloud import credentials
from sandbox.cloud.settings import LOCAL_ACCOUNT
from tests.cloud.local import REGION, Cloud, started

KEY = f"arn:aws:kms:{REGION}:{LOCAL_ACCOUNT}:key/one"
STACK = {"headrace:stack": "test", "headrace:workload": "flights"}
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that the providers' own clients reach, as they reach AWS."""
    with started(Cloud, tmp_path_factory.mktemp("groups")) as made, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.settings.endpoint_url)
        for name, value in credentials.of(made.settings.folder).items():
            monkeypatch.setenv(name, value)
        yield made


def wanted(base_name: str = "", **changed: Any) -> dict[str, Any]:
    """What the resource is made from; `features` replaces the types by name."""
    features = changed.pop("features", {"tail": "String", "at": "String", "delay": "Fractional", "seats": "Integral"})
    return {
        "account_id": LOCAL_ACCOUNT,
        "region": REGION,
        "base_name": base_name or f"group-{next(_NUMBERS)}-aircraft",
        "description": "An aircraft",
        "tags": {**STACK, **calls.TAGS},
        "recordIdentifierFeatureName": "tail",
        "eventTimeFeatureName": "at",
        "featureDefinitions": [{"featureName": name, "featureType": kind} for name, kind in features.items()],
        "onlineStoreConfig": {"enableOnlineStore": True, "securityConfig": {"kmsKeyId": KEY}},
        **changed,
    }


def changed(props: dict[str, Any], **types: str | None) -> dict[str, Any]:
    """The same with features added, retyped, or, as None, removed."""
    features = {one["featureName"]: one["featureType"] for one in props["featureDefinitions"]} | types
    definitions = [{"featureName": name, "featureType": kind} for name, kind in features.items() if kind is not None]
    return {**props, "featureDefinitions": definitions}


class Deployed:
    """A group as Pulumi drives it: diff, then update or replacement."""

    def __init__(self, props: dict[str, Any]) -> None:
        self.provider = FeatureGroupProvider()
        self.props = props
        self._made(self.provider.create(props))

    def _made(self, made: Any) -> None:
        self.id, self.outs = made.id, made.outs

    def change(self, props: dict[str, Any]) -> str:
        """Deploy again; say what became of the group."""
        diff = self.provider.diff(self.id, self.outs, props)
        assert diff.delete_before_replace is False
        if not diff.changes:
            return "nothing"
        if diff.replaces:
            self._made(self.provider.create(props))
            return "beside"
        self.outs = self.provider.update(self.id, self.outs, props).outs
        return "in place"


def definitions(cloud: Cloud, name: str) -> dict[str, str]:
    """A group's types by feature, as AWS has them."""
    found = cloud.client("sagemaker").describe_feature_group(FeatureGroupName=name)
    assert found["FeatureGroupStatus"] == "Created"
    return {feature["FeatureName"]: feature["FeatureType"] for feature in found["FeatureDefinitions"]}


def put(cloud: Cloud, name: str, **values: str) -> None:
    """Write a record."""
    record = [{"FeatureName": one, "ValueAsString": value} for one, value in values.items()]
    cloud.client("sagemaker-featurestore-runtime").put_record(FeatureGroupName=name, Record=record)


def get(cloud: Cloud, name: str) -> dict[str, str]:
    """Read the record of N1."""
    runtime = cloud.client("sagemaker-featurestore-runtime")
    found = runtime.get_record(FeatureGroupName=name, RecordIdentifierValueAsString="N1").get("Record", [])
    return {feature["FeatureName"]: feature["ValueAsString"] for feature in found}


def test_a_feature_is_added_in_place_and_the_values_stay(cloud: Cloud) -> None:
    props = wanted()
    group = Deployed(props)
    put(cloud, group.id, tail="N1", at="2013-04-01T10:00:00Z", delay="3.5")
    assert group.change(changed(props, built="Integral")) == "in place"
    assert group.outs["group_name"] == props["base_name"]
    assert definitions(cloud, group.id)["built"] == "Integral"
    assert get(cloud, group.id)["delay"] == "3.5"
    assert group.change(changed(props, built="Integral")) == "nothing"


def test_more_features_than_one_call_takes_are_added(cloud: Cloud) -> None:
    props = wanted()
    group = Deployed(props)
    assert group.change(changed(props, **{f"more{number}": "String" for number in range(150)})) == "in place"
    assert len(definitions(cloud, group.id)) == 154


def test_a_feature_that_is_removed_stays_in_the_group_and_can_come_back(cloud: Cloud) -> None:
    props = wanted()
    group = Deployed(props)
    assert group.change(changed(props, seats=None)) == "in place"
    assert "seats" in definitions(cloud, group.id)
    assert group.change(props) == "in place"
    assert group.change(changed(props, seats=None)) == "in place"
    assert group.change(changed(props, seats="String")) == "beside", "the group still has it as a number"


@pytest.mark.parametrize(
    "change",
    [
        {"features": {"tail": "String", "at": "String", "delay": "Fractional", "seats": "Fractional"}},
        {
            "features": {"tail": "String", "at": "String", "delay": "Fractional", "n": "String"},
            **{"recordIdentifierFeatureName": "n"},
        },
        {"features": {"tail": "String", "at": "String", "since": "String"}, "eventTimeFeatureName": "since"},
        {"onlineStoreConfig": {"enableOnlineStore": True, "securityConfig": {"kmsKeyId": KEY[:-3] + "two"}}},
    ],
    ids=["type", "record identifier", "event time", "key"],
)
def test_what_aws_cannot_change_is_made_beside_and_the_old_group_keeps_its_values(
    cloud: Cloud, change: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    props = wanted()
    group = Deployed(props)
    put(cloud, group.id, tail="N1", at="2013-04-01T10:00:00Z", delay="3.5")
    assert group.change(wanted(props["base_name"], **change)) == "beside"
    assert group.id == group.outs["group_name"] == f"{props['base_name']}-v2"
    assert get(cloud, props["base_name"])["delay"] == "3.5"
    assert get(cloud, group.id) == {}
    said = capsys.readouterr().err
    assert f"Feature group {props['base_name']}: " in said
    assert "made beside it, empty until the training pipeline has run" in said
    assert "Run the pipeline after this update" in said


def test_going_back_takes_the_group_that_was_there_before(cloud: Cloud) -> None:
    props = wanted()
    group = Deployed(props)
    retyped = changed(props, seats="Fractional")
    assert group.change(retyped) == "beside"
    assert group.change(props) == "beside"
    assert group.id == props["base_name"]
    assert group.change(changed(props, delay="Integral")) == "beside"
    assert group.id == f"{props['base_name']}-v3"


def test_a_reworded_description_arrives_in_place(cloud: Cloud) -> None:
    props = wanted()
    group = Deployed(props)
    assert group.change({**props, "description": "A plane; a row at each landing."}) == "in place"
    client = cloud.client("sagemaker")
    found = client.describe_feature_metadata(FeatureGroupName=group.id, FeatureName="tail")
    assert found["Description"] == "A plane; a row at each landing."
    assert "Description" not in client.describe_feature_group(FeatureGroupName=group.id)


def test_a_group_whose_making_was_cut_off_is_taken_up_again(cloud: Cloud) -> None:
    props = wanted()
    client = cloud.client("sagemaker")
    calls.make(client, props)
    assert Deployed(changed(props, built="String")).id == props["base_name"]
    assert "built" in definitions(cloud, props["base_name"])


def test_a_name_that_somebody_else_holds_is_refused_before_anything_is_made(cloud: Cloud) -> None:
    props = wanted()
    calls.make(cloud.client("sagemaker"), {**props, "tags": {"team": "another"}})
    (failure,) = FeatureGroupProvider().check({}, props).failures
    assert failure.reason == (
        f"The name of feature group {props['base_name']} must be free, and a group without the tags "
        "headrace:stack=test, headrace:workload=flights holds it. Delete that group, or name the environment, the "
        "workload or the entity differently."
    )
    with pytest.raises(calls.FeatureGroupError, match="must be free"):
        FeatureGroupProvider().create(props)
    assert calls.of(cloud.client("sagemaker"), props["base_name"]) == [props["base_name"]]


def test_a_group_that_the_stack_made_in_another_way_keeps_its_name(cloud: Cloud) -> None:
    props = wanted()
    calls.make(cloud.client("sagemaker"), {**props, "tags": STACK})
    assert FeatureGroupProvider().check({}, props).failures == []
    assert Deployed(props).id == f"{props['base_name']}-v2"


def test_a_refresh_sees_what_was_added_and_what_was_deleted_by_hand(cloud: Cloud) -> None:
    props = wanted()
    group = Deployed(props)
    added = [{"FeatureName": "wind", "FeatureType": "String"}]
    cloud.client("sagemaker").update_feature_group(FeatureGroupName=group.id, FeatureAdditions=added)
    calls.extend(cloud.client("sagemaker"), group.id, {})
    outs = group.provider.read(group.id, group.outs).outs or {}
    assert {"featureName": "wind", "featureType": "String"} in outs["stored"]["featureDefinitions"]
    calls.delete(cloud.client("sagemaker"), group.id)
    assert group.provider.read(group.id, group.outs).id == ""


class Stale:
    """A client whose first looks show what was before; `answers` are what DescribeFeatureGroup says in turn."""

    def __init__(self, *answers: dict[str, Any] | None) -> None:
        self.answers = list(answers)
        self.added: list[str] = []

    def describe_feature_group(self, **_: str) -> dict[str, Any]:
        """Give the next answer; the last one for ever."""
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            raise ClientError({"Error": {"Code": "ResourceNotFound", "Message": "?"}}, "DescribeFeatureGroup")
        return answer

    def update_feature_group(self, **given: Any) -> None:
        """Note what is added."""
        self.added += [one["FeatureName"] for one in given["FeatureAdditions"]]


def seen(at: int, *features: str, **more: Any) -> dict[str, Any]:
    """A group as DescribeFeatureGroup shows it."""
    definitions = [{"FeatureName": name, "FeatureType": "String"} for name in features]
    return {"FeatureGroupStatus": "Created", "FeatureDefinitions": definitions, "LastModifiedTime": at, **more}


def test_looks_that_show_what_was_before_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_PAUSE_SECONDS", 0.01)
    failed = {"LastUpdateStatus": {"Status": "Failed", "FailureReason": "an earlier one"}}
    new = seen(2, "tail", "wind", LastUpdateStatus={"Status": "Successful"})
    stale = Stale(None, seen(1, "tail", **failed), seen(1, "tail", **failed), None, new)
    assert calls.extend(stale, "group", {"tail": "String", "wind": "String"}) == new
    assert stale.added == ["wind"]


def test_an_update_that_fails_is_told_with_awss_reason() -> None:
    failed = {"LastUpdateStatus": {"Status": "Failed", "FailureReason": "AWS cannot."}}
    with pytest.raises(calls.FeatureGroupError, match=r"must get the features wind, and AWS says: AWS cannot\."):
        calls.extend(Stale(seen(1, "tail"), seen(2, "tail", **failed)), "group", {"wind": "String"})


def test_a_group_that_is_gone_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_UNSEEN_SECONDS", -1.0)
    with pytest.raises(calls.FeatureGroupError, match=r"somebody deleted it\. Run `pulumi refresh`"):
        calls.extend(Stale(None), "group", {"wind": "String"})


def test_a_full_account_is_told_with_the_remedy() -> None:
    class Full:
        def get_paginator(self, _: str) -> Any:
            return self

        def paginate(self, **_: str) -> list[dict[str, Any]]:
            return [{"FeatureGroupSummaries": []}]

        def create_feature_group(self, **_: Any) -> None:
            said = {"Code": "ResourceLimitExceeded", "Message": "The account has 100 feature groups."}
            raise ClientError({"Error": said}, "CreateFeatureGroup")

    with pytest.raises(calls.FeatureGroupError, match=r"has 100 feature groups\. Ask for more in Service Quotas"):
        calls.make(Full(), wanted())


def test_another_account_is_left_alone(cloud: Cloud) -> None:
    props = wanted(account_id="111122223333")
    with pytest.raises(WrongAccountError, match="111122223333"):
        FeatureGroupProvider().create(props)
    assert calls.of(cloud.client("sagemaker"), props["base_name"]) == []


@pytest.mark.parametrize("provider", [FeatureGroupProvider(), FeatureGroupSweepProvider()])
def test_the_serialised_provider_names_its_class_and_nothing_more(provider: Any) -> None:
    assert len(dill.dumps(provider, protocol=0)) < 300
