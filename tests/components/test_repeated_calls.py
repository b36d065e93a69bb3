"""A call whose answer was lost is asked again by the client, and then finds its own work done: no error of ours."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.births import calls as births
from components.features import calls
from components.features.calls import FeatureGroupError
from components.features.group import FeatureGroupProvider
from tests.cloud.local import Cloud
from tests.components.features.test_group import changed, cloud, definitions, wanted

__all__ = ["cloud"]


class LosesAnswers:
    """A client that does everything, gets no first answer of some actions, and asks again, as boto3's clients do."""

    def __init__(self, client: Any, *actions: str) -> None:
        self._client = client
        self.left = list(actions)

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name not in self.left:
            return call
        self.left.remove(name)

        def asked_twice(**given: Any) -> Any:
            call(**given)
            try:
                return call(**given)
            except ClientError as error:
                error.response["ResponseMetadata"]["RetryAttempts"] = 1
                raise

        return asked_twice


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(calls, "_UNSEEN_SECONDS", 2.0)


def test_a_group_that_was_made_without_an_answer_is_taken(cloud: Cloud, hurry: None) -> None:
    props = wanted()
    client = LosesAnswers(cloud.client("sagemaker"), "create_feature_group")
    assert calls.make(client, props) == props["base_name"]
    assert client.left == []
    assert calls.of(cloud.client("sagemaker"), props["base_name"]) == [props["base_name"]]


def test_a_version_that_the_list_does_not_show_yet_is_not_taken_for_another(cloud: Cloud, hurry: None) -> None:
    props = wanted()
    FeatureGroupProvider().create(props)

    class Empty(LosesAnswers):
        def get_paginator(self, name: str) -> Any:
            return self if name == "list_feature_groups" else self._client.get_paginator(name)

        def paginate(self, **_: str) -> list[dict[str, Any]]:
            return [{"FeatureGroupSummaries": []}]

    retyped = changed(props, seats="Fractional")
    assert calls.make(Empty(cloud.client("sagemaker")), retyped) == f"{props['base_name']}-v2"
    assert definitions(cloud, props["base_name"])["seats"] == "Integral"


def test_a_name_that_somebody_took_meanwhile_is_refused(cloud: Cloud, hurry: None) -> None:
    props = wanted()
    calls.make(cloud.client("sagemaker"), {**props, "tags": {"team": "another"}})
    with pytest.raises(FeatureGroupError, match="must be free, and a group without the tags"):
        calls._create(cloud.client("sagemaker"), props["base_name"], props)


def test_features_that_were_added_without_an_answer_are_added_once(cloud: Cloud, hurry: None) -> None:
    props = wanted()
    name = calls.make(cloud.client("sagemaker"), props)
    client = LosesAnswers(cloud.client("sagemaker"), "update_feature_group")
    found = calls.extend(client, name, {"wind": "String"})
    assert client.left == []
    assert [one["FeatureName"] for one in found["FeatureDefinitions"]].count("wind") == 1


def test_a_refusal_is_told_even_if_the_call_was_repeated(hurry: None) -> None:
    group = {"FeatureGroupStatus": "Created", "FeatureDefinitions": [{"FeatureName": "tail"}]}

    class Refuses:
        def describe_feature_group(self, **_: str) -> dict[str, Any]:
            return group

        def update_feature_group(self, **_: Any) -> None:
            raise ClientError({**refusal("No."), "ResponseMetadata": {"RetryAttempts": 2}}, "UpdateFeatureGroup")

    with pytest.raises(ClientError, match="No"):
        calls._add(Refuses(), "group", [{"FeatureName": "wind", "FeatureType": "String"}])


def test_a_group_that_was_deleted_without_an_answer_is_gone(cloud: Cloud, hurry: None) -> None:
    props = wanted()
    name = calls.make(cloud.client("sagemaker"), props)
    client = LosesAnswers(cloud.client("sagemaker"), "delete_feature_group")
    calls.delete(client, name)
    assert client.left == []
    assert calls.describe(cloud.client("sagemaker"), name) is None


@pytest.mark.parametrize("code", ["ResourceNotFound", "AccessDenied"])
def test_what_is_known_to_be_there_is_asked_for_again(code: str, hurry: None) -> None:
    answers: list[Any] = [{"Error": {"Code": code, "Message": "?"}}, {"Error": {"Code": code, "Message": "?"}}, 7]

    def read() -> int:
        answer = answers.pop(0)
        if isinstance(answer, int):
            return answer
        raise ClientError(answer, "ListTags")

    if code == "ResourceNotFound":
        assert calls._known(read) == 7
    else:
        with pytest.raises(ClientError, match=code):
            calls._known(read)


def refusal(message: str, code: str = "ValidationException") -> Any:
    """What a client hears."""
    return {"Error": {"Code": code, "Message": message}}


IN_PROGRESS = 'Cannot update in-progress endpoint "arn:aws:sagemaker:us-east-1:000000000000:endpoint/e".'


@pytest.mark.parametrize(
    ("said", "status", "bearable"),
    [
        ('Could not find endpoint "arn:aws:sagemaker:us-east-1:000000000000:endpoint/e".', "Failed", True),
        (IN_PROGRESS, "Deleting", True),
        (IN_PROGRESS, "Failed", False),
    ],
)
def test_a_failed_endpoint_that_was_deleted_without_an_answer_is_no_error(
    said: str, status: str, bearable: bool
) -> None:
    class Client:
        def delete_endpoint(self, **_: str) -> None:
            raise ClientError(refusal(said), "DeleteEndpoint")

        def describe_endpoint(self, **_: str) -> dict[str, str]:
            return {"EndpointStatus": status}

    if bearable:
        births._delete(births.ENDPOINT, Client(), "e")
    else:
        with pytest.raises(ClientError):
            births._delete(births.ENDPOINT, Client(), "e")
