"""The import graph of gateway/ at its top level: its numbers, and a picture of its layers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import grimp

PACKAGE = "gateway"

BOX, HEIGHT = 112, 32  # pixels
GAP, LEVEL = 40, 72  # between boxes of a row; from row to row
MARGIN = 16


@dataclass(frozen=True)
class Graph:
    """Modules and packages at the top level, and what each imports of the others."""

    imports: Mapping[str, frozenset[str]]

    def __str__(self) -> str:
        return (
            f"{len(self.imports)} modules and packages, {self.edges} imports between them, "
            f"longest chain {self.longest_chain}"
        )

    @cached_property
    def floors(self) -> dict[str, int]:
        """Return how many imports deep the longest way down from each one is."""
        found: dict[str, int] = {}

        def floor(name: str) -> int:
            if name not in found:
                below = self.imports[name]
                found[name] = 1 + max(map(floor, below)) if below else 0
            return found[name]

        return {name: floor(name) for name in self.imports}

    @property
    def edges(self) -> int:
        """Return how many pairs of them there are of which one imports the other."""
        return sum(map(len, self.imports.values()))

    @property
    def longest_chain(self) -> int:
        """Return how many of them stand in the longest chain of imports."""
        return 1 + max(self.floors.values())

    def reached(self, names: Iterable[str]) -> set[str]:
        """Return what some of them import, however far down."""
        below = {each for name in names for each in self.imports[name]}
        return below | self.reached(below) if below else set()

    def direct(self, name: str) -> set[str]:
        """Return what one imports and reaches in no other way."""
        below = self.imports[name]
        return {each for each in below if each not in self.reached(below - {each})}


def read() -> Graph:
    """Read the imports of the source."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    names = {module: module.split(".")[1] for module in graph.modules if module != PACKAGE}
    imports: dict[str, set[str]] = {name: set() for name in names.values()}
    for module, name in names.items():
        found = graph.find_modules_directly_imported_by(module) - {PACKAGE}
        imports[name] |= {names[each] for each in found} - {name}
    return Graph({name: frozenset(imports[name]) for name in sorted(imports)})


def ways(graph: Graph) -> list[list[str]]:
    """Return the arrows: an import each, with a place in every row that it passes."""
    found = []
    for name, top in graph.floors.items():
        for below in sorted(graph.direct(name)):
            passed = range(top - 1, graph.floors[below], -1)
            found.append([name, *(f"{name}-{below}-{floor}" for floor in passed), below])
    return found


def places(graph: Graph) -> dict[str, tuple[float, int]]:
    """Return where each box and each passed place stands: x about the middle, and its floor."""
    found: dict[str, tuple[float, int]] = {}
    near = defaultdict(list)
    rows: list[set[str]] = [set() for _ in range(graph.longest_chain)]
    for way in ways(graph):
        for floor, name in zip(range(graph.floors[way[0]], -1, -1), way, strict=False):
            rows[graph.floors.get(name, floor)].add(name)
        for name, below in pairwise(way):
            near[name].append(below)
            near[below].append(name)
    down = range(len(rows) - 1, -1, -1)
    for floor in (*down, *reversed(down), *down):  # nearer to its neighbours each time

        def middle(name: str) -> tuple[float, str]:
            beside = [found[each][0] for each in near[name] if each in found]
            return sum(beside) / (len(beside) or 1), name

        row = sorted(rows[floor], key=middle)
        rooms = [(BOX if name in graph.imports else 0) + GAP for name in row]
        for name, room, before in zip(row, rooms, accumulate(rooms, initial=0), strict=False):
            found[name] = before + (room - sum(rooms)) / 2, floor
    return found


def picture(graph: Graph) -> str:
    """Draw the layers as SVG: an arrow for each import that no other arrows stand for."""
    standing = places(graph)
    width = 2 * (MARGIN + max(abs(x) + BOX / 2 for x, _ in standing.values()))
    height = 3 * MARGIN + (graph.longest_chain - 1) * LEVEL + HEIGHT
    at = {
        name: (width / 2 + x, MARGIN + (graph.longest_chain - 1 - floor) * LEVEL)
        for name, (x, floor) in standing.items()
    }
    arrows = [_arrow([at[place] for place in way]) for way in ways(graph)]
    boxes = [_box(name, *at[name]) for name in graph.imports]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" '
        f'width="{width:g}" height="{height}" font-family="sans-serif" text-anchor="middle">'
    )
    start = (
        "<title>What imports what in gateway/</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#667"/></marker></defs>',
        f'<rect width="{width:g}" height="{height}" fill="#fff"/>',
    )
    foot = f'<text x="{width / 2:g}" y="{height - 8}" font-size="12" fill="#556">{graph}</text>'
    return "\n".join([head, *start, *arrows, *boxes, foot, "</svg>", ""])


def _arrow(points: list[tuple[float, float]]) -> str:
    way = ""
    for (x, y), (to_x, to_y) in pairwise(points):
        middle = (y + HEIGHT + to_y) / 2
        way += f"{'L' if way else 'M'}{x:g} {y + HEIGHT:g}"
        way += f"C{x:g} {middle:g} {to_x:g} {middle:g} {to_x:g} {to_y:g}"
    return f'<path d="{way}" fill="none" stroke="#667" marker-end="url(#tip)"/>'


def _box(name: str, x: float, y: float) -> str:
    shape = f'x="{x - BOX / 2:g}" y="{y:g}" width="{BOX}" height="{HEIGHT}" rx="6"'
    text = f'x="{x:g}" y="{y + HEIGHT / 2 + 5:g}" font-size="14" fill="#112"'
    return f'<rect {shape} fill="#eef2f8" stroke="#334"/><text {text}>{name}</text>'
