"""Reusable ComponentResources, one noun a file or folder. They know nothing of environments or of the workload file.

A folder shows what its files hold: `from components.endpoint import Endpoint, EndpointArgs`.

A deployed state names the provider of each dynamic resource by module and class, and Pulumi deletes with what it finds
there. So a module whose provider was moved is still found under the name that it had.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_MOVED = {
    "components.endpoint_birth": "components.endpoint.birth",
    "components.feature_group": "components.features.group",
    "components.feature_group_sweep": "components.features.sweep",
    "components.image_build": "components.image.build",
    "components.tracking_birth": "components.tracking.birth",
}


class _Moved(ModuleType):
    """A module that reads the one in its place when it is asked for something."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(_MOVED[self.__name__]), name)


sys.modules.update({name: _Moved(name) for name in _MOVED})
