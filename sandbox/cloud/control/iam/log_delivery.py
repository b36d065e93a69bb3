"""What is looked at before Step Functions, CloudWatch Logs and S3 write logs: a role's rights, a resource's policy."""

from __future__ import annotations

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.control.iam import authorization, encryption
from sandbox.cloud.moto import s3

# Step Functions developer guide, "Logging using CloudWatch Logs": all of them, on every resource.
_OF_THE_MACHINE = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
_KEY_ACTIONS = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:GenerateDataKey", "kms:DescribeKey")
_ACCESS_LOGS = "logging.s3.amazonaws.com"


def check_machine(role_arn: str, params: Params) -> None:
    """Refuse a state machine that is to log with a role that may not deliver logs.

    Raises
    ------
    AwsError
        AccessDeniedException, in the words of Step Functions.
    """
    logging = params.get("loggingConfiguration") or {}
    if logging.get("level", "OFF") == "OFF" or not logging.get("destinations"):
        return
    session = authorization.Session(role_arn, f"{role_arn}/states")
    try:
        for action in _OF_THE_MACHINE:
            authorization.require(session, "logs", action, (), {})
    except AwsError as refused:
        raise AwsError(
            "AccessDeniedException",
            f"The state machine IAM Role is not authorized to access the Log Destination ({refused.message})",
        ) from refused


@handles("logs", "CreateLogGroup", "AssociateKmsKey")
def _with_key(call: Call) -> Params:
    """Refuse a key whose policy does not let CloudWatch Logs use it for the group."""
    key, group = call.params.get("kmsKeyId"), call.params.get("logGroupName")
    if key:
        arn = encryption.key_arn(call, key)
        about = f"arn:aws:logs:{call.region}:{call.account}:log-group:{group}"
        context = {"kms:encryptioncontext:aws:logs:arn": [about], "kms:encryptioncontextkeys": ["aws:logs:arn"]}
        principal = f"logs.{call.region}.amazonaws.com"
        if not all(authorization.service_may(principal, action, arn, context) for action in _KEY_ACTIONS):
            raise AwsError(
                "InvalidParameterException",
                f"The specified KMS key does not exist or is not allowed to be used with Arn '{about}'",
            )
    return call.forward()


def on_start() -> None:
    """Let moto write an S3 access log only where the target bucket's policy lets the logging service do it."""
    s3.deliver_access_logs(_may_log)


def _may_log(bucket: str, log: str) -> bool:
    context = {"aws:sourceaccount": [settings.current().account], "aws:sourcearn": [f"arn:aws:s3:::{bucket}"]}
    return authorization.service_may(_ACCESS_LOGS, "s3:PutObject", log, context)
