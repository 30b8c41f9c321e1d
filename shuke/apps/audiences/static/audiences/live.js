// The live side of the builder: asks the server for size and members, shows them or what is wrong.
import { context, element, text } from "./controls.js";

const byId = (id) => document.getElementById(id);
const language = document.documentElement.lang || "en";
const integer = new Intl.NumberFormat(language);
const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
const DELAY_MILLISECONDS = 250;

export function createLive({ form, tree, showFaults }) {
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  let timer = 0;
  let asking = null;

  const note = (message) => { byId("live-note").textContent = message; };

  async function ask() {
    asking?.abort();
    const mine = (asking = new AbortController());
    form.classList.add("is-counting");
    note(text("counting"));
    try {
      const body = JSON.stringify({ conditions: tree(), audience_id: form.dataset.audienceId || null });
      const answer = await fetch(form.dataset.draftUrl, { method: "POST", body, signal: mine.signal, headers: { "Content-Type": "application/json", "X-CSRFToken": token } });
      const found = await answer.json();
      if (answer.ok) { showFaults([]); show(found); }
      else if (found.details?.faults) { showFaults(found.details.faults); stale(text("complete")); }
      else stale(found.message || text("offline"));
    } catch (error) {
      if (error.name !== "AbortError") stale(text("offline"));
    }
    if (asking === mine) form.classList.remove("is-counting");
  }

  function stale(message) {
    form.classList.add("is-stale");
    note(message);
  }

  function show(found) {
    form.classList.remove("is-stale");
    const share = found.members_total ? found.size / found.members_total : 0;
    byId("live-size").textContent = integer.format(found.size);
    byId("live-share").textContent = text("of_all", { percent: percent.format(share), total: integer.format(found.members_total) });
    byId("live-bar").value = 100 * share;
    note(found.size ? "" : text("nobody"));
    byId("live-words").replaceChildren(...found.description.map((line) => element("li", { class: `level-${Math.min(line.level, 8)}`, text: line.text })));
    byId("live-members").replaceChildren(found.members.length ? members(found.members) : "");
  }

  function members(rows) {
    const { currency, exponent } = context.catalogue;
    const money = new Intl.NumberFormat(language, { style: "currency", currency, currencyDisplay: "narrowSymbol", maximumFractionDigits: 0 });
    const head = element("tr", {}, [element("th", { text: text("name"), scope: "col" }), element("th", { text: text("stage"), scope: "col" }), element("th", { text: text("spend"), scope: "col", class: "num" })]);
    const body = rows.map((row) => element("tr", {}, [
      element("td", {}, [element("a", { href: `/members/${encodeURIComponent(row.member_id)}/`, text: row.name || row.member_id })]),
      element("td", { text: row.stage_label }),
      element("td", { class: "num", text: money.format(row.spend_total_minor / 10 ** exponent) }),
    ]));
    return element("table", { class: "table table-sm" }, [element("thead", {}, [head]), element("tbody", {}, body)]);
  }

  return {
    now: ask,
    soon: () => { window.clearTimeout(timer); timer = window.setTimeout(ask, DELAY_MILLISECONDS); },
  };
}
