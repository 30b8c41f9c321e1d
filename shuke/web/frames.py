"""Documents for sandboxed frames: letters are shown as their readers see them, without any power over the console."""

from django.http import HttpResponse

#: Letters carry inline styles and pictures from elsewhere; scripts, forms and navigation stay off.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; frame-ancestors 'self'; sandbox"
)


#: What mail programs do for letters without styles of their own.
_PLAIN = "<style>body{font:15px/1.5 system-ui,sans-serif;margin:16px;color:#1d2a2a}</style>"


def framed_document(html: str) -> HttpResponse:
    """The HTML as a document of its own, under a policy of its own; the console's pages keep theirs."""
    return HttpResponse(_PLAIN + html, headers={"Content-Security-Policy": POLICY})
