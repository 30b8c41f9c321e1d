// Controls of the builder: each returns an element and tells changes through a function.
//
// A control has data-key (to find it again after a redraw) and data-input (the name the server uses
// when it says what is wrong).  Nothing is ever written as HTML: all text goes through textContent.

export const context = { catalogue: null, texts: null, sprite: "", valuesUrl: "" };

export function element(tag, attributes = {}, children = []) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${context.sprite}#${name}`);
  svg.append(use);
  return svg;
}

export const text = (key, values = {}) =>
  Object.entries(values).reduce((done, [name, value]) => done.replaceAll(`{${name}}`, value), context.texts[key] ?? key);

let serial = 0;
export const freshId = (prefix) => `${prefix}-${++serial}`;

export function labelled(label, control) {
  const wrapper = element("div", { class: "control" });
  const target = control.matches("input,select,textarea") ? control : control.querySelector("input,select,textarea");
  target.id ||= freshId("control");
  wrapper.append(element("label", { for: target.id, class: "control-label", text: label }), control);
  return wrapper;
}

export function select({ key, input = key, options, value, label, change, placeholder }) {
  const control = element("select", { class: "form-select", "data-key": key, "data-input": input, "aria-label": label });
  const known = options.some(([code]) => code === value);
  if (placeholder !== undefined || !known) {
    control.append(element("option", { value: "", text: known || !value ? (placeholder ?? text("choose")) : value, selected: !known }));
  }
  for (const [code, name] of options) control.append(element("option", { value: code, text: name, selected: code === value }));
  control.addEventListener("change", () => change(control.value));
  return control;
}

export function number({ key, input = key, value, label, change, min, max, step = "1", unit }) {
  const control = element("input", {
    class: "form-control number", type: "number", inputmode: step === "1" ? "numeric" : "decimal", "data-key": key, "data-input": input,
    "aria-label": label, value: value ?? "", min, max, step,
  });
  control.addEventListener("input", () => change(control.value === "" ? null : Number(control.value)));
  return unit ? element("span", { class: "with-unit" }, [control, element("span", { class: "unit", text: unit })]) : control;
}

// Money is typed in the currency's units and kept in minor units.
export function money({ value, change, ...rest }) {
  const { exponent, currency } = context.catalogue;
  const factor = 10 ** exponent;
  return number({
    ...rest, step: exponent ? (1 / factor).toFixed(exponent) : "1", unit: currency,
    value: typeof value === "number" ? value / factor : "",
    change: (typed) => change(typed === null ? null : Math.round(typed * factor)),
  });
}

export function date({ key, input = key, value, label, change }) {
  const control = element("input", { class: "form-control", type: "date", "data-key": key, "data-input": input, "aria-label": label, value: value ?? "" });
  control.addEventListener("change", () => change(control.value || null));
  return control;
}

export function words({ key, input = key, value, label, change, list, hint }) {
  const control = element("input", { class: "form-control", type: "text", maxlength: 200, autocomplete: "off", "data-key": key, "data-input": input, "aria-label": label, value: value ?? "", placeholder: hint, list });
  control.addEventListener("input", () => change(control.value === "" ? null : control.value));
  return control;
}

// One value out of a list that may be long: typing searches.
export function combo({ choices, value, change, ...rest }) {
  const list = element("datalist", { id: freshId("list") });
  for (const choice of choices) list.append(element("option", { value: choice.label }));
  const shown = choices.find((choice) => choice.value === String(value))?.label ?? value;
  const control = words({
    ...rest, value: shown, list: list.id,
    change: (typed) => change(choices.find((choice) => choice.label === typed)?.value ?? typed),
  });
  return element("span", { class: "combo" }, [control, list]);
}

// Several values: each a chip, added from a searchable list.
export function chips({ key, input = key, kind, choices, values, label, change, free = false, hint }) {
  const box = element("div", { class: "chips", "data-key": `${key}-box` });
  const list = element("datalist", { id: freshId("list") });
  const field = element("input", { class: "chip-input", type: "text", autocomplete: "off", "data-key": key, "data-input": input, "aria-label": label, placeholder: values.length ? "" : (hint ?? text("add_value")), list: list.id });
  let known = choices ?? context.catalogue.lists[kind] ?? [];
  const isSearched = !choices && context.catalogue.searched.includes(kind);
  const show = (offered) => list.replaceChildren(...offered.map((choice) => element("option", { value: choice.label, label: isSearched ? choice.value : undefined })));
  if (!isSearched) show(known.filter((choice) => !values.includes(choice.value)));

  const add = (typed) => {
    const wanted = typed.trim();
    if (!wanted) return;
    const folded = wanted.toLocaleLowerCase();
    const found = known.find((choice) => choice.label === wanted || choice.value === wanted)
      ?? known.find((choice) => choice.label.toLocaleLowerCase() === folded);
    const value = found?.value ?? wanted;
    if (found && kind) context.names[`${kind}:${value}`] = found.label;
    field.value = "";
    if (!values.includes(value)) change([...values, value], key);
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || (event.key === "," && field.value.trim())) { event.preventDefault(); add(field.value); }
    if (event.key === "Backspace" && !field.value && values.length) change(values.slice(0, -1), key);
  });
  field.addEventListener("input", async (event) => {
    // A click on an offered value arrives as one replacement: take it at once.
    const isPicked = event.inputType === "insertReplacementText" || event.inputType === undefined;
    if (isPicked && known.some((choice) => choice.label === field.value)) { add(field.value); return; }
    if (!isSearched || field.value.trim().length < 2) return;
    const asked = field.value;
    const answer = await fetch(`${context.valuesUrl.replace("KIND", kind)}?text=${encodeURIComponent(asked)}`);
    if (answer.ok && field.value === asked) { known = await answer.json(); show(known); }
  });
  field.addEventListener("change", () => { if (field.value && (free || known.some((choice) => choice.label === field.value))) add(field.value); });

  const nameOf = (value) => known.find((choice) => choice.value === value)?.label ?? context.names[`${kind}:${value}`] ?? value;
  for (const value of values) {
    const remove = element("button", { type: "button", class: "chip-remove", "aria-label": text("remove_value", { value: nameOf(value) }), onclick: () => change(values.filter((other) => other !== value), key) }, ["×"]);
    box.append(element("span", { class: "chip" }, [element("span", { text: nameOf(value) }), remove]));
  }
  box.append(field, list);
  box.addEventListener("click", (event) => { if (event.target === box) field.focus(); });
  return box;
}
