"""Which column of a file is what, by its header."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from shuke.science.recommendations.histories import NotAHistory
from shuke.sources.files.mapping import folded

#: Headers under which the parts of a history are known, folded, the surest first.
WORDS: Mapping[str, tuple[str, ...]] = {
    "member": (
        "member", "memberid", "user", "userid", "customer", "customerid", "household", "householdid",
        "householdkey", "client", "clientid", "buyer", "buyerid", "visitor", "visitorid", "shopper", "cardno",
        "cardid", "cardnumber", "uid", "custid", "customernumber", "customerno", "customeruniqueid", "memberno",
        "loyaltyid", "accountid", "personid", "reviewerid", "kunde", "kundennr", "kundennummer", "kundenid",
        "会员", "会员号", "会员id", "用户", "用户id", "顾客", "客户", "客户id", "买家", "卡号",
    ),
    "basket": (
        "basket", "basketid", "receipt", "receiptid", "order", "orderid", "orderno", "invoice", "invoiceno",
        "invoiceid",
        "transaction", "transactionid", "session", "sessionid", "usersession", "ticket", "ticketid", "bill", "billno",
        "receiptno", "receiptnumber", "basketno", "bon", "bonnr", "belegnr",
        "小票", "小票号", "订单", "订单号", "订单编号", "订单id", "流水号", "单号",
    ),
    "item": (
        "item", "itemid", "product", "productid", "sku", "skuid", "stockcode", "article", "articleid", "good",
        "goodsid", "movie", "movieid", "track", "trackid", "barcode", "upc", "productcode", "productno", "itemcode",
        "itemno", "skucode", "asin", "artikel", "artikelnr", "artikelnummer", "productname", "itemname",
        "商品", "商品id", "商品编码", "商品编号", "货号", "条码", "物品", "商品名称",
    ),
    "time": (
        "time", "timestamp", "datetime", "date", "transactiontimestamp", "orderdate", "invoicedate", "purchasedate",
        "orderedat", "placedat", "createdat", "day", "tdat", "transactiondate", "transactiondt", "saledate",
        "ordertime", "eventtime", "actiontime", "orderdatetime", "orderpurchasetimestamp",
        "purchasetime", "transactiontime", "invoicedatetime", "unixtime", "ts", "datum",
        "时间", "日期", "下单时间", "交易时间", "付款时间", "购买时间", "消费时间",
    ),
    "quantity": ("quantity", "qty", "units", "数量", "件数"),
    "amount": ("amount", "salesvalue", "revenue", "total", "金额", "实付金额", "销售额"),
    "store": ("store", "storeid", "shop", "shopid", "branch", "门店", "门店id", "店铺"),
    "event": (
        "event", "eventtype", "eventname", "behavior", "behaviortype", "action", "actiontype", "行为", "行为类型",
    ),
}  # fmt: skip
#: The bare noun of a part in other languages; what says "number of" or "id" beside it is taken off first.
NOUNS: Mapping[str, tuple[str, ...]] = {
    "member": (
        "member", "user", "customer", "household", "client", "buyer", "visitor", "shopper", "person", "consumer",
        "card", "loyaltycard", "account", "kunden", "kaufer", "nutzer", "mitglied", "haushalt", "utilisateur",
        "acheteur", "membre", "foyer", "cliente", "usuario", "comprador", "socio", "hogar", "utente", "klant", "klient",
        "покупатель", "клиент", "пользователь", "会员", "会员卡", "用户", "顾客", "客户", "买家", "會員", "用戶",
        "顧客", "客戶", "買家", "お客様", "ユーザー", "ユーザ", "고객", "회원", "사용자",
    ),
    "basket": (
        "basket", "cart", "receipt", "order", "invoice", "transaction", "ticket", "bill", "purchase", "visit", "trip",
        "bon", "beleg", "kassenbon", "bestellung", "bestell", "rechnung", "rechnungs", "warenkorb", "commande",
        "panier", "facture", "pedido", "transaccion", "cesta", "factura", "recibo", "scontrino", "ordine",
        "bestelling", "чек", "чека", "заказ", "заказа", "小票", "订单", "流水", "購物籃", "訂單", "注文",
        "レシート", "取引", "伝票", "주문", "영수증",
    ),
    "item": (
        "item", "product", "article", "good", "goods", "game", "book", "song", "film", "app", "ean", "gtin", "isbn",
        "artikel", "produkt", "ware", "produit", "producto", "articulo", "produto", "prodotto", "articolo", "товар",
        "товара", "продукт", "артикул", "商品", "产品", "產品", "货品", "品番", "アイテム", "製品", "상품", "제품",
    ),
    "time": (
        "kaufdatum", "bestelldatum", "rechnungsdatum", "belegdatum", "zeit", "zeitpunkt", "zeitstempel", "horodatage",
        "dateheure", "dateachat", "datedachat", "datecommande", "fecha", "fechahora", "fechacompra", "data", "datahora",
        "datacompra", "дата", "время", "датапокупки", "датазаказа", "датачека", "下单日期", "购买日期", "交易日期",
        "消费日期", "時間", "日時", "購入日", "購入日時", "注文日", "注文日時", "訂單日期", "購買日期", "날짜",
        "일시", "주문일", "주문일시", "구매일", "purchasedat", "boughtat", "paidat", "datepurchased", "dateordered",
    ),
}  # fmt: skip
#: What stands beside the noun without saying anything.
_BESIDE = (
    "identifier", "nummer", "number", "numero", "номер", "codigo", "code", "key", "name", "nom", "nome", "nr", "no",
    "num", "cod", "id", "ид", "код", "名称", "编号", "编码", "号码", "編號", "番号", "コード", "名", "号", "번호",
    "코드", "of", "de", "du", "des", "del", "der", "the",
)  # fmt: skip
#: Which of a member's orders it was; a time of its own only where there is none.
ORDER_NUMBERS = ("ordernumber", "orderseq", "ordersequence", "visitnumber", "basketnumber", "第几单")
#: Days since the member's order before.
GAPS = (
    "dayssincepriororder", "dayssinceprior", "dayssincelastorder", "dayssincepreviousorder", "dayssinceprevious",
    "dayssincelast", "距上次天数",
)  # fmt: skip
NEEDED = ("member", "item", "time")


def columns_of(headers: tuple[str, ...], told: Mapping[str, str]) -> dict[str, str]:
    """Header of each part, ``told`` ones first; ``gap`` is there only where the time is the number of an order.

    Raises ``NotAHistory`` where one that is needed cannot be told.
    """
    for part, header in told.items():
        if header not in headers:
            raise NotAHistory(
                f"There is no column {header!r} for --{part}. The file has: {', '.join(headers)}."
            )
    chosen = dict(told)
    by_word: dict[str, str] = {}
    by_noun: dict[str, str] = {}
    for header in headers:
        by_word.setdefault(folded(header), header)
        if folded(header) not in (*ORDER_NUMBERS, *GAPS):
            by_noun.setdefault(_noun(header), header)
    _choose(chosen, by_word, WORDS)
    _choose(chosen, by_noun, _PLAIN)
    _ordered_by_number(chosen, by_word)
    missing = [part for part in NEEDED if part not in chosen]
    if missing:
        raise NotAHistory(_no_header(headers) or _untold(headers, missing))
    return {part: chosen[part] for part in (*WORDS, "gap") if part in chosen}


def _choose(chosen: dict[str, str], known: Mapping[str, str], words: Mapping[str, tuple[str, ...]]) -> None:
    """The first free header that is one of the words, for each part that has none."""
    for part, listed in words.items():
        free = (known[word] for word in listed if word in known and known[word] not in chosen.values())
        found = chosen.get(part) or next(free, None)
        if found is not None:
            chosen[part] = found


def is_order_number(header: str) -> bool:
    """Whether a header says which of the member's orders it was."""
    return folded(header) in ORDER_NUMBERS


def _ordered_by_number(chosen: dict[str, str], known: Mapping[str, str]) -> None:
    """The number of an order names the basket where nothing else does, and orders baskets where no time does."""
    number = next((known[word] for word in ORDER_NUMBERS if word in known), None)
    if number is not None:
        if "time" not in chosen:
            chosen["time"] = number
        chosen.setdefault("basket", number)
    if "time" in chosen and is_order_number(chosen["time"]):
        gap = next((known[word] for word in GAPS if word in known), None)
        if gap is not None:
            chosen["gap"] = gap


def _noun(header: str) -> str:
    """What a header names: ``Bon-Nr.``, ``N° ticket`` and ``id_ticket`` without number and id, accents taken off.

    >>> _noun("ID client"), _noun("N° ticket"), _noun("Käufer-Nr.")
    ('client', 'ticket', 'kaufer')
    """
    text = folded(re.sub(r"(?i)\bn[°º]|№", "", header))
    text = _bare(text)
    while True:
        for word in _BARE_BESIDE:
            rest = text.removeprefix(word).removesuffix(word)
            if rest and rest != text:
                text = rest
                break
        else:
            return text


def _bare(text: str) -> str:
    """Without accents."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


_BARE_BESIDE = tuple(_bare(word) for word in _BESIDE)
_PLAIN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {part: tuple(_bare(word) for word in words) for part, words in NOUNS.items()}
)


def _untold(headers: tuple[str, ...], missing: list[str]) -> str:
    """What to say where headers do not tell."""
    options = " ".join(f"--{part} COLUMN" for part in missing)
    return (
        f"No column for {' and '.join(missing)} can be told by its header. The file has: {', '.join(headers)}. "
        f"Say which: {options}."
    )


def _no_header(headers: tuple[str, ...]) -> str:
    """What is wrong with a file whose first row does not name columns; empty where it seems to."""
    first = headers[0]
    if first.startswith(("{", "[")):
        return (
            "The file holds JSON. Write it as CSV or Parquet, with a column each for member, item and time."
        )
    if len(headers) == 1 and "::" in first:
        return "The columns stand between '::'. Write commas or tabs instead, and a first row such as user,item,time."
    if any(re.fullmatch(r"[\d.:/ -]*\d[\d.:/ -]*", header) for header in headers):
        shown = ", ".join(headers[:6])
        return (
            f"The first row holds values ({shown}), not names of columns. Write one above it: user,item,time."
        )
    return ""
