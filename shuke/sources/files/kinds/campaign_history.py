"""Campaigns that ran before Shuke, one row per addressed person.

This kind has no shape of its own: the campaigns app lands it.  The rows it gets carry the fields
below plus ``row_no`` and ``person_key``.
"""

from shuke.sources.files.fields import PERSON_FIELDS, Field, FileKind

CAMPAIGN_HISTORY = FileKind(
    name="campaign_history",
    label="Campaign history",
    key=("campaign_code", "external", "card", "email", "phone"),
    names_person=True,
    fields=(
        *PERSON_FIELDS,
        Field(
            "campaign_code",
            "id",
            "Campaign code",
            is_required=True,
            max_length=80,
            words=("campaign", "campaign id", "campaign no", "活动编号", "活动id", "活动编码"),
        ),
        Field("campaign_name", "text", "Campaign name", words=("name", "活动名称", "活动名"), max_length=120),
        Field(
            "channel",
            "text",
            "Channel",
            words=("message channel", "medium", "渠道", "触达渠道"),
            max_length=20,
        ),
        Field(
            "arm",
            "text",
            "Arm",
            words=("group", "variant", "segment", "treatment", "分组", "组别", "实验组"),
            max_length=60,
        ),
        Field(
            "assigned_at",
            "time",
            "Time of assignment",
            words=("sent at", "assigned", "exposed at", "send date", "触达时间", "发送时间", "分组时间"),
        ),
        Field(
            "starts_on",
            "date",
            "Start",
            is_required=True,
            may_be_future=True,
            words=("start date", "start", "begins on", "开始日期", "开始时间"),
        ),
        Field(
            "ends_on", "date", "End", may_be_future=True, words=("end date", "end", "结束日期", "结束时间")
        ),
        Field("is_randomised", "bool", "Assigned by chance", words=("randomised", "randomized", "是否随机")),
    ),
)
