"""moto's backends as bytes and back: what does not pickle by itself, and bodies of objects kept apart."""

from __future__ import annotations

import functools
import io
import pickle
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import cloudpickle

from sandbox.cloud.moto.states import Place, backends
from sandbox.cloud.state.bodies import Bodies

STOPPED = "the local cloud stopped"
_LOCKS: dict[type, Callable[[], Any]] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
}
_AWS_POLICY = "AWS-managed policy"


def dump(backend: Any, bodies: Bodies) -> bytes:
    """Return a backend's state as bytes; the bodies of S3 objects go to `bodies`."""
    places = {id(other): place for place, other in backends(backend.account_id)}
    buffer = io.BytesIO()
    _Pickler(buffer, places, bodies).dump(backend.__dict__)
    return buffer.getvalue()


def load(state: bytes, live: Callable[[Place], Any], bodies: Bodies) -> dict[str, Any]:
    """Return a backend's attributes; `live` finds the backends that they refer to."""
    found: dict[str, Any] = _Unpickler(io.BytesIO(state), live, bodies).load()
    return found


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    def __init__(self, buffer: io.BytesIO, places: dict[int, Place], bodies: Bodies) -> None:
        super().__init__(buffer, protocol=pickle.HIGHEST_PROTOCOL)
        self._places = places
        self._bodies = bodies

    def persistent_id(self, obj: Any) -> Any:
        """Name instead of writing what exists once: a backend, and a policy that AWS manages (there are 1,400)."""
        if type(obj).__name__ == "AWSManagedPolicy":
            return (_AWS_POLICY, obj.account_id, obj.arn, obj.attachment_count)
        return self._places.get(id(obj))

    def reducer_override(self, obj: Any) -> Any:
        """Write what has no pickled form of its own."""
        kind = type(obj)
        if kind in _LOCKS:
            return _LOCKS[kind], ()
        reduce = _REDUCERS.get((kind.__module__, kind.__name__))
        if reduce:
            return reduce(obj, self._bodies)
        if isinstance(obj, dict) and kind.__module__.startswith("moto."):
            return _reduce_dict(obj)
        if kind.__module__.startswith("cryptography.") and hasattr(obj, "private_bytes"):
            return _private_key(obj)
        return super().reducer_override(obj)


class _Unpickler(pickle.Unpickler):
    def __init__(self, buffer: io.BytesIO, live: Callable[[Place], Any], bodies: Bodies) -> None:
        super().__init__(buffer)
        self._live = live
        self.bodies = bodies

    def persistent_load(self, place: tuple[Any, ...]) -> Any:
        if place[0] == _AWS_POLICY:
            _, account, arn, attached = place
            policy = self._live(("moto.iam.models", "iam_backends", account, "aws")).managed_policies[arn]
            policy.attachment_count = attached
            return policy
        return self._live(cast(Place, place))

    def find_class(self, module: str, name: str) -> Any:
        if module == __name__ and name in ("_object", "_execution"):
            return functools.partial(globals()[name], bodies=self.bodies)
        return super().find_class(module, name)


def _private_key(key: Any) -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: PLC0415

    return _loaded_key, (key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),)


def _loaded_key(written: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_private_key  # noqa: PLC0415

    return load_der_private_key(written, None)


def _reduce_object(key: Any, bodies: Bodies) -> Any:
    """Write an S3 object without its body."""
    state = dict(key.__dict__)
    del state["_value_buffer"], state["lock"]
    digest = bodies.keep(key, _buffer_of(key), lambda: b"" if key.disposed else key.value)
    return _object, (type(key), state, digest)


def _buffer_of(key: Any) -> tuple[int, int]:
    return id(key._value_buffer), key.contentsize


def _object(kind: Any, state: dict[str, Any], digest: str, bodies: Bodies) -> Any:
    key = kind.__new__(kind)
    key.__setstate__({**state, "value": bodies.read(digest)})
    bodies.known(key, _buffer_of(key), digest)
    return key


def _reduce_dict(obj: Any) -> Any:
    """Write a dictionary class of moto's as it is inside: several read and write items in ways of their own."""
    state = (dict(obj.__dict__), list(dict.items(obj)), getattr(obj, "default_factory", None))
    return _blank, (type(obj),), state, None, None, _fill_dict


def _blank(kind: Any) -> Any:
    return kind.__new__(kind)


def _fill_dict(made: Any, state: tuple[dict[str, Any], list[tuple[Any, Any]], Any]) -> None:
    attributes, items, factory = state
    made.__dict__.update(attributes)
    dict.update(made, items)
    if factory is not None:
        made.default_factory = factory


def _reduce_execution(execution: Any, bodies: Bodies) -> Any:
    """Write an execution without the thread that runs it, but with its history, which only grows."""
    state = dict(execution.__dict__)
    worker = state.pop("exec_worker", None)
    environment = getattr(worker, "env", None)
    state["_cloud_watch_logging_session"] = None
    if environment is None:
        return _execution, (type(execution), state, None)
    manager = environment.event_manager
    length = len(manager._history_event_list)
    digest = bodies.keep(execution, length, lambda: pickle.dumps(manager.get_event_history()[:length]))
    return _execution, (type(execution), state, (length, digest))


def _execution(kind: Any, state: dict[str, Any], history: tuple[int, str] | None, bodies: Bodies) -> Any:
    from moto.stepfunctions.parser.api import ExecutionStatus  # noqa: PLC0415

    made = kind.__new__(kind)
    made.__dict__.update(state)
    if history:
        bodies.known(made, *history)
        made.exec_worker = EndedWorker(*history, bodies)
    else:
        made.exec_worker = None
    if made.exec_status == ExecutionStatus.RUNNING:
        made.exec_status = ExecutionStatus.FAILED
        made.error, made.cause = "States.Runtime", STOPPED
        made.stop_date = datetime.now(UTC)
    return made


class EndedWorker:
    """In an execution's place of a worker, once the process that ran it is gone: only the history is left."""

    def __init__(self, length: int, digest: str, bodies: Bodies) -> None:
        self._history_event_list = range(length)  # what the next snapshot asks for
        self._digest = digest
        self._bodies = bodies

    @property
    def env(self) -> EndedWorker:
        """Itself: moto asks the worker's environment's event manager."""
        return self

    @property
    def event_manager(self) -> EndedWorker:
        """Itself."""
        return self

    def get_event_history(self) -> list[Any]:
        """Return the events up to the last snapshot."""
        events: list[Any] = pickle.loads(self._bodies.read(self._digest))  # noqa: S301 - our own file
        return events

    def stop(self, **_: Any) -> None:
        """Nothing runs any more."""


_REDUCERS: dict[tuple[str, str], Callable[[Any, Bodies], Any]] = {
    ("moto.s3.models", "FakeKey"): _reduce_object,
    ("moto.stepfunctions.parser.backend.execution", "Execution"): _reduce_execution,
}
