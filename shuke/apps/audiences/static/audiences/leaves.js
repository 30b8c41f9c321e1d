// The form of each kind of condition.  A form reads and writes the node's plain data.
//
// `redraw` says that the form itself changes (another field was chosen), `changed` that a value did.
import { chips, combo, context, date, element, freshId, labelled, money, number, select, text, words } from "./controls.js";

const entries = (labels, wanted = Object.keys(labels)) => wanted.filter((code) => code in labels).map((code) => [code, labels[code]]);
const labels = () => context.catalogue.labels;

export const FRESH = {
  trait: () => ({ type: "trait", field: "lifecycle_stage", operator: "eq", value: null }),
  attribute: () => ({ type: "attribute", name: context.catalogue.attributes[0]?.name ?? "", operator: "eq", value: null }),
  purchase: () => ({ type: "purchase", did: true, measure: "count", comparison: { operator: "ge", value: 1 }, window: { type: "last_days", days: 90 } }),
  event: () => ({ type: "event", names: [], did: true, measure: "count", comparison: { operator: "ge", value: 1 }, window: { type: "last_days", days: 30 } }),
  message: () => ({ type: "message", event: "received", did: true, campaign_ids: [], channels: [], window: { type: "last_days", days: 30 } }),
  sequence: () => ({ type: "sequence", first: { type: "purchase" }, then: { type: "purchase" }, within_days: 30, window: { type: "ever" } }),
  reachable: () => ({ type: "reachable", channel: "email" }),
  consent: () => ({ type: "consent", channel: "email", purpose: "marketing", state: "granted" }),
  anniversary: () => ({ type: "anniversary", attribute: "birthday", within_days: 14 }),
  audience: () => ({ type: "audience", audience_id: "" }),
  tier: () => ({ type: "tier", tiers: [], did: true }),
  layer: () => ({ type: "layer", scheme: context.catalogue.schemes[0]?.name ?? "", layers: [], did: true }),
  moved: () => ({ type: "moved", scheme: context.catalogue.schemes[0]?.name ?? "", from_layers: [], to_layers: [], days: 28 }),
  due: () => ({ type: "due", categories: [], state: "due", within_days: 7 }),
  share: () => ({ type: "share", basis_points: 1000, salt: "share" }),
  members: () => ({ type: "members", member_ids: [] }),
};

function comparison(node, { tell, isMoney }) {
  const held = (node.comparison ??= { operator: "ge", value: 1 });
  const value = isMoney ? money : number;
  const parts = [
    select({ key: "comparison", options: entries(labels().number_operators), value: held.operator, label: text("comparison"), change: (code) => { held.operator = code; if (code === "between") held.high ??= held.value; else delete held.high; tell.redraw(); } }),
    value({ key: "value", value: held.value, label: text("value"), change: (typed) => { held.value = typed; tell.changed(); } }),
  ];
  if (held.operator === "between") {
    parts.push(element("span", { class: "word", text: text("to") }), value({ key: "high", value: held.high, label: text("value"), change: (typed) => { held.high = typed; tell.changed(); } }));
  }
  if (!isMoney) parts.push(element("span", { class: "word", text: text("times") }));
  return parts;
}

function period(node, tell) {
  const held = (node.window ??= { type: "ever" });
  const choose = (type) => {
    node.window = type === "last_days" ? { type, days: 90 } : type === "between" ? { type, start: null, end: null } : { type };
    tell.redraw();
  };
  const parts = [select({ key: "window", input: "window-type", options: entries(labels().windows), value: held.type, label: text("period"), change: choose })];
  if (held.type === "last_days") parts.push(number({ key: "days", value: held.days, label: text("days"), min: 1, max: 3660, unit: text("days"), change: (typed) => { held.days = typed; tell.changed(); } }));
  if (held.type === "between") {
    parts.push(date({ key: "start", value: held.start, label: text("from"), change: (typed) => { held.start = typed; tell.changed(); } }));
    parts.push(element("span", { class: "word", text: text("to") }));
    parts.push(date({ key: "end", value: held.end, label: text("until"), change: (typed) => { held.end = typed; tell.changed(); } }));
  }
  return parts;
}

const didSelect = (node, tell, yes, no) =>
  select({ key: "did", options: [["yes", text(yes)], ["no", text(no)]], value: node.did === false ? "no" : "yes", label: text("comparison"), change: (code) => { node.did = code === "yes"; tell.changed(); } });

const row = (...parts) => element("div", { class: "leaf-row" }, parts.flat());

// Which goods, stores and sales channels; the rare ones stay folded until they are used.
function goodsRows(node, tell, prefix = "") {
  node.goods ??= {};
  const field = (holder, name, kind) =>
    labelled(text(name), chips({ key: prefix + name, input: name, kind, values: holder[name] ?? [], label: text(name), hint: text("anything"), change: (values) => { holder[name] = values; tell.redraw(); } }));
  const rare = [[node.goods, "product_ids", "product"], [node.goods, "brands", "brand"], [node, "store_ids", "store"], [node, "sales_channels", "sales_channel"]];
  const isUsed = rare.some(([holder, name]) => holder[name]?.length);
  const more = element("details", { class: "more-filters", open: isUsed }, [
    element("summary", { text: text("more_filters") }),
    element("div", { class: "leaf-row" }, rare.map((parts) => field(...parts))),
  ]);
  return [row(field(node.goods, "categories", "category"), field(node.goods, "departments", "department")), more];
}

function measured(node, tell, measures) {
  return select({ key: "measure", options: entries(labels().measures, measures), value: node.measure ?? "count", label: text("measure"), change: (code) => { node.measure = code; node.comparison = code === "sum" ? { operator: "ge", value: 10 ** context.catalogue.exponent * 100 } : { operator: "ge", value: 1 }; tell.redraw(); } });
}

function counted(node, tell) {
  return node.measure === "first" || node.measure === "last" ? [] : comparison(node, { tell, isMoney: node.measure === "sum" });
}

function isNumber(value) { return value !== "" && value !== null && !Number.isNaN(Number(value)); }

// One value of a trait or attribute, in the control of its type.
function single(node, name, field, tell) {
  const given = { key: name, value: node[name], label: text("value"), change: (typed) => { node[name] = typed; tell.changed(); } };
  if (node.operator === "last_days") return number({ ...given, min: 1, max: 3660, unit: text("days") });
  const isWhole = ["int", "minor", "float"].includes(field.type);
  if (field.choices.length && ["eq", "ne"].includes(node.operator)) {
    const change = (typed) => given.change(isWhole && isNumber(typed) ? Number(typed) : typed);
    if (field.choices.length <= 15) return select({ ...given, change: (code) => change(code || null), value: node[name] === null || node[name] === undefined ? "" : String(node[name]), options: field.choices.map((choice) => [choice.value, choice.label]), placeholder: text("choose") });
    return combo({ ...given, change, choices: field.choices });
  }
  if (field.type === "date") return date(given);
  if (field.type === "minor") return money(given);
  if (field.type === "int") return number(given);
  if (field.type === "float") return number({ ...given, step: "any" });
  if (field.type === "attribute" && ["lt", "le", "gt", "ge", "between"].includes(node.operator)) return number({ ...given, step: "any" });
  return words(given);
}

function valueParts(node, field, tell) {
  if (node.operator === "is_known") return [];
  if (node.operator === "in") {
    const isWhole = field.type === "int";
    const values = (node.values ?? []).map(String);
    return [chips({ key: "values", choices: field.choices, values, label: text("value"), free: true, change: (list) => { node.values = isWhole ? list.map((item) => (isNumber(item) ? Number(item) : item)) : list; tell.redraw(); } })];
  }
  const parts = [single(node, "value", field, tell)];
  if (node.operator === "between") parts.push(element("span", { class: "word", text: text("and") }), single(node, "high", field, tell));
  return parts;
}

function asked(node, key, fields, tell) {
  const field = fields.find((one) => one.name === node[key]) ?? { name: node[key], label: node[key], type: "text", operators: ["eq"], choices: [] };
  const operators = field.type === "date" ? labels().date_operators : labels().operators;
  const forget = () => { delete node.value; delete node.high; delete node.values; };
  const choose = (name) => { const next = fields.find((one) => one.name === name); node[key] = name; if (next && !next.operators.includes(node.operator)) node.operator = next.operators[0]; forget(); tell.redraw(); };
  const compare = (code) => {
    const shape = (operator) => (["in", "is_known", "last_days", "contains", "starts_with"].includes(operator) ? operator : "plain");
    if (shape(code) !== shape(node.operator)) forget();
    if (code !== "between") delete node.high;
    node.operator = code;
    tell.redraw();
  };
  return [
    select({ key, options: fields.map((one) => [one.name, one.label]), value: node[key], label: text("field"), change: choose }),
    select({ key: "operator", options: entries(operators, field.operators), value: node.operator ?? "eq", label: text("comparison"), change: compare }),
    ...valueParts(node, field, tell),
  ];
}

function messageParts(node, tell) {
  return [
    labelled(text("message_event"), select({ key: "event", options: entries(labels().message_events), value: node.event ?? "received", label: text("message_event"), change: (code) => { node.event = code; tell.changed(); } })),
    labelled(text("campaigns"), chips({ key: "campaign_ids", kind: "campaign", values: node.campaign_ids ?? [], label: text("campaigns"), hint: text("any_campaign"), change: (values) => { node.campaign_ids = values; tell.redraw(); } })),
    labelled(text("channel"), chips({ key: "channels", kind: "message_channel", values: node.channels ?? [], label: text("channel"), hint: text("any_channel"), change: (values) => { node.channels = values; tell.redraw(); } })),
  ];
}

const eventNames = (node, tell) => labelled(text("events"), chips({ key: "names", kind: "event", values: node.names ?? [], label: text("events"), free: true, change: (values) => { node.names = values; tell.redraw(); } }));

function step(node, name, tell) {
  const held = node[name];
  const kinds = labels().types;
  const choose = (type) => { node[name] = type === "event" ? { type, names: [] } : { type }; tell.redraw(); };
  const kind = select({ key: `${name}-type`, options: entries(kinds, ["purchase", "event", "message"]), value: held.type, label: text(name), change: choose });
  const inner = held.type === "purchase" ? goodsRows(held, tell, `${name}-`) : [row(...(held.type === "event" ? [eventNames(held, tell)] : messageParts(held, tell)))];
  return element("fieldset", { class: "step" }, [element("legend", { text: text(name) }), row(kind), ...inner]);
}

const listOptions = (kind) => (context.catalogue.lists[kind] ?? []).map((choice) => [choice.value, choice.label]);

function channelSelect(node, tell) {
  return labelled(text("channel"), select({ key: "channel", options: listOptions("channel"), value: node.channel, label: text("channel"), change: (code) => { node.channel = code; tell.changed(); } }));
}

function schemeSelect(node, tell, held) {
  const options = context.catalogue.schemes.map((scheme) => [scheme.name, scheme.label]);
  const change = (code) => { node.scheme = code; held.forEach((name) => { node[name] = []; }); tell.redraw(); };
  return labelled(text("scheme"), select({ key: "scheme", options, value: node.scheme, label: text("scheme"), placeholder: text("choose"), change }));
}

function layerChips(node, name, tell) {
  const choices = context.catalogue.schemes.find((scheme) => scheme.name === node.scheme)?.choices ?? [];
  return labelled(text(name), chips({ key: name, choices, values: node[name] ?? [], label: text(name), change: (values) => { node[name] = values; tell.redraw(); } }));
}

const FORMS = {
  trait: (node, tell) => [row(asked(node, "field", context.catalogue.traits, tell))],
  attribute: (node, tell) => [row(asked(node, "name", context.catalogue.attributes, tell))],
  purchase: (node, tell) => [
    row(didSelect(node, tell, "did", "did_not"), measured(node, tell, ["count", "sum", "first", "last"]), counted(node, tell), period(node, tell)),
    ...goodsRows(node, tell),
  ],
  event: (node, tell) => [
    row(didSelect(node, tell, "did_event", "did_not_event"), measured(node, tell, ["count", "first", "last"]), counted(node, tell), period(node, tell)),
    row(eventNames(node, tell)),
  ],
  message: (node, tell) => [row(didSelect(node, tell, "did_message", "did_not_message"), period(node, tell)), row(...messageParts(node, tell))],
  sequence: (node, tell) => [
    step(node, "first", tell),
    step(node, "then", tell),
    row(labelled(text("within"), number({ key: "within_days", value: node.within_days, label: text("within"), min: 0, max: 3660, unit: text("days"), change: (typed) => { node.within_days = typed; tell.changed(); } })), labelled(text("period"), element("span", { class: "leaf-row" }, period(node, tell)))),
  ],
  audience: (node, tell) => [row(labelled(text("audience"), select({ key: "audience_id", options: listOptions("audience"), value: node.audience_id, label: text("audience"), placeholder: text("choose"), change: (code) => { node.audience_id = code; tell.changed(); } })))],
  tier: (node, tell) => [row(
    didSelect(node, tell, "in_tier", "not_in_tier"),
    labelled(text("tiers"), chips({ key: "tiers", kind: "tier", values: node.tiers ?? [], label: text("tiers"), change: (values) => { node.tiers = values; tell.redraw(); } })),
  )],
  layer: (node, tell) => [row(schemeSelect(node, tell, ["layers"]), didSelect(node, tell, "in_layer", "not_in_layer"), layerChips(node, "layers", tell))],
  moved: (node, tell) => [row(
    schemeSelect(node, tell, ["from_layers", "to_layers"]),
    layerChips(node, "from_layers", tell),
    layerChips(node, "to_layers", tell),
    labelled(text("within"), number({ key: "days", value: node.days, label: text("within"), min: 1, max: 3660, unit: text("days"), change: (typed) => { node.days = typed; tell.changed(); } })),
  )],
  due: (node, tell) => [row(
    labelled(text("categories"), chips({ key: "categories", kind: "category", values: node.categories ?? [], label: text("categories"), change: (values) => { node.categories = values; tell.redraw(); } })),
    labelled(text("due_state"), select({ key: "state", options: [["due", text("is_due")], ["overdue", text("is_overdue")]], value: node.state ?? "due", label: text("due_state"), change: (code) => { node.state = code; tell.redraw(); } })),
    ...(node.state === "overdue" ? [] : [labelled(text("within"), number({ key: "within_days", value: node.within_days, label: text("within"), min: 1, max: 366, unit: text("days"), change: (typed) => { node.within_days = typed; tell.changed(); } }))]),
  )],
  consent: (node, tell) => [row(
    channelSelect(node, tell),
    labelled(text("purpose"), select({ key: "purpose", options: entries(labels().purposes), value: node.purpose ?? "marketing", label: text("purpose"), change: (code) => { node.purpose = code; tell.changed(); } })),
    labelled(text("state"), select({ key: "state", options: entries(labels().states), value: node.state ?? "granted", label: text("state"), change: (code) => { node.state = code; tell.changed(); } })),
  )],
  reachable: (node, tell) => [row(channelSelect(node, tell))],
  anniversary: (node, tell) => {
    const known = context.catalogue.attributes.map((field) => [field.name, field.label]);
    const options = known.some(([code]) => code === "birthday") ? known : [["birthday", labels().types.anniversary], ...known];
    return [row(
      labelled(text("anniversary"), select({ key: "attribute", options, value: node.attribute ?? "birthday", label: text("anniversary"), change: (code) => { node.attribute = code; tell.changed(); } })),
      labelled(text("next_days"), number({ key: "within_days", value: node.within_days, label: text("next_days"), min: 0, max: 365, unit: text("days"), change: (typed) => { node.within_days = typed; tell.changed(); } })),
    )];
  },
  share: (node, tell) => [
    row(
      labelled(text("percent"), number({ key: "basis_points", value: typeof node.basis_points === "number" ? node.basis_points / 100 : "", label: text("percent"), min: 0.01, max: 100, step: "0.01", unit: "%", change: (typed) => { node.basis_points = typed === null ? null : Math.round(typed * 100); tell.changed(); } })),
      labelled(text("salt"), words({ key: "salt", value: node.salt, label: text("salt"), change: (typed) => { node.salt = typed; tell.changed(); } })),
    ),
    element("p", { class: "form-hint", text: text("salt_hint") }),
  ],
  members: (node, tell) => {
    const area = element("textarea", { class: "form-control", rows: 4, "data-key": "member_ids", "data-input": "member_ids", id: freshId("ids") });
    area.value = (node.member_ids ?? []).join("\n");
    area.addEventListener("input", () => { node.member_ids = area.value.split(/[\s,;]+/).filter(Boolean); tell.changed(); });
    return [labelled(text("member_ids"), area)];
  },
};

export function leafForm(node, tell) {
  return FORMS[node.type] ? FORMS[node.type](node, tell) : [element("code", { text: JSON.stringify(node) })];
}
