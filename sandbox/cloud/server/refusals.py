"""What AWS says to a request whose signature it does not accept; each family of services has its own words."""

from __future__ import annotations

from sandbox.cloud.actions import AwsError

_INVALID = "The security token included in the request is invalid."
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
# Reason -> (code, status, message) of S3, and (code, message) of all others
_S3 = {
    "missing": ("AccessDenied", 403, "Access Denied"),
    "unknown": ("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."),
    "token": ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
    "expired": ("ExpiredToken", 400, "The provided token has expired."),
    "mismatch": (
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        "method.",
    ),
    "skewed": (
        "RequestTimeTooSkewed",
        403,
        "The difference between the request time and the current time is too large.",
    ),
    "malformed": ("AuthorizationHeaderMalformed", 400, "The authorization header is malformed."),
    "unsigned header": ("AccessDenied", 403, "There were headers present in the request which were not signed"),
    "payload": (
        "XAmzContentSHA256Mismatch",
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
    ),
    "old link": ("AccessDenied", 403, "Request has expired"),
    "digest": ("BadDigest", 400, "The checksum you specified did not match what we received."),
}
_OTHERS = {
    "missing": ("MissingAuthenticationToken", "Request is missing Authentication Token"),
    "unknown": ("InvalidClientTokenId", _INVALID),
    "token": ("InvalidClientTokenId", _INVALID),
    "expired": ("ExpiredToken", "The security token included in the request is expired"),
    "mismatch": ("SignatureDoesNotMatch", _MISMATCH),
    "skewed": ("SignatureDoesNotMatch", "Signature expired or not yet current"),
    "malformed": ("IncompleteSignature", "The request signature does not conform to AWS standards."),
    "unsigned header": ("SignatureDoesNotMatch", "An x-amz- header is not among the SignedHeaders"),
    "payload": ("SignatureDoesNotMatch", _MISMATCH),
    "old link": ("SignatureDoesNotMatch", "Signature expired"),
}
_IN_JSON = {
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "ExpiredToken": "ExpiredTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "IncompleteSignature": "IncompleteSignatureException",
}


class SignatureError(Exception):
    """A request is not who it says it is.

    Parameters
    ----------
    reason : str
        A key of `_S3`; all but `digest`, which only S3 says, are keys of `_OTHERS` too.
    detail : str
        A message that says more than the table's.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}")
        self.reason = reason
        self.detail = detail


def as_aws_says(error: SignatureError, service: str, protocol: str) -> AwsError:
    """Return the error as a service of a protocol writes it."""
    if service in ("s3", "s3control"):
        code, status, message = _S3[error.reason]
        return AwsError(code, error.detail or message, status)
    code, message = _OTHERS[error.reason]
    if protocol in ("json", "rest-json"):
        return AwsError(_IN_JSON[code], error.detail or message, 400 if protocol == "json" else 403)
    return AwsError(code, error.detail or message, 403)
