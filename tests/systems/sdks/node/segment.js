// Plays calls of a plan through @segment/analytics-node.  Plan on stdin: {host, writeKey, calls: [[method, message]]}.
const { Analytics } = require("@segment/analytics-node");

const plan = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const analytics = new Analytics({
  host: plan.host, writeKey: plan.writeKey, flushAt: plan.flushAt || 20, flushInterval: 200, maxRetries: 5,
});
const statuses = [], errors = [];
analytics.on("http_response", (response) => statuses.push(response.status));
analytics.on("error", (error) => errors.push(String(error.reason || error.code)));
for (const [method, message] of plan.calls) {
  if (message.timestamp) message.timestamp = new Date(message.timestamp);
  analytics[method](message);
}
analytics.closeAndFlush({ timeout: 60000 }).then(() => {
  process.stdout.write(JSON.stringify({ statuses, errors }));
});
