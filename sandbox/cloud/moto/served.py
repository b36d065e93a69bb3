"""Which actions moto serves."""

from __future__ import annotations

import importlib
import importlib.util
import inspect


def actions(service: str) -> set[str]:
    """Return the actions of a service, by botocore's name of it, for which moto has a function."""
    from moto.core.responses import BaseResponse  # noqa: PLC0415 - moto is configured by then
    from moto.core.utils import camelcase_to_underscores, get_service_model, method_names_from_class  # noqa: PLC0415

    module = f"moto.{service.replace('-', '')}.responses"
    if importlib.util.find_spec(module.rpartition(".")[0]) is None:
        return set()
    found = importlib.import_module(module)
    classes = [one for _, one in inspect.getmembers(found, inspect.isclass) if issubclass(one, BaseResponse)]
    functions = {name for one in classes if one is not BaseResponse for name in method_names_from_class(one)}
    return {name for name in get_service_model(service).operation_names if camelcase_to_underscores(name) in functions}
