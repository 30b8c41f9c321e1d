// Small behaviours every page may use by attributes; no page carries a script of its own.
(() => {
  const dialog = () => document.getElementById("confirm-dialog");

  // data-confirm="question" on a button, link or form asks before it acts.
  function ask(question, label, proceed) {
    const box = dialog();
    if (!box) { proceed(); return; }
    box.querySelector("#confirm-question").textContent = question;
    const yes = box.querySelector("[data-confirm-yes]");
    yes.textContent = label || yes.dataset.label;
    box.returnValue = "no";
    box.addEventListener("close", () => { if (box.returnValue === "yes") proceed(); }, { once: true });
    box.showModal();
  }

  document.addEventListener("click", (event) => {
    const element = event.target.closest?.("[data-confirm]");
    if (!element || element.tagName === "FORM" || element.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    // What is missing is said first: nobody is asked to confirm a form that cannot be sent.
    const form = element.type === "submit" ? element.form : null;
    if (form && !form.noValidate && !element.formNoValidate && !form.reportValidity()) return;
    ask(element.dataset.confirm, element.dataset.confirmLabel, () => {
      element.dataset.confirmed = "1";
      element.click();
      delete element.dataset.confirmed;
    });
  }, true);

  // hx-confirm uses the same dialog; htmx gives two functions to go on or to stop.
  document.addEventListener("htmx:confirm", (event) => {
    const { issueRequest } = event.detail;
    const question = event.detail.ctx?.confirm ?? event.detail.question;
    if (!question || !issueRequest) return;
    event.preventDefault();
    ask(question, null, () => issueRequest(true));
  });

  // data-autosubmit on a select or checkbox sends its form on change.
  document.addEventListener("change", (event) => {
    const field = event.target.closest?.("[data-autosubmit]");
    if (field?.form) field.form.requestSubmit();
  });

  // data-row-link="url" makes a table row a link for the mouse; the row keeps a real link for everybody.
  document.addEventListener("click", (event) => {
    const row = event.target.closest?.("[data-row-link]");
    if (row && !event.target.closest("a,button,input,label,select")) window.location.assign(row.dataset.rowLink);
  });

  // data-copy="#id" copies that element's text.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
    button.classList.add("is-copied");
    window.setTimeout(() => button.classList.remove("is-copied"), 1500);
  });

  // A form that was sent is not sent twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    window.addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
    window.setTimeout(() => delete form.dataset.sent, 8000);
  });

  // "/" jumps to the search box.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest?.("input,textarea,select,[contenteditable]")) return;
    const box = document.querySelector(".topbar-search input");
    if (box?.offsetParent) { event.preventDefault(); box.focus(); }
  });
})();
