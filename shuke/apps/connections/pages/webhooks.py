"""The door that systems call when something changed."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from shuke.apps.connections.operations import receive_webhook
from shuke.apps.connections.operations.webhooks import MOST_BYTES
from shuke.platform.clock import now
from shuke.platform.errors import NotFound, NotPermitted, Refused

STATUSES = {"accepted": 202, "repeated": 200, "ping": 200}


@csrf_exempt
@require_POST
def receive(request: HttpRequest, webhook_id: str) -> JsonResponse:
    """Take a message in; the answer tells the sender no more than its result."""
    length = request.headers.get("Content-Length") or "0"
    if not length.isdigit() or int(length) > MOST_BYTES:
        return JsonResponse({"result": "too_large"}, status=413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        answer = receive_webhook(at=now(), webhook_id=webhook_id, headers=headers, body=request.body)
    except NotFound:
        return JsonResponse({"result": "unknown"}, status=404)
    except NotPermitted:
        return JsonResponse({"result": "forged"}, status=401)
    except Refused as refusal:
        return JsonResponse({"result": refusal.code}, status=refusal.status)
    return JsonResponse(answer.model_dump(), status=STATUSES[answer.result])
