/* Shuke web snippet: tells the shop's own collector what visitors do.  Apache-2.0.
 *
 *   <script async src="https://collect.example.com/shuke.js" data-write-key="wk_..."></script>
 *
 * Before the visitor consents nothing is stored and nothing is sent.  No cookies at all: the little that is kept
 * lies in the site's own localStorage.  Global Privacy Control counts as a "no" until the visitor says yes here.
 * What a page may set (data-...): write-key, host, consent="required|implied", page="auto|off", keep-query="q,sku".
 */
(function (window, document, navigator) {
  "use strict";
  if (window.shuke && window.shuke.version) return;
  var script = document.currentScript || document.querySelector("script[data-write-key]");
  var given = (script && script.dataset) || {};
  var host = (given.host || new URL(script.src, location.href).origin).replace(/\/+$/, "");
  var STORE = "shuke", UNSENT = "shuke.unsent", ANSWERED = "Consent Preference Updated";
  var MAX_WAITING = 500, MAX_BYTES = 50000, FLUSH_MS = 1000, SESSION_MS = 1800000, LONGEST_PAUSE_MS = 60000;

  var waiting = [], inFlight = 0, timer = 0, pauseMs = 0, lastPage = "", identity = {}, hasLeft = false;
  var consent = null; // null: not asked yet; else {analytics: bool, advertising: bool}
  var gpc = navigator.globalPrivacyControl === true;

  // --- what is kept, and only with consent ---

  function read(name) {
    try { return JSON.parse(localStorage.getItem(name)); } catch (_) { return null; }
  }
  function write(name, value) {
    try {
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, JSON.stringify(value));
    } catch (_) { /* A full or forbidden storage: this visit goes on without a memory. */ }
  }
  function mayTrack() {
    return consent ? consent.analytics : given.consent === "implied" && !gpc;
  }
  function remember() {
    if (mayTrack()) write(STORE, { identity: identity, consent: consent });
  }
  function recall() {
    var kept = read(STORE) || {};
    identity = kept.identity || {};
    consent = kept.consent || null;
    // A signal that was switched on since then withdraws what was only implied.
    if (!mayTrack()) forget();
  }
  // Of a visitor who said no, only the no is kept.
  function forget() {
    identity = {};
    write(STORE, consent ? { consent: consent } : null);
  }
  function newId() {
    if (window.crypto && crypto.randomUUID) return crypto.randomUUID();
    var bytes = crypto.getRandomValues(new Uint8Array(16)), text = "";
    for (var i = 0; i < 16; i++) text += (bytes[i] + 256).toString(16).slice(1);
    return text;
  }
  function session(now) {
    if (!identity.anonymousId) identity.anonymousId = newId();
    if (!identity.session || now - identity.seen > SESSION_MS) identity.session = now;
    identity.seen = now;
    remember();
  }

  // --- what an event says of where it happened ---

  // Queries of addresses carry names, emails and tokens: only what the site names is kept, and utm_*.
  function plainAddress(address) {
    if (!address) return "";
    var url;
    try { url = new URL(address, location.href); } catch (_) { return ""; }
    var kept = new URLSearchParams(), names = (given.keepQuery || "").split(",");
    url.searchParams.forEach(function (value, name) {
      if (/^utm_/.test(name) || names.indexOf(name) >= 0) kept.append(name, value);
    });
    var query = kept.toString();
    return url.origin + url.pathname + (query ? "?" + query : "");
  }
  function pageNow() {
    var url = plainAddress(location.href);
    return {
      path: location.pathname, url: url, search: (url.split("?")[1] && "?" + url.split("?")[1]) || "",
      title: document.title, referrer: plainAddress(document.referrer)
    };
  }
  function campaignNow() {
    var found = {};
    new URLSearchParams(location.search).forEach(function (value, name) {
      if (/^utm_/.test(name)) found[name === "utm_campaign" ? "name" : name.slice(4)] = value;
    });
    return found;
  }
  function context() {
    var zone = "";
    try { zone = Intl.DateTimeFormat().resolvedOptions().timeZone; } catch (_) { /* Old browsers have none. */ }
    return {
      library: { name: "shuke.js", version: shuke.version }, page: pageNow(), campaign: campaignNow(),
      locale: navigator.language, timezone: zone, userAgent: navigator.userAgent, sessionId: identity.session,
      screen: { width: screen.width, height: screen.height },
      consent: consentNow()
    };
  }
  function consentNow() {
    return { categoryPreferences: choices(), gpc: gpc };
  }
  // Whatever a banner passes on, the browser's signal rules advertising out.
  function choices() {
    return { analytics: mayTrack(), advertising: !!(consent && consent.advertising) && !gpc };
  }

  // --- the queue: in memory, one request at a time, what is left is kept for the next page ---

  function made(type, fields) {
    var now = Date.now();
    session(now);
    var event = {
      type: type, messageId: "web-" + newId(), timestamp: new Date(now).toISOString(),
      anonymousId: identity.anonymousId, userId: identity.userId, context: context()
    };
    for (var name in fields) event[name] = fields[name];
    return event;
  }
  function add(type, fields) {
    var event = made(type, fields);
    // Before the answer a visit's first steps wait in memory; without one they are gone with the page.
    if (consent === null || mayTrack()) waiting.push(event);
    if (waiting.length > MAX_WAITING) waiting.shift();
    if (mayTrack()) schedule(FLUSH_MS);
  }
  function schedule(delay) {
    if (!timer) timer = setTimeout(function () { timer = 0; flush(false); }, Math.max(delay, pauseMs));
  }
  function take() {
    // One at least, then as many as the browsers let through when a page is being left (64 KB in all).
    var taken = [], size = 0;
    while (waiting.length) {
      size += new Blob([JSON.stringify(waiting[0])]).size;
      if (taken.length && size > MAX_BYTES) break;
      taken.push(waiting.shift());
    }
    return taken;
  }
  function flush(isLeaving) {
    if (!mayTrack() || !waiting.length || (inFlight && !isLeaving)) return;
    var batch = take();
    inFlight++;
    deliver(batch, isLeaving).then(function (isDone) {
      inFlight--;
      if (!isDone && mayTrack()) { waiting = batch.concat(waiting).slice(-MAX_WAITING); if (hasLeft) keep(); }
      if (waiting.length && !hasLeft) schedule(0);
    });
  }
  function deliver(batch, isLeaving) {
    var body = JSON.stringify({ writeKey: given.writeKey, batch: batch, sentAt: new Date().toISOString() });
    return send(body, isLeaving).then(function (answer) {
      // 4xx other than "later" never gets better: such events are let go.
      var isDone = answer.ok || (answer.status < 500 && answer.status !== 429);
      pauseMs = isDone ? 0 : 1000 * answer.headers.get("Retry-After") || backoff();
      return isDone;
    }, function () { pauseMs = backoff(); return false; });
  }
  function backoff() {
    return Math.min(LONGEST_PAUSE_MS, (pauseMs || 500) * 2) * (0.75 + Math.random() / 2);
  }
  function send(body, isLeaving) {
    var address = host + "/v1/b", small = body.length < 60000;
    // text/plain needs no preflight; no credentials, so no cookie ever travels.
    if (window.fetch && (!isLeaving || "keepalive" in Request.prototype)) return fetch(address, {
      method: "POST", body: body, headers: { "Content-Type": "text/plain" }, credentials: "omit",
      keepalive: isLeaving && small, mode: "cors"
    });
    return navigator.sendBeacon(address, body) ? Promise.resolve({ ok: true }) : Promise.reject();
  }
  function keep() {
    if (!mayTrack() || !waiting.length) return;
    write(UNSENT, (read(UNSENT) || []).concat(waiting).slice(-MAX_WAITING));
    waiting = [];
  }
  function leave() {
    hasLeft = true;
    flush(true);
    keep(); // More than one last request may carry.
  }

  // --- what pages call ---

  var shuke = {
    version: "1",
    page: function (name, properties) {
      var said = pageNow();
      for (var key in properties) said[key] = properties[key];
      add("page", { name: name || "", properties: said });
    },
    track: function (event, properties) { add("track", { event: String(event), properties: properties || {} }); },
    identify: function (userId, traits) {
      identity.userId = String(userId);
      add("identify", { userId: identity.userId, traits: traits || {} });
    },
    // Somebody else sits down, or signs out: the next event is a stranger's.
    reset: function () {
      if (mayTrack()) flush(false);
      identity = {};
      remember();
    },
    // consent(true), consent(false) or consent({analytics: true, advertising: false}, {text: "...", version: "3"})
    consent: function (answer, evidence) {
      if (answer === undefined) return choices();
      var had = mayTrack(), all = answer === true;
      var wanted = typeof answer === "object" ? answer : { analytics: all, advertising: all };
      var next = { analytics: !!wanted.analytics, advertising: !!wanted.advertising };
      if (had && !next.analytics) flush(true);
      consent = next;
      var report = made("track", { event: ANSWERED, properties: {
        preferences: choices(), gpc: gpc,
        text: (evidence && evidence.text) || "", version: (evidence && evidence.version) || ""
      } });
      if (mayTrack()) {
        waiting.forEach(function (event) { event.context.consent = consentNow(); });
        waiting.push(report);
        remember();
        schedule(FLUSH_MS);
      } else {
        waiting = [];
        forget();
        if (had) tellWithdrawal([report]);
      }
      return choices();
    },
    push: function (call) {
      call = Array.prototype.slice.call(call);
      var name = call.shift();
      if (typeof shuke[name] === "function" && name !== "push") shuke[name].apply(shuke, call);
    }
  };
  // A withdrawal is the last that is told, under the old identity; it has to arrive, so it may wait for a next page.
  function tellWithdrawal(events) {
    write(UNSENT, events);
    deliver(events, true).then(function (isDone) { if (isDone && !mayTrack()) write(UNSENT, null); });
  }
  function resume() {
    var left = read(UNSENT) || [];
    if (!left.length) return;
    write(UNSENT, null);
    if (mayTrack()) { waiting = left; schedule(0); return; }
    left = left.filter(function (event) { return event.event === ANSWERED; });
    if (left.length) tellWithdrawal(left);
  }

  // --- start ---

  recall();
  resume();
  var calls = Array.isArray(window.shuke) ? window.shuke : [];
  window.shuke = shuke;
  function autoPage() {
    if (given.page === "off" || location.pathname === lastPage) return;
    lastPage = location.pathname;
    shuke.page();
  }
  autoPage();
  calls.forEach(shuke.push);
  // Shops that draw new pages without loading them.
  ["pushState", "replaceState"].forEach(function (name) {
    var original = history[name];
    history[name] = function () {
      var answer = original.apply(this, arguments);
      setTimeout(autoPage, 0);
      return answer;
    };
  });
  window.addEventListener("popstate", function () { setTimeout(autoPage, 0); });
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", function (event) {
    hasLeft = false;
    if (event.persisted) resume(); // Back from the browser's cache of whole pages.
  });
  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState === "hidden") flush(true);
  });
})(window, document, navigator);
