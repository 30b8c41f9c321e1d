"""What staff does in the shop's dashboard, by the same methods of django-oscar."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from oscar.core.loading import get_class, get_model
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAdminUser
from rest_framework.response import Response

Order = get_model("order", "Order")
Source = get_model("payment", "Source")
SourceType = get_model("payment", "SourceType")
EventHandler = get_class("order.processing", "EventHandler")


@api_view(["POST"])
@permission_classes([IsAdminUser])
def set_status(request, number):
    """Move an order along its pipeline; a finished one has left the warehouse."""
    order = Order.objects.get(number=number)
    handler = EventHandler(request.user)
    handler.handle_order_status_change(order, request.data["status"])
    if request.data["status"] == "Complete":
        lines = list(order.lines.all())
        handler.consume_stock_allocations(order, lines, [line.quantity for line in lines])
    return Response({"status": order.status})


@api_view(["POST"])
@permission_classes([IsAdminUser])
def pay_back(request, number):
    """Give money back: neither the order's status nor anything else of it changes."""
    order = Order.objects.get(number=number)
    kind, _is_new = SourceType.objects.get_or_create(name="Card")
    source, is_new = Source.objects.get_or_create(order=order, source_type=kind, currency=order.currency)
    if is_new:
        source.allocate(order.total_incl_tax)
        source.debit(order.total_incl_tax)
    source.refund(Decimal(request.data["amount"]))
    return Response({"refunded": str(source.amount_refunded)})


@api_view(["POST"])
@permission_classes([IsAdminUser])
def give_voucher(request, code):
    """A voucher that takes a sum off everything, with the offer that stands behind it."""
    everything = get_model("offer", "Range").objects.create(name=code, includes_all_products=True)
    offer = get_model("offer", "ConditionalOffer").objects.create(
        name=code,
        offer_type="Voucher",
        condition=get_model("offer", "Condition").objects.create(range=everything, type="Count", value=1),
        benefit=get_model("offer", "Benefit").objects.create(
            range=everything, type="Absolute", value=Decimal(request.data["amount"])
        ),
    )
    today = timezone.now()
    voucher = get_model("voucher", "Voucher").objects.create(
        name=code,
        code=code,
        usage="Multi-use",
        start_datetime=today - timedelta(days=1),
        end_datetime=today + timedelta(days=1),
    )
    voucher.offers.add(offer)
    return Response({"code": code})
