"""Whose account it is: asked before everything else, because nothing about another account matters."""

from __future__ import annotations

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearse.asking import Aws
from stacks.settings import Settings
from workloads.problems import Problem, ProblemsError

_REMEDY = "Set up credentials of that account: `aws configure sso`, or AWS_PROFILE."


def account(aws: Aws, settings: Settings) -> str:
    """Return the account that the credentials belong to.

    Raises
    ------
    ProblemsError
        If there are none, they do not work in the region, or they belong to an account that the settings do not allow.
    """
    if settings.region not in boto3.Session().get_available_regions("sagemaker"):
        remedy = "Correct it; if AWS has opened the region since, update botocore."
        rule = "be a region with SageMaker"
        raise ProblemsError([Problem(field="headrace:region", rule=rule, value=settings.region, remedy=remedy)])
    try:
        found = str(aws.ask("sts", "GetCallerIdentity")["Account"])
    except (ClientError, BotoCoreError) as error:
        rule = f"be valid in {settings.region}"
        raise ProblemsError([Problem(field="AWS credentials", rule=rule, value=str(error), remedy=_REMEDY)]) from error
    if found not in settings.allowed_account_ids:
        rule = f"belong to one of {', '.join(settings.allowed_account_ids)}, as headrace:allowed_account_ids says"
        raise ProblemsError([Problem(field="AWS credentials", rule=rule, value=found, remedy=_REMEDY)])
    return found
