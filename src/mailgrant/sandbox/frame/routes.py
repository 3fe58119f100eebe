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

# Beginnings of paths whose places are remembered, so that a call costs one step and not a walk.
MOST_KNOWN = 1024


class Routes(Generic[T]):
    """A table from (verb, path) to a target, with `{name}` segments."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        # Places by the path that leads there, with the values of the `{names}` on the way.
        self._known: dict[str, tuple[_Node[T], tuple[str, ...]]] = {}

    def add(self, verb: str, segments: Sequence[str], target: T) -> None:
        """Lead `verb` at this path to `target`."""
        self._known.clear()
        node, names = self._root, []
        for segment in segments:
            if segment.startswith("{"):
                names.append(segment[1:].partition("}")[0])
            node = node.child(segment)
        node.targets[verb] = target, tuple(names)

    def find(self, verb: str, raw_path: str) -> tuple[T, dict[str, str]] | None:
        """Return the target and the values of the path's `{names}`, or None."""
        start, _, last = raw_path.strip("/").rpartition("/")
        place = self._known.get(start) or self._walk(start)
        place = place and place[0].step(last, place[1])
        if place is None or verb not in place[0].targets:
            return None
        target, names = place[0].targets[verb]
        return target, dict(zip(names, place[1]))

    def _walk(self, path: str) -> tuple[_Node[T], tuple[str, ...]] | None:
        place: tuple[_Node[T], tuple[str, ...]] | None = (self._root, ())
        for segment in path.split("/") if path else ():
            place = place and place[0].step(segment, place[1])
        if place is not None and len(self._known) < MOST_KNOWN:
            self._known[path] = place
        return place


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

    def step(self, segment: str, values: tuple[str, ...]) -> tuple[_Node[T], tuple[str, ...]] | None:
        """Return the node behind a segment of a path, with the values so far; None if there is none."""
        found = self.literal.get(segment)
        if found is not None:
            return found, values
        text = unquote(segment) if "%" in segment else segment
        branch = self.branch(text)
        return None if branch is None else (branch.node, (*values, text.removesuffix(branch.suffix)))

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
