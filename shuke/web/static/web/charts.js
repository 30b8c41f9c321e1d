// Charts: reads ECharts options from JSON data blocks and draws them on canvas.
//
// Options hold no functions.  Where ECharts wants a formatter, the option says
// {"$format": "money" | "percent" | "integer" | "number" | "date" | "month", "currency": "CNY"};
// amounts of money are minor units.  Colours may be named {"$color": "primary" | "green" | ...}.
(() => {
  const script = document.currentScript;
  const language = document.documentElement.lang || "en";
  const palette = ["primary", "amber", "blue", "rose", "violet", "lime", "slate"];
  let library = null;

  const load = () => {
    library ??= new Promise((resolve, reject) => {
      const tag = document.createElement("script");
      tag.src = script.dataset.echarts;
      tag.onload = () => resolve(window.echarts);
      tag.onerror = reject;
      document.head.append(tag);
    });
    return library;
  };

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--chart-${name}`).trim();

  function fractionDigits(currency) {
    return new Intl.NumberFormat(language, { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  }

  function formatter(spec) {
    const compact = spec.compact ? { notation: "compact" } : {};
    const number = (options) => new Intl.NumberFormat(language, { ...options, ...compact });
    const kinds = {
      money: () => {
        const currency = spec.currency || "CNY";
        const digits = fractionDigits(currency);
        const format = number({ style: "currency", currency, currencyDisplay: "narrowSymbol", maximumFractionDigits: spec.compact ? 1 : digits, minimumFractionDigits: 0 });
        return (value) => format.format(value / 10 ** digits);
      },
      percent: () => { const f = number({ style: "percent", maximumFractionDigits: spec.digits ?? 1 }); return (v) => f.format(v); },
      integer: () => { const f = number({ maximumFractionDigits: 0 }); return (v) => f.format(v); },
      number: () => { const f = number({ maximumFractionDigits: spec.digits ?? 2 }); return (v) => f.format(v); },
      date: () => { const f = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" }); return (v) => asDate(v, f); },
      month: () => { const f = new Intl.DateTimeFormat(language, { month: "short", year: "numeric", timeZone: "UTC" }); return (v) => asDate(v, f); },
    };
    const plain = (kinds[spec.$format] || kinds.number)();
    return (value) => {
      const raw = value && typeof value === "object" && "value" in value ? value.value : value;
      const single = Array.isArray(raw) ? raw[raw.length - 1] : raw;
      return single === null || single === undefined || single === "" || single === "-" ? "–" : plain(single);
    };
  }

  function asDate(value, format) {
    const date = new Date(value);
    return Number.isNaN(date.getTime()) ? String(value) : format.format(date);
  }

  function resolve(node) {
    if (Array.isArray(node)) return node.map(resolve);
    if (!node || typeof node !== "object") return node;
    if (node.$format) return formatter(node);
    if (node.$color) return css(node.$color) || node.$color;
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(value)]));
  }

  const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

  function axis(given) {
    const isValue = given.type === "value" || given.type === "log";
    return {
      ...given,
      axisLine: { show: !isValue, lineStyle: { color: css("line") }, ...given.axisLine },
      axisTick: { show: false, ...given.axisTick },
      axisLabel: { color: css("muted"), hideOverlap: true, ...given.axisLabel },
      nameTextStyle: { color: css("muted"), ...given.nameTextStyle },
      splitLine: { show: isValue, lineStyle: { color: css("grid") }, ...given.splitLine },
    };
  }

  function themed(option) {
    const isCartesian = option.xAxis !== undefined;
    const hasLegend = option.legend !== undefined;
    const result = {
      animationDuration: 300,
      color: palette.map(css),
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: css("text") },
      aria: { enabled: true },
      ...option,
      tooltip: option.tooltip === false ? { show: false } : {
        trigger: isCartesian ? "axis" : "item",
        confine: true,
        backgroundColor: css("surface"),
        borderColor: css("line"),
        textStyle: { color: css("text"), fontSize: 12 },
        ...option.tooltip,
        renderMode: "richText",
      },
    };
    if (isCartesian) {
      result.grid = option.grid ?? { left: 8, right: 16, top: hasLegend ? 36 : 16, bottom: 8, containLabel: true };
      result.xAxis = list(option.xAxis).map(axis);
      result.yAxis = list(option.yAxis).map(axis);
    }
    if (hasLegend) result.legend = { top: 0, left: 0, type: "scroll", icon: "roundRect", itemWidth: 10, itemHeight: 10, textStyle: { color: css("muted") }, ...option.legend };
    return result;
  }

  function cell(row, tag, text) {
    const element = document.createElement(tag);
    element.textContent = text;
    row.append(element);
  }

  // The same numbers as a table, for those who cannot see or trust a picture.
  function fillTable(place, option) {
    const axes = [...list(option.xAxis), ...list(option.yAxis)];
    const names = axes.find((given) => given.data)?.data;
    const series = list(option.series);
    const table = document.createElement("table");
    table.className = "table table-sm";
    const head = table.createTHead().insertRow();
    cell(head, "th", "");
    series.forEach((one) => cell(head, "th", one.name || ""));
    const body = table.createTBody();
    const length = Math.max(0, ...series.map((one) => (one.data || []).length));
    const show = (one, item) => {
      const value = item && typeof item === "object" && !Array.isArray(item) ? item.value : item;
      const format = option.tooltip?.valueFormatter ?? one.tooltip?.valueFormatter;
      const single = Array.isArray(value) ? value[value.length - 1] : value;
      return typeof format === "function" ? format(single) : String(single ?? "–");
    };
    for (let index = 0; index < length; index += 1) {
      const row = body.insertRow();
      const first = series[0]?.data?.[index];
      const name = names?.[index]?.value ?? names?.[index] ?? first?.name ?? (Array.isArray(first) ? first[0] : index + 1);
      cell(row, "th", name);
      series.forEach((one) => cell(row, "td", show(one, one.data?.[index])));
    }
    place.replaceChildren(table);
  }

  async function draw(figure) {
    if (figure.dataset.drawn) return;
    figure.dataset.drawn = "1";
    const source = document.getElementById(figure.dataset.chart);
    const canvas = figure.querySelector(".chart-canvas");
    if (!source || !canvas) return;
    const given = JSON.parse(source.textContent);
    const echarts = await load();
    const chart = echarts.init(canvas, null, { renderer: "canvas" });
    const paint = () => chart.setOption(themed(resolve(given)), true);
    paint();
    const place = figure.querySelector("[data-chart-table]");
    if (place) fillTable(place, resolve(given));
    new ResizeObserver(() => chart.resize()).observe(canvas);
    document.addEventListener("shuke:theme", paint);
    chart.on("click", (event) => { if (event.data?.url) window.location.assign(event.data.url); });
  }

  const drawAll = (root) => root.querySelectorAll("[data-chart]").forEach(draw);
  drawAll(document);
  document.addEventListener("htmx:after:swap", () => drawAll(document));
  document.addEventListener("htmx:after:settle", () => drawAll(document));
})();
