"""
Routes: which method a verb and a path lead to.

A tree over path segments, so that finding one of a hundred methods costs a few dictionary look-ups.
Segments are decoded one by one: an encoded slash inside an id separates nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar
from urllib.parse import unquote

T = TypeVar("T")


class Routes(Generic[T]):
    """A table from (verb, path) to a target, with `{name}` segments."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, verb: str, segments: Sequence[str], target: T) -> None:
        """Lead `verb` at this path to `target`."""
        node, names = self._root, []
        for segment in segments:
            if segment.startswith("{"):
                names.append(segment[1:].partition("}")[0])
            node = node.child(segment)
        node.targets[verb] = target, tuple(names)

    def find(self, verb: str, raw_path: str) -> tuple[T, dict[str, str]] | None:
        """Return the target and the values of the path's `{names}`, or None."""
        node, values = self._root, []
        for segment in raw_path.strip("/").split("/"):
            found = node.literal.get(segment)
            if found is None:
                text = unquote(segment) if "%" in segment else segment
                branch = node.branch(text)
                if branch is None:
                    return None
                values.append(text.removesuffix(branch.suffix))
                found = branch.node
            node = found
        if verb not in node.targets:
            return None
        target, names = node.targets[verb]
        return target, dict(zip(names, values))


class _Node(Generic[T]):
    __slots__ = ("branches", "literal", "targets")

    def __init__(self) -> None:
        self.literal: dict[str, _Node[T]] = {}
        self.branches: list[_Branch[T]] = []
        # Names belong to the whole path: `messages/{id}` and `messages/{messageId}/attachments/{id}` share a branch.
        self.targets: dict[str, tuple[T, tuple[str, ...]]] = {}

    def child(self, segment: str) -> _Node[T]:
        """Return the node behind a segment of a template, made if need be."""
        if not segment.startswith("{"):
            return self.literal.setdefault(segment, _Node())
        suffix = segment.partition("}")[2]
        for branch in self.branches:
            if branch.suffix == suffix:
                return branch.node
        branch = _Branch(suffix)
        # The longest suffix first, so that `{id}:disable` is tried before `{id}`.
        self.branches = sorted([*self.branches, branch], key=lambda known: -len(known.suffix))
        return branch.node

    def branch(self, text: str) -> _Branch[T] | None:
        """Return the `{name}` that takes this text."""
        if text:
            for known in self.branches:
                if text.endswith(known.suffix):
                    return known
        return None


class _Branch(Generic[T]):
    __slots__ = ("node", "suffix")

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix
        self.node: _Node[T] = _Node()
