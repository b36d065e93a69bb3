"""Births that can be tried again: what a creation that failed leaves behind under a name of ours goes before the next.

`calls` asks SageMaker, and needs no Pulumi; `provider` is what the births of endpoint and tracking server share.
"""
