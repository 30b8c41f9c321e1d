"""Why one member is one person: identifiers, what links them, and the merges that joined them."""

from django.db.models import Q

from shuke.apps.identity.models import Identifier, Link
from shuke.apps.identity.queries.matching import merges_of
from shuke.apps.identity.rules import masked
from shuke.apps.identity.schemas import GraphEdge, GraphNode, LinkGraph
from shuke.apps.members.queries import absorbed_members
from shuke.platform.crypto import decrypt

#: A person with more identifiers than these is drawn without the rest.
MOST_NODES = 60


def link_graph(member_id: str) -> LinkGraph:
    """Identifiers as nodes, links and merges as edges; values are masked."""
    rows = Identifier.objects.filter(member__public_id=member_id).select_related("origin").order_by("pk")
    nodes = {row.pk: _node(row, member_id) for row in rows[:MOST_NODES]}
    links = Link.objects.filter(Q(left__in=nodes) & Q(right__in=nodes)).order_by("said_at", "pk")
    edges = [
        GraphEdge(
            left=nodes[link.left_id].key,
            right=nodes[link.right_id].key,
            basis=link.basis,
            source=link.source,
            at=link.said_at,
            confidence=link.confidence,
        )
        for link in links
    ]
    everybody = {member_id, *absorbed_members(member_id)}
    merges = {
        found.id: found
        for each in sorted(everybody)
        for found in merges_of(each)
        if found.undone_at is None and found.survivor_id in everybody
    }
    return LinkGraph(
        member_id=member_id, nodes=list(nodes.values()), edges=edges, merges=list(merges.values())
    )


def _node(row: Identifier, member_id: str) -> GraphNode:
    return GraphNode(
        key=row.person_key,
        kind=row.kind,
        value=masked(row.kind, decrypt(row.value_encrypted)),
        origin=row.origin.public_id if row.origin else member_id,
        source=row.source,
        since=row.created_at,
    )
