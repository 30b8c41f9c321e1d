"""The picture of why one member is one person, and the same in sentences."""

from typing import Any

from django.utils.translation import gettext as _

from shuke.apps.identity.pages.words import reason
from shuke.apps.identity.schemas import GraphNode, LinkGraph
from shuke.apps.members.queries.words import source_names
from shuke.web.labels import label_of
from shuke.web.templatetags.console import day

_SYMBOLS = {"member": 34, "external": 26, "card": 26, "phone": 22, "email": 22}


def graph_option(graph: LinkGraph) -> dict[str, Any]:
    """An ECharts graph: identifiers by kind, links between them, members that were merged."""
    origins = sorted({node.origin for node in graph.nodes} | {graph.member_id})
    kinds = list(dict.fromkeys(["member", *(node.kind for node in graph.nodes)]))
    nodes = [_member_node(origin, kinds, is_self=origin == graph.member_id) for origin in origins]
    nodes += [_node(node, kinds) for node in graph.nodes]
    linked = {key for edge in graph.edges for key in (edge.left, edge.right)}
    lines = [
        {"source": edge.left, "target": edge.right, "value": edge.confidence / 10} for edge in graph.edges
    ]
    lines += [_dashed(node.origin, node.key) for node in graph.nodes if node.key not in linked]
    hooks = (_first_of(origin, graph, linked) for origin in origins)
    lines += [hook for hook in hooks if hook]
    lines += [
        {
            "source": merge.survivor_id,
            "target": merge.absorbed_id,
            "value": merge.confidence / 10,
            "lineStyle": {"width": 3, "color": {"$color": "violet"}},
        }
        for merge in graph.merges
    ]
    return {
        "legend": {"data": [label_of("identifier_kind", kind) for kind in kinds]},
        "series": [
            {
                "type": "graph",
                "layout": "force",
                "roam": False,
                "draggable": True,
                "top": 40,
                "name": _("Identifiers"),
                "force": {"repulsion": 260, "edgeLength": 90, "layoutAnimation": False},
                "categories": [{"name": label_of("identifier_kind", kind)} for kind in kinds],
                "label": {"show": True, "position": "bottom", "color": {"$color": "text"}},
                "lineStyle": {"width": 1.5, "color": {"$color": "muted"}},
                "data": nodes,
                "links": lines,
            }
        ],
    }


def _member_node(origin: str, kinds: list[str], *, is_self: bool) -> dict[str, Any]:
    name = _("This member") if is_self else origin
    return {
        "id": origin,
        "name": name,
        "category": kinds.index("member"),
        "symbolSize": 40 if is_self else 30,
    }


def _node(node: GraphNode, kinds: list[str]) -> dict[str, Any]:
    return {
        "id": node.key,
        "name": node.value if len(node.value) <= 24 else f"{node.value[:21]}…",
        "category": kinds.index(node.kind),
        "symbolSize": _SYMBOLS.get(node.kind, 18),
    }


def _dashed(left: str, right: str) -> dict[str, Any]:
    return {"source": left, "target": right, "lineStyle": {"type": "dashed"}}


def _first_of(origin: str, graph: LinkGraph, linked: set[str]) -> dict[str, Any] | None:
    """A linked identifier hangs on its member by its first one only: the links say the rest."""
    first = next((node.key for node in graph.nodes if node.origin == origin and node.key in linked), None)
    return _dashed(origin, first) if first else None


def reasons(graph: LinkGraph) -> list[dict[str, Any]]:
    """The same in sentences: who said what, when."""
    names = source_names({edge.source for edge in graph.edges})
    values = {node.key: f"{label_of('identifier_kind', node.kind)} {node.value}" for node in graph.nodes}
    found: list[dict[str, Any]] = [
        {
            "text": _("%(left)s and %(right)s") % {"left": values[edge.left], "right": values[edge.right]},
            "why": label_of("match_basis", edge.basis),
            "source": names.get(edge.source, edge.source),
            "when": day(edge.at),
        }
        for edge in graph.edges
    ]
    found.extend(
        {
            "text": _("%(absorbed)s was merged into %(survivor)s")
            % {"absorbed": merge.absorbed_id, "survivor": merge.survivor_id},
            "why": reason(merge.evidence),
            "source": f"{label_of('match_basis', merge.basis)} · {merge.actor_name}",
            "when": day(merge.merged_at),
            "merge_id": merge.id,
        }
        for merge in graph.merges
    )
    return found
