"""Member lists: identifiers, profile, consent and attributes."""

from shuke.sources.files.fields import PERSON_FIELDS, Field, FileKind

CONSENT_CHANNELS = ("email", "sms", "phone", "wechat", "console")
ATTRIBUTE_FIELDS = (
    "gender",
    "age_group",
    "city",
    "region",
    "occupation",
    "income_group",
    "household_size",
    "tier",
)

_CONSENT_WORDS = {
    "email": (
        "email consent",
        "email opt in",
        "accepts email",
        "newsletter",
        "邮件授权",
        "同意邮件",
        "接收邮件",
    ),
    "sms": ("sms consent", "sms opt in", "短信授权", "同意短信", "接收短信"),
    "phone": ("phone consent", "call consent", "电话授权", "同意电话"),
    "wechat": ("wechat consent", "微信授权", "同意微信"),
    "console": ("console consent", "控制台授权"),
}

MEMBERS = FileKind(
    name="members",
    label="Members",
    key=("external", "card", "email", "phone"),
    one_of=(("external", "card", "email", "phone"),),
    fields=(
        *PERSON_FIELDS,
        Field(
            "name",
            "text",
            "Name",
            is_personal=True,
            max_length=120,
            words=(
                "full name",
                "member name",
                "customer name",
                "姓名",
                "名字",
                "会员姓名",
                "会员名称",
                "客户姓名",
            ),
        ),
        Field(
            "birthday",
            "date",
            "Birthday",
            is_personal=True,
            words=("date of birth", "birth date", "dob", "生日", "出生日期"),
        ),
        Field(
            "joined_on",
            "date",
            "Member since",
            words=(
                "joined",
                "join date",
                "registered on",
                "registration date",
                "created at",
                "signup date",
                "注册日期",
                "入会日期",
                "注册时间",
                "入会时间",
                "开卡日期",
            ),
        ),
        Field("language", "text", "Language", words=("locale", "语言"), max_length=10),
        Field("gender", "text", "Gender", words=("sex", "性别")),
        Field("age_group", "text", "Age group", words=("age", "age band", "age range", "年龄", "年龄段")),
        Field("city", "text", "City", words=("town", "城市", "所在城市")),
        Field("region", "text", "Region", words=("province", "state", "省份", "地区", "省")),
        Field("occupation", "text", "Occupation", words=("job", "profession", "职业")),
        Field("income_group", "text", "Income group", words=("income", "income band", "收入", "收入水平")),
        Field("household_size", "text", "Household size", words=("family size", "家庭人数", "家庭规模")),
        Field("tier", "text", "Tier", words=("level", "grade", "member level", "等级", "会员等级")),
        *(
            Field(f"consent_{channel}", "bool", f"Consent to {channel}", words=_CONSENT_WORDS[channel])
            for channel in CONSENT_CHANNELS
        ),
    ),
)
