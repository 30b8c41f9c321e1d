// A small plug-in: Vendure has no webhooks of its own.  What changes is told by Standard Webhooks
// (webhook-id, webhook-timestamp, webhook-signature: v1, HMAC-SHA256 of "id.timestamp.body").
"use strict";
const crypto = require("crypto");

const signed = (secret, id, stamp, body) => {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  return "v1," + crypto.createHmac("sha256", key).update(`${id}.${stamp}.${body}`).digest("base64");
};

exports.webhooks = (need, url, secret) => {
  const core = need("@vendure/core");
  const tell = async (type, id) => {
    if (!url || id === undefined) return;
    const body = JSON.stringify({ type, timestamp: new Date().toISOString(), data: { id: String(id) } });
    const delivery = "msg_" + crypto.randomUUID();
    const stamp = Math.floor(Date.now() / 1000);
    const headers = {
      "content-type": "application/json",
      "webhook-id": delivery,
      "webhook-timestamp": String(stamp),
      "webhook-signature": signed(secret, delivery, stamp, body),
    };
    await fetch(url, { method: "POST", headers, body }).catch(() => undefined);
  };
  class Webhooks {
    constructor(events) {
      this.events = events;
    }
    onApplicationBootstrap() {
      const on = (event, type, id) => this.events.ofType(event).subscribe((told) => tell(type, id(told)));
      on(core.OrderStateTransitionEvent, "order.changed", (told) => told.order.id);
      on(core.RefundStateTransitionEvent, "order.refunded", (told) => told.order.id);
      on(core.CustomerEvent, "customer.changed", (told) => told.entity.id);
      on(core.ProductVariantEvent, "product.changed", (told) => told.entity[0] && told.entity[0].productId);
      on(core.StockMovementEvent, "stock.changed", (told) => told.stockMovements[0] && told.stockMovements[0].productVariant.id);
    }
  }
  Reflect.defineMetadata("design:paramtypes", [core.EventBus], Webhooks);
  core.VendurePlugin({ imports: [core.PluginCommonModule] })(Webhooks);
  return Webhooks;
};
