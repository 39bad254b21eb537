"""Where in a TOML file each key and value stands, so that an error can point at it."""

from collections.abc import Iterator
from typing import NamedTuple

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from kinline.rules.sense import Path

_PARSER = Parser(Language(tree_sitter_toml.language()))
_KEYS = ("bare_key", "quoted_key", "dotted_key")


class Place(NamedTuple):
    """Both count from 1, columns in characters."""

    line: int
    column: int


class Places:
    """The places of a file that tomllib reads without error."""

    def __init__(self, text: str) -> None:
        self._lines = text.encode().split(b"\n")
        self._keys: dict[Path, Place] = {}
        self._values: dict[Path, Place] = {}
        self._sizes: dict[Path, int] = {}
        self._read(_PARSER.parse(text.encode()).root_node)

    def key(self, path: Path) -> Place:
        """Where the last key of `path` is written, or the nearest table around it."""
        return self._nearest(self._keys, path)

    def value(self, path: Path) -> Place:
        """Where the value at `path` is written, or the nearest table around it."""
        return self._nearest(self._values, path)

    @staticmethod
    def _nearest(places: dict[Path, Place], path: Path) -> Place:
        for size in range(len(path), 0, -1):
            if path[:size] in places:
                return places[path[:size]]
        return Place(1, 1)

    def _read(self, document: Node) -> None:
        for node in document.named_children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type in ("table", "table_array_element"):
                self._table(node)

    def _table(self, node: Node) -> None:
        key = next(child for child in node.named_children if child.type in _KEYS)
        path: Path = ()
        names = list(self._names(key))
        for index, name in enumerate(names):
            path = (*path, name)
            last = index == len(names) - 1
            if last and node.type == "table_array_element":
                self._put(path, node, node)
                count = self._sizes.get(path, 0)
                self._sizes[path] = count + 1
                path = (*path, count)
            elif path in self._sizes:
                # A table inside an array of tables belongs to the latest of them.
                path = (*path, self._sizes[path] - 1)
        self._put(path, node, node)
        for child in node.named_children:
            if child.type == "pair":
                self._pair(child, path)

    def _pair(self, node: Node, above: Path) -> None:
        key, value = (child for child in node.named_children if child.type != "comment")
        path = above
        for name in self._names(key):
            path = (*path, name)
            self._put(path, key, value)
        self._value(value, path)

    def _value(self, node: Node, path: Path) -> None:
        if node.type == "array":
            items = (child for child in node.named_children if child.type != "comment")
            for index, item in enumerate(items):
                self._put((*path, index), item, item)
                self._value(item, (*path, index))
        elif node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self._pair(child, path)

    def _names(self, key: Node) -> Iterator[str]:
        if key.type == "dotted_key":
            for part in key.named_children:
                yield from self._names(part)
        else:
            text = (key.text or b"").decode()
            yield text[1:-1] if key.type == "quoted_key" else text

    def _put(self, path: Path, key: Node, value: Node) -> None:
        self._keys.setdefault(path, self._place(key))
        self._values.setdefault(path, self._place(value))

    def _place(self, node: Node) -> Place:
        row, byte = node.start_point
        return Place(row + 1, len(self._lines[row][:byte].decode(errors="replace")) + 1)
