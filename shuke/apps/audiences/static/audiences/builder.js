// The audience builder: a tree of conditions that is edited by choosing, never by writing JSON.
//
// In the browser every node carries `negated` instead of being wrapped in "not"; `exported` wraps it
// again and remembers which path of the sent tree belongs to which node, so that the server's
// messages land on the condition they are about.
import { context, element, icon, select, text } from "./controls.js";
import { FRESH, leafForm } from "./leaves.js";
import { createLive } from "./live.js";

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const form = document.getElementById("builder");
const place = document.getElementById("builder-root");
context.catalogue = read("builder-catalogue");
context.texts = read("builder-texts");
context.sprite = form.dataset.sprite;
context.valuesUrl = form.dataset.valuesUrl;
context.names = {};

const isGroup = (node) => node.type === "all" || node.type === "any";
const meta = new WeakMap(); // node → { card, parent, isTouched }
let paths = new Map();
let faults = [];
const removals = [];

function imported(node) {
  if (node?.type === "not") {
    const inner = imported(node.child);
    return { ...inner, negated: !inner.negated };
  }
  const copy = structuredClone(node ?? { type: "all", children: [] });
  if (isGroup(copy)) copy.children = (copy.children ?? []).map(imported);
  return copy;
}

function exported(node, path = []) {
  if (node.negated) {
    paths.set(path.join("."), node);
    return { type: "not", child: plain(node, [...path, 0]) };
  }
  return plain(node, path);
}

function plain(node, path) {
  paths.set(path.join("."), node);
  const { negated, ...rest } = node;
  return isGroup(node) ? { ...rest, children: node.children.map((child, index) => exported(child, [...path, index])) } : rest;
}

const sentTree = () => { paths = new Map(); return exported(root); };

const start = imported(read("builder-tree"));
const root = isGroup(start) && !start.negated ? start : { type: "all", children: [start] };
const live = createLive({ form, tree: sentTree, showFaults: (found) => { faults = found; drawFaults(); } });

// ---- drawing ----

function drawAll() {
  place.replaceChildren(groupCard(root, null));
  drawFaults();
}

function redraw(node) {
  const old = meta.get(node).card;
  const key = document.activeElement?.dataset?.key;
  const hadFocus = old.contains(document.activeElement);
  const fresh = isGroup(node) ? groupCard(node, meta.get(node).parent) : leafCard(node, meta.get(node).parent);
  old.replaceWith(fresh);
  if (hadFocus && key) fresh.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  drawFaults();
}

function remember(node, parent, card) {
  meta.set(node, { isTouched: false, ...meta.get(node), card, parent });
  return card;
}

function tellOf(node) {
  const touch = () => { meta.get(node).isTouched = true; };
  return { changed: () => { touch(); live.soon(); }, redraw: () => { touch(); redraw(node); live.soon(); } };
}

function negateSwitch(node) {
  const box = element("input", { type: "checkbox", class: "form-check-input", "data-key": "negated", checked: Boolean(node.negated) });
  box.addEventListener("change", () => { node.negated = box.checked; redraw(node); live.soon(); });
  return element("label", { class: "form-check negate" }, [box, element("span", { class: "form-check-label", text: text("negate") })]);
}

function removeButton(node, parent) {
  const name = context.catalogue.labels.types[node.type] ?? node.type;
  return element("button", { type: "button", class: "btn btn-icon btn-ghost", "data-key": "remove", "aria-label": `${text("remove")}: ${name}`, title: text("remove"), onclick: () => remove(node, parent) }, [icon("x")]);
}

function leafCard(node, parent) {
  const types = Object.keys(FRESH).map((type) => [type, context.catalogue.labels.types[type]]);
  const change = (type) => { Object.keys(node).forEach((key) => key !== "negated" && delete node[key]); Object.assign(node, FRESH[type]()); redraw(node); live.soon(); };
  const head = element("div", { class: "leaf-head" }, [
    select({ key: "type", input: "type", options: types, value: node.type, label: text("condition"), change }),
    negateSwitch(node),
    removeButton(node, parent),
  ]);
  const card = element("div", { class: `leaf${node.negated ? " is-negated" : ""}`, role: "group", "aria-label": context.catalogue.labels.types[node.type] ?? node.type }, [
    head,
    element("div", { class: "leaf-body" }, leafForm(node, tellOf(node))),
    element("div", { class: "faults", role: "alert" }),
  ]);
  return remember(node, parent, card);
}

function groupCard(node, parent) {
  const choose = (type) => { node.type = type; redraw(node); live.soon(); };
  const head = element("div", { class: "group-head" }, [
    element("span", { class: "word", text: text("members_with") }),
    select({ key: "group", options: [["all", text("all")], ["any", text("any")]], value: node.type, label: text("group"), change: choose }),
    element("span", { class: "word", text: text("hold") }),
    parent ? negateSwitch(node) : null,
    parent ? removeButton(node, parent) : null,
  ]);
  const inner = node.children.map((child) => (isGroup(child) ? groupCard(child, node) : leafCard(child, node)));
  const empty = node.children.length ? null : element("p", { class: "group-empty text-secondary", text: text(parent ? "empty_group" : "empty_root") });
  const card = element("div", { class: `group${node.negated ? " is-negated" : ""}`, role: "group", "aria-label": text("group") }, [
    head, element("div", { class: "group-children" }, [...inner, empty]), element("div", { class: "faults", role: "alert" }), adder(node),
  ]);
  return remember(node, parent, card);
}

function adder(node) {
  const types = Object.keys(FRESH).map((type) => [type, context.catalogue.labels.types[type]]);
  const add = (child) => {
    node.children.push(child);
    redraw(node);
    meta.get(child).card.querySelector("select,input")?.focus();
    live.soon();
  };
  const menu = element("select", { class: "form-select adder-select", "data-key": "add", "aria-label": text("add_condition") }, [element("option", { value: "", text: `+ ${text("add_condition")}` })]);
  for (const [type, name] of types) menu.append(element("option", { value: type, text: name }));
  // With the keyboard a closed menu changes at every arrow key: only Enter adds then.
  let isByKey = false;
  const take = () => { if (menu.value) add(FRESH[menu.value]()); };
  menu.addEventListener("pointerdown", () => { isByKey = false; });
  menu.addEventListener("keydown", (event) => {
    isByKey = event.key !== "Enter";
    if (event.key === "Enter" && menu.value) { event.preventDefault(); take(); }
  });
  menu.addEventListener("change", () => { if (!isByKey) take(); });
  const group = element("button", { type: "button", class: "btn btn-ghost", "data-key": "add-group", onclick: () => add({ type: node.type === "all" ? "any" : "all", children: [] }) }, [icon("square-plus"), text("add_group")]);
  return element("div", { class: "adder" }, [menu, group]);
}

// ---- what is wrong ----

function drawFaults() {
  for (const box of place.querySelectorAll(".faults")) box.replaceChildren();
  for (const control of place.querySelectorAll(".is-invalid")) { control.classList.remove("is-invalid"); control.removeAttribute("aria-invalid"); control.removeAttribute("aria-describedby"); }
  for (const fault of faults) {
    const node = paths.get(fault.path.join(".")) ?? root;
    const known = meta.get(node);
    if (!known) continue;
    const box = known.card.querySelector(":scope > .faults");
    const isMild = fault.code === "value_missing" && !known.isTouched;
    box.id ||= `faults-${Math.random().toString(36).slice(2)}`;
    box.append(element("div", { class: isMild ? "fault is-mild" : "fault", text: fault.message }));
    const body = known.card.querySelector(":scope > .leaf-body");
    const control = fault.input && body?.querySelector(`[data-input="${CSS.escape(fault.input)}"]`);
    if (!control) continue;
    control.setAttribute("aria-describedby", box.id);
    control.setAttribute("aria-invalid", "true");
    if (!isMild) control.classList.add("is-invalid");
  }
}

// ---- removing and taking it back ----

const undoBar = document.getElementById("undo-bar");

function remove(node, parent) {
  const index = parent.children.indexOf(node);
  parent.children.splice(index, 1);
  removals.push({ node, parent, index });
  redraw(parent);
  undoBar.querySelector("span").textContent = text("removed");
  undoBar.hidden = false;
  undoBar.querySelector("button").focus();
  live.soon();
}

function undo() {
  const last = removals.pop();
  if (!last) return;
  last.parent.children.splice(Math.min(last.index, last.parent.children.length), 0, last.node);
  drawAll();
  meta.get(last.node)?.card.querySelector("select,input")?.focus();
  undoBar.hidden = removals.length === 0;
  live.soon();
}

undoBar.querySelector("button").addEventListener("click", undo);
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
  if (event.target.closest("input,textarea") || !removals.length) return;
  event.preventDefault();
  undo();
});

// ---- saving ----

form.addEventListener("keydown", (event) => {
  // Enter in a condition means "done with this value", not "save and leave".
  if (event.key === "Enter" && event.target.matches("#builder-root input")) event.preventDefault();
});
form.addEventListener("submit", () => { document.getElementById("builder-conditions").value = JSON.stringify(sentTree()); });

drawAll();
live.now();
