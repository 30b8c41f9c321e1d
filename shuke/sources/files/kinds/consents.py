"""Consents that people gave before Shuke, or elsewhere: one decision per row, with its evidence.

This kind has no shape of its own: the app compliance lands it.  Rows carry ``person_key``.
"""

from shuke.sources.files.fields import PERSON_FIELDS, Field, FileKind

_STATES = {
    "granted": (
        "granted",
        "yes",
        "true",
        "1",
        "opt in",
        "opt-in",
        "optin",
        "subscribed",
        "同意",
        "授权",
        "已授权",
        "是",
        "订阅",
    ),
    "withdrawn": (
        "withdrawn",
        "no",
        "false",
        "0",
        "opt out",
        "opt-out",
        "optout",
        "unsubscribed",
        "revoked",
        "拒绝",
        "撤回",
        "已撤回",
        "否",
        "退订",
        "取消",
    ),
}
_CHANNELS = {
    "email": ("email", "e-mail", "mail", "newsletter", "邮件", "邮箱", "电子邮件"),
    "sms": ("sms", "text", "text message", "短信"),
    "phone": ("phone", "call", "telephone", "电话"),
    "wechat": ("wechat", "微信"),
    "wecom": ("wecom", "企业微信", "企微"),
    "push": ("push", "app push", "推送", "app推送"),
    "mail": ("letter", "post", "信件"),
}


def _spellings(words: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {spelling: code for code, spellings in words.items() for spelling in spellings}


CHANNEL = Field(
    "channel",
    "choice",
    "Message channel",
    is_required=True,
    words=("channel", "medium", "渠道", "触达渠道"),
    choices=_spellings(_CHANNELS),
)

CONSENTS = FileKind(
    name="consents",
    label="Consents",
    key=("external", "card", "email", "phone", "brand", "channel", "purpose", "decided_at"),
    names_person=True,
    fields=(
        *PERSON_FIELDS,
        CHANNEL,
        Field("purpose", "text", "Purpose", words=("consent purpose", "用途", "目的"), max_length=20),
        Field("brand", "text", "Brand", words=("brand code", "品牌"), max_length=40),
        Field(
            "state",
            "choice",
            "Decision",
            is_required=True,
            words=("status", "consent", "decision", "opt in", "授权", "状态", "是否同意"),
            choices=_spellings(_STATES),
        ),
        Field(
            "decided_at",
            "time",
            "Time of the decision",
            is_required=True,
            words=("decided", "time", "date", "consent date", "授权时间", "同意时间", "时间"),
        ),
        Field(
            "place",
            "text",
            "Where it was said",
            words=("source", "form", "origin", "来源", "授权来源"),
            max_length=200,
        ),
        Field(
            "wording",
            "text",
            "Text that was shown",
            words=("text", "consent text", "wording", "授权文案", "文案"),
            max_length=5000,
        ),
        Field("language", "text", "Language", words=("locale", "语言"), max_length=10),
    ),
)
