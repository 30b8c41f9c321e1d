// The set-up of a slot: rows that come and go, what a search puts into a list, what belongs to what the slot is about.
(() => {
  const setup = document.getElementById("setup");
  const asking = document.getElementById("preview-for");
  if (!setup || !asking) return;

  const changed = (element) => element.dispatchEvent(new Event("change", { bubbles: true }));

  function about() {
    const field = setup.querySelector("select[name=about]");
    return field && !field.disabled ? field.value : asking.dataset.fixedAbout;
  }

  // data-about="member basket" is shown only where the slot is about one of them.
  function fit() {
    const wanted = about();
    for (const element of document.querySelectorAll("[data-about]")) {
      const fits = element.dataset.about.split(" ").includes(wanted);
      element.hidden = !fits;
      if (element.tagName === "OPTION") element.disabled = !fits;
    }
    for (const choice of setup.querySelectorAll("select[name=arm_strategy], select[name=fallbacks]")) {
      if (!choice.selectedOptions[0]?.disabled) continue;
      const first = choice.name === "fallbacks" ? "" : [...choice.options].find((option) => !option.disabled)?.value;
      choice.value = first ?? "";
    }
    const arms = setup.querySelectorAll("#arms [data-row]");
    for (const element of setup.querySelectorAll("#arms [data-if-several]")) element.hidden = arms.length < 2;
    const choices = setup.querySelectorAll("#arms select, select[name=fallbacks], input[name=bandit]:checked");
    const used = [...choices].map((choice) => choice.value);
    for (const element of setup.querySelectorAll("[data-if-strategy]")) {
      element.hidden = !used.includes(element.dataset.ifStrategy);
    }
  }

  let key = 1000;
  document.addEventListener("click", (event) => {
    const add = event.target.closest?.("[data-add]");
    if (add) {
      key += 1;
      const list = document.getElementById(add.dataset.to);
      const markup = document.getElementById(add.dataset.add).innerHTML.replaceAll("__key__", String(key));
      list.insertAdjacentHTML("beforeend", markup);
      window.htmx?.process(list.lastElementChild);
      list.lastElementChild.querySelector("select, input:not([type=hidden])")?.focus();
      fit();
      changed(list);
    }
    const remove = event.target.closest?.("[data-remove]");
    if (remove) {
      const row = remove.closest("[data-row]");
      const list = row.parentElement;
      row.remove();
      fit();
      changed(list);
    }
    const hit = event.target.closest?.("[data-pick]");
    if (hit) {
      const list = document.getElementById(hit.dataset.pick);
      if ("single" in hit.dataset) list.replaceChildren();
      list.append(hit.querySelector("template").content.cloneNode(true));
      const found = hit.closest(".slot-found");
      const search = found.previousElementSibling;
      found.replaceChildren();
      search.value = "";
      search.focus();
      changed(list);
    }
  });

  // Enter in a search looks things up; it saves nothing.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.closest?.("[data-search]")) event.preventDefault();
  });
  document.addEventListener("change", fit);
  // Other members on the page: the list is asked for by the one request that the next change replaces.
  const people = document.getElementById("people");
  new MutationObserver(() => changed(people)).observe(people, { childList: true });
  fit();
})();
