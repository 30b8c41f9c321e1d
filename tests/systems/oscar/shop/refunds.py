"""What the API of django-oscar lacks: the refunds.  This file is all that a shop has to add.

path("api/admin/refunds/", RefundList.as_view()),
"""

from oscar.core.loading import get_model
from oscarapi.permissions import APIAdminPermission
from rest_framework import generics, serializers

Transaction = get_model("payment", "Transaction")


class RefundSerializer(serializers.ModelSerializer):
    """A transaction that gave money back, with the number of its order."""

    order = serializers.CharField(source="source.order.number")
    currency = serializers.CharField(source="source.currency")

    class Meta:
        model = Transaction
        fields = ("id", "order", "amount", "currency", "date_created")


class RefundList(generics.ListAPIView):
    """Every refund, for staff that may see transactions."""

    queryset = (
        Transaction.objects.filter(txn_type=Transaction.REFUND).select_related("source__order").order_by("id")
    )
    serializer_class = RefundSerializer
    permission_classes = (APIAdminPermission,)
