"""Made-up people for households that the data knows by number only.

Names are combinations of common ones, chosen by the household's number, so the demonstration is the
same on every machine.  Addresses lie under example.com, which never receives mail (RFC 2606).
"""

from dataclasses import dataclass
from random import Random

GIVEN = [
    "Alice",
    "Amara",
    "Ben",
    "Carla",
    "Chloe",
    "Daniel",
    "Diego",
    "Elena",
    "Emma",
    "Ethan",
    "Fatima",
    "Felix",
    "Grace",
    "Hannah",
    "Hugo",
    "Imani",
    "Isaac",
    "Jonas",
    "Julia",
    "Kofi",
    "Layla",
    "Leo",
    "Lina",
    "Lucas",
    "Maria",
    "Mateo",
    "Maya",
    "Nadia",
    "Nora",
    "Oscar",
    "Priya",
    "Rosa",
    "Ruth",
    "Samir",
    "Sofia",
    "Theo",
    "Tomas",
    "Uma",
    "Victor",
    "Wanda",
    "Yara",
    "Zoe",
]
FAMILY = [
    "Abbott",
    "Adeyemi",
    "Baker",
    "Bauer",
    "Bennett",
    "Brandt",
    "Carter",
    "Castillo",
    "Cohen",
    "Costa",
    "Dubois",
    "Edwards",
    "Fischer",
    "Flores",
    "Garcia",
    "Haddad",
    "Hansen",
    "Hughes",
    "Ibrahim",
    "Jansen",
    "Keller",
    "Khan",
    "Kowalski",
    "Larsen",
    "Lopez",
    "Mendes",
    "Miller",
    "Moreau",
    "Novak",
    "Okafor",
    "Olsen",
    "Patel",
    "Perez",
    "Quinn",
    "Rossi",
    "Santos",
    "Schmidt",
    "Silva",
    "Tanaka",
    "Turner",
    "Weber",
    "Young",
]
HAN_FAMILY = dict(
    zip(
        ["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "周", "吴", "徐", "孙", "林", "何", "郭"],
        [
            "wang",
            "li",
            "zhang",
            "liu",
            "chen",
            "yang",
            "huang",
            "zhao",
            "zhou",
            "wu",
            "xu",
            "sun",
            "lin",
            "he",
            "guo",
        ],
        strict=True,
    )
)
HAN_GIVEN = dict(
    zip(
        [
            "小明",
            "静怡",
            "建国",
            "雨桐",
            "子轩",
            "欣妍",
            "志强",
            "晓燕",
            "海涛",
            "梦琪",
            "文博",
            "思远",
            "佳宁",
            "俊杰",
            "丽华",
            "天宇",
        ],
        [
            "xiaoming",
            "jingyi",
            "jianguo",
            "yutong",
            "zixuan",
            "xinyan",
            "zhiqiang",
            "xiaoyan",
            "haitao",
            "mengqi",
            "wenbo",
            "siyuan",
            "jianing",
            "junjie",
            "lihua",
            "tianyu",
        ],
        strict=True,
    )
)
#: Of so many households one has a Chinese name, and one has not agreed to be written to.
HAN_EVERY = 4
NO_CONSENT_EVERY = 5


@dataclass(frozen=True)
class Person:
    """A made-up person.  ``birthday`` is MM-DD."""

    name: str
    email: str
    language: str
    has_consent: bool
    birthday: str


def person(household: int) -> Person:
    """The person of a household, always the same one."""
    chance = Random(f"household {household}")  # noqa: S311 - made-up names need no secrecy.
    if chance.randrange(HAN_EVERY) == 0:
        family, given = chance.choice(list(HAN_FAMILY)), chance.choice(list(HAN_GIVEN))
        name, spelled, language = family + given, f"{HAN_GIVEN[given]}.{HAN_FAMILY[family]}", "zh-hans"
    else:
        given, family = chance.choice(GIVEN), chance.choice(FAMILY)
        name, spelled, language = f"{given} {family}", f"{given}.{family}".lower(), "en"
    birthday = f"{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    has_consent = household % NO_CONSENT_EVERY != 0
    return Person(name, f"{spelled}.{household}@example.com", language, has_consent, birthday)
