"""Opens and clicks that no person made: security scanners, link checkers and prefetching mail apps."""

import re

#: Names by which scanners and programs give themselves away.
_SCANNERS = re.compile(
    r"bot\b|crawl|spider|scan|barracuda|mimecast|proofpoint|safelinks|symantec|trendmicro|fireeye|curl/|wget/"
    r"|python|java/|go-http|okhttp|headless|monitor|preview|facebookexternalhit|slackbot|whatsapp",
    re.IGNORECASE,
)
#: Gmail's and Yahoo's image proxies load an image when a person opens the mail.
_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy", re.IGNORECASE)
#: Apple's privacy protection loads every image in advance and says nothing more than this.
_PREFETCH = "Mozilla/5.0"
OPEN_SECONDS, CLICK_SECONDS = 1.0, 2.0


def is_machine(*, event: str, user_agent: str, method: str, seconds_since_sent: float | None) -> bool:
    """Whether an open or a click is taken for a machine's.

    ``event`` is opened or clicked.  A person needs a moment to read; a scanner clicks at once.
    """
    if method == "HEAD" or not user_agent.strip() or user_agent.strip() == _PREFETCH:
        return True
    if _PROXIES.search(user_agent):
        return False
    if _SCANNERS.search(user_agent):
        return True
    limit = OPEN_SECONDS if event == "opened" else CLICK_SECONDS
    return seconds_since_sent is not None and 0 <= seconds_since_sent < limit
