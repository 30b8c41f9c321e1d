// Plays calls of a plan through @rudderstack/rudder-sdk-node.  Plan on stdin: {host, writeKey, calls: [[method, message]]}.
const RudderAnalytics = require("@rudderstack/rudder-sdk-node");

const plan = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const client = new RudderAnalytics(plan.writeKey, {
  dataPlaneUrl: plan.host, flushAt: plan.flushAt || 20, flushInterval: 200, logLevel: "silly", gzip: plan.gzip !== false,
  errorHandler: (error) => errors.push(String(error.response ? error.response.status : error.code)),
});
const errors = [];
console.log = console.error = () => {}; // Its own chatter goes nowhere; the answer of this program is one line of JSON.
let open = plan.calls.length;
for (const [method, message] of plan.calls) {
  if (message.timestamp) message.timestamp = new Date(message.timestamp);
  client[method](message, () => {
    open -= 1;
    if (open === 0) process.stdout.write(JSON.stringify({ errors }), () => process.exit(0));
  });
}
