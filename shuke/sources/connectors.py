"""Every connector there is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from shuke.sources.contract import Connector
from shuke.sources.oscar import OSCAR
from shuke.sources.shopify import SHOPIFY
from shuke.sources.vendure import VENDURE
from shuke.sources.woocommerce import WOOCOMMERCE

#: In the order in which a form offers them.
_ALL: tuple[Connector, ...] = (VENDURE, OSCAR, SHOPIFY, WOOCOMMERCE)

#: Connectors by their system.
CONNECTORS: Mapping[str, Connector] = MappingProxyType({connector.system: connector for connector in _ALL})
