"""One rule a file, by AWS service; every module here defines RULE and is found by walking the package."""
