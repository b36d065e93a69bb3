"""A stack stays what it was deployed as; a refusal says what became what, and both ways on."""

from __future__ import annotations

from typing import Any

import pytest

from components import identity
from components.identity import IdentityError, IdentityProvider

DEPLOYED: dict[str, Any] = {
    "environment": "dev",
    "region": "eu-west-1",
    "allowed_account_ids": ["111122223333"],
}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_account", lambda region: "111122223333")


def deployed_again(**changed: Any) -> bool:
    """Deploy, then plan again with something changed; say whether there is anything to do."""
    made = IdentityProvider().create(DEPLOYED)
    return bool(IdentityProvider().diff(made.id, made.outs or {}, {**DEPLOYED, "account_id": None, **changed}).changes)


def test_the_same_again_is_nothing_to_do() -> None:
    assert not deployed_again()


@pytest.mark.parametrize(
    ("field", "value", "back"),
    [
        ("environment", "staging", "`pulumi stack rename dev`"),
        ("region", "us-east-1", "`headrace:region: eu-west-1`"),
    ],
)
def test_another_environment_is_refused_with_the_way_back_and_the_way_on(field: str, value: str, back: str) -> None:
    with pytest.raises(IdentityError) as refused:
        deployed_again(**{field: value})
    said = str(refused.value)
    assert f"{field} {DEPLOYED[field]!r} became {value!r}" in said
    assert back.strip("`") in said
    assert "Nothing was changed." in said
    assert "`pulumi stack init`" in said


def test_everything_that_became_another_is_told_at_once() -> None:
    with pytest.raises(
        IdentityError, match="environment 'dev' became 'staging', region 'eu-west-1' became 'us-east-1'"
    ):
        deployed_again(region="us-east-1", environment="staging")


def test_credentials_of_another_account_are_refused_also_where_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = IdentityProvider().create(DEPLOYED)
    monkeypatch.setattr(identity, "_account", lambda region: "444455556666")
    news = {**DEPLOYED, "allowed_account_ids": ["111122223333", "444455556666"]}
    with pytest.raises(IdentityError, match=r"account 111122223333 became 444455556666.*credentials of account 1111"):
        IdentityProvider().diff(made.id, made.outs or {}, news)


def test_the_account_that_it_is_in_must_stay_allowed() -> None:
    with pytest.raises(IdentityError, match="111122223333 is not allowed any more"):
        deployed_again(allowed_account_ids=["444455556666"])


def test_one_more_allowed_account_is_remembered() -> None:
    assert deployed_again(allowed_account_ids=["111122223333", "444455556666"])
    made = IdentityProvider().create(DEPLOYED)
    news = {**DEPLOYED, "allowed_account_ids": ["111122223333", "444455556666"]}
    outs = IdentityProvider().update(made.id, made.outs or {}, news).outs
    assert outs == {**news, "account_id": "111122223333"}


def test_an_account_that_is_not_allowed_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_account", lambda region: "000000000000")
    with pytest.raises(IdentityError, match="one of the accounts 111122223333, got account 000000000000"):
        IdentityProvider().create(DEPLOYED)


def test_credentials_that_are_none_are_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "nothing-there")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(IdentityError, match=r"must be valid, and AWS says: Unable to locate credentials.*Set other"):
        IdentityProvider().create(DEPLOYED)
