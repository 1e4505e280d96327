"""Entries that have mistakes, as far as they can be read: what is good in them is still checked against the rest."""

import types
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from plantsafe.plant.model.entry import Entry, Found
from plantsafe.plant.yaml_tree import Where


class NotKnownError(Exception):
    """A rule asked for a field that could not be read: the rule cannot be judged, the field's own mistake is told."""


UNREADABLE = (NotKnownError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError)
"""What a rule may raise over partial entries: their values may be of any kind."""


class Partial:
    """An entry with the fields that could be read; asking for another one raises NotKnownError.

    A number that could not be read is NaN, so that a rule which compares it finds nothing and goes on to the next.
    """

    def __init__(self, model: type[Entry] | None, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)
        self.__dict__["_model"] = model

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._model, name, None)
        if isinstance(member, property) and member.fget is not None:
            return member.fget(self)
        raise NotKnownError(name)

    def own_mistakes(self) -> Iterator[Found]:
        """What the rules of the entry, and of the entries in it, find in what could be read."""
        if self._model is not None:
            with suppress(*UNREADABLE):
                # a value that could not be read may be of any kind; its own mistake is told
                yield from self._model.own_mistakes(self)
        for name, value in self.__dict__.items():
            if name != "_model":
                yield from _inner_mistakes(value, (self._key(name),))

    def _key(self, name: str) -> str:
        info = None if self._model is None else self._model.model_fields.get(name)
        return (info.alias if info else None) or name


def _inner_mistakes(value: Any, where: Where) -> Iterator[Found]:
    if isinstance(value, Partial):
        for found in value.own_mistakes():
            yield found._replace(where=(*where, *found.where))
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from _inner_mistakes(item, (*where, i))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _inner_mistakes(item, (*where, key))


def partial(model: type[Entry], raw: Any) -> Partial:
    """What can be read of an entry."""
    fields: dict[str, Any] = {}
    if not isinstance(raw, dict):
        return Partial(model, fields)
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key not in raw:
            if not info.is_required():
                fields[name] = info.get_default(call_default_factory=True)
            continue
        try:
            fields[name] = _adapter(model, name).validate_python(raw[key])
        except ValidationError:
            _lenient(fields, name, info, raw[key])
    return Partial(model, fields)


def _lenient(fields: dict[str, Any], name: str, info: FieldInfo, raw: Any) -> None:
    kind = bare(info.annotation)
    if isinstance(kind, type) and issubclass(kind, Entry):
        fields[name] = partial(kind, raw)
    elif get_origin(kind) is tuple and isinstance(raw, list) and get_args(kind)[-1:] == (...,):
        fields[name] = tuple(_item(get_args(kind)[0], item) for item in raw)
    elif get_origin(kind) is dict and isinstance(raw, dict):
        fields[name] = {key: _item(get_args(kind)[1], item) for key, item in raw.items()}
    elif kind in (int, float):
        fields[name] = float("nan")


def _item(kind: Any, raw: Any) -> Any:
    try:
        return _item_adapter(kind).validate_python(raw)
    except ValidationError:
        plain = bare(kind)
        if isinstance(plain, type) and issubclass(plain, Entry):
            return partial(plain, raw)
        if get_origin(plain) is tuple and isinstance(raw, list):
            return tuple(_item(get_args(plain)[0], item) for item in raw)
        return Partial(None, {})


def bare(kind: Any, *, keep_annotated: bool = False) -> Any:
    """The type without Annotated and without None."""
    while True:
        if get_origin(kind) is Annotated and not keep_annotated:
            kind = get_args(kind)[0]
        elif isinstance(kind, types.UnionType) or str(get_origin(kind)) == "typing.Union":
            rest = [one for one in get_args(kind) if one is not type(None)]
            if len(rest) != 1:
                return kind
            kind = rest[0]
        else:
            return kind


@cache
def _adapter(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    info = model.model_fields[name]
    kind = info.annotation
    return TypeAdapter(Annotated[kind, *info.metadata] if info.metadata else kind)  # type: ignore[arg-type]


@cache
def _item_adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
