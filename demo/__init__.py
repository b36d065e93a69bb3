"""The story that `make demo` tells, written against AWS's API alone."""
