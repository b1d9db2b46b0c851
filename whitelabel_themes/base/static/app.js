// Small conveniences. Every page works without this file: it copies codes, counts up and down, keeps a total in view,
// warns before unsaved changes are lost, sends a form once, and closes menus. It loads nothing and decides nothing.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  const closest = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);

  async function copy(button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    const before = button.getAttribute("aria-label");
    button.classList.add("is-done");
    button.setAttribute("aria-label", "Copied");
    setTimeout(() => {
      button.classList.remove("is-done");
      button.setAttribute("aria-label", before);
    }, 1500);
  }

  function step(button) {
    const input = button.parentElement.querySelector("input");
    Number(button.dataset.step) > 0 ? input.stepUp() : input.stepDown();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // An estimate in view while one chooses; the server computes what is paid.
  function showTotal(output) {
    const form = output.closest("form") || document;
    const quantity = Number(form.querySelector(`[name="${output.dataset.liveTotal}"]`)?.value);
    const chosen = form.querySelector("input[data-unit-minor]:checked") || output;
    const unit = Number(chosen.dataset.unitMinor);
    if (!Number.isInteger(quantity) || quantity < 1 || !chosen.dataset.unitMinor || !Number.isInteger(unit)) return;
    const format = new Intl.NumberFormat(output.dataset.language, { style: "currency", currency: output.dataset.currency });
    output.textContent = format.format((unit * quantity) / 10 ** format.resolvedOptions().maximumFractionDigits);
    const per = output.parentElement.querySelector("[data-live-per]");
    if (per && chosen.dataset.per) per.textContent = chosen.dataset.per;
  }

  // What stays of a price while one types it; the server computes what is kept.
  function showMargin(output) {
    const input = output.closest("form")?.elements[output.dataset.liveMargin];
    const format = new Intl.NumberFormat(output.dataset.language, { style: "currency", currency: output.dataset.currency });
    const units = 10 ** format.resolvedOptions().maximumFractionDigits;
    const retail = Math.round(Number(input?.value.trim().replace(",", ".")) * units);
    if (!input?.value.trim() || !Number.isInteger(retail) || retail < 0) return;
    const kept = retail - Number(output.dataset.wholesaleMinor);
    output.textContent = format.format(kept / units) + (retail ? ` (${((Math.sign(kept) * Math.round((Math.abs(kept) * 1000) / retail)) / 10).toFixed(1)} %)` : "");
    output.className = `margin margin--${kept < 0 ? "bad" : kept ? "ok" : "warn"}`;
  }

  function follow(event) {
    const scope = closest(event, "form") || document;
    scope.querySelectorAll("[data-live-total]").forEach(showTotal);
    if (event.target.name) scope.querySelectorAll(`[data-live-margin="${CSS.escape(event.target.name)}"]`).forEach(showMargin);
    const colour = closest(event, "[data-colour]");
    if (!colour) return;
    const picker = colour.querySelector("[data-colour-picker]");
    const text = colour.querySelector("[data-colour-text]");
    if (event.target === picker) text.value = picker.value;
    else if (/^#[0-9a-f]{6}$/i.test(text.value)) picker.value = text.value;
  }

  function closeMenus(except) {
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
      if (!menu.contains(except) && !menu.classList.contains("confirm")) menu.open = false;
    });
  }

  document.addEventListener("click", (event) => {
    const copied = closest(event, "[data-copy]");
    if (copied) copy(copied);
    const stepped = closest(event, "[data-step]");
    if (stepped) step(stepped);
    const closing = closest(event, "[data-close]");
    if (closing) closing.closest("details").open = false;
    const opener = closest(event, "[data-opens]");
    if (opener && !("commandForElement" in HTMLButtonElement.prototype)) document.getElementById(opener.dataset.opens).showModal();
    closeMenus(event.target);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement?.closest("details[data-menu][open]");
    closeMenus(null);
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // The account switcher by keyboard: the arrows move through the list, Enter goes there, Escape closes it. It opens with the focus.
  const shownItems = (switcher) => [...switcher.querySelectorAll("[data-switcher-search], .menu__item")].filter((item) => !item.hidden);

  function walk(switcher, key) {
    const items = shownItems(switcher);
    if (!items.length) return void (switcher.dataset.wanted = "yes"); // the list is on its way
    const here = items.indexOf(document.activeElement);
    const to = { ArrowDown: here + 1, ArrowUp: here < 0 ? items.length - 1 : here - 1, Home: 0, End: items.length - 1 }[key];
    (to < 0 ? switcher.querySelector("a") : items[Math.min(to, items.length - 1)]).focus();
  }

  document.addEventListener("keydown", (event) => {
    const switcher = closest(event, ".switcher");
    if (!switcher) return;
    const searching = closest(event, "[data-switcher-search]");
    if (event.key === "Escape") {
      switcher.classList.add("is-closed");
      switcher.querySelector("a").focus();
    } else if (event.key === "Enter" && searching) {
      event.preventDefault();
      shownItems(switcher).find((item) => item !== searching)?.click();
    } else if (["ArrowDown", "ArrowUp"].includes(event.key) || (["Home", "End"].includes(event.key) && !searching)) {
      event.preventDefault();
      switcher.classList.remove("is-closed");
      walk(switcher, event.key);
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const switcher = closest(event, ".switcher");
    if (!switcher?.dataset.wanted) return;
    delete switcher.dataset.wanted;
    walk(switcher, "ArrowDown");
  });
  document.querySelectorAll(".switcher").forEach((switcher) => {
    const open = () => switcher.classList.remove("is-closed");
    switcher.addEventListener("mouseenter", open);
    switcher.addEventListener("focusout", (event) => { if (!switcher.contains(event.relatedTarget)) open(); });
  });
  document.addEventListener("input", (event) => {
    const search = closest(event, "[data-switcher-search]");
    if (!search) return;
    const list = search.closest(".switcher__list");
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const items = [...list.querySelectorAll(".menu__item")];
    items.forEach((item) => { item.hidden = !words.every((word) => item.textContent.toLowerCase().includes(word)); });
    list.querySelector("[data-switcher-none]").hidden = items.some((item) => !item.hidden);
  });

  // What the search field suggests: the arrows walk through it, Escape puts it away.
  document.addEventListener("keydown", (event) => {
    const search = closest(event, ".search");
    const list = search?.querySelector("[data-suggestions]");
    if (!list?.firstElementChild || !["ArrowDown", "ArrowUp", "Escape"].includes(event.key)) return;
    event.preventDefault();
    const input = search.querySelector("input");
    const stops = [input, ...list.querySelectorAll("a")];
    if (event.key === "Escape") return void (input.focus(), list.replaceChildren());
    const step = event.key === "ArrowDown" ? 1 : -1;
    stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
  });

  document.addEventListener("input", (event) => {
    follow(event);
    const form = closest(event, "form[data-guard]");
    if (form) form.dataset.changed = "yes";
  });
  document.addEventListener("change", follow);

  // A form is sent once: the second press of a double click finds the button disabled.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) return event.preventDefault();
    delete form.dataset.changed;
    if (form.method !== "post") return;
    form.dataset.sent = "yes";
    const pressed = event.submitter;
    if (pressed) setTimeout(() => { pressed.classList.add("is-busy"); pressed.setAttribute("aria-busy", "true"); });
  });
  // Coming back by the browser's button shows the page as it was left: let it be sent again.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
    document.querySelectorAll(".is-busy[aria-busy]").forEach((button) => { button.classList.remove("is-busy"); button.removeAttribute("aria-busy"); });
  });
  // The same for forms that htmx sends without leaving the page.
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target instanceof Element ? event.target.closest("form[data-sent]") : null;
    if (!form) return;
    delete form.dataset.sent;
    form.querySelectorAll(".is-busy").forEach((button) => { button.classList.remove("is-busy"); button.removeAttribute("aria-busy"); });
  });

  window.addEventListener("beforeunload", (event) => {
    if (document.querySelector("form[data-guard][data-changed]")) event.preventDefault();
  });

  // Progress is not asked for while nobody looks.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.target instanceof Element && event.target.matches("[data-poll]")) event.preventDefault();
  });

  // Where one is stands in view, also in a row of sections that is wider than the page.
  document.querySelectorAll(".shop-nav [aria-current], .tabs [aria-current]").forEach((current) => {
    const row = current.closest(".tabs") || current.closest("ul");
    const [here, all] = [current.getBoundingClientRect(), row.getBoundingClientRect()];
    if (here.left < all.left || here.right > all.right) row.scrollLeft += here.left - all.left - (all.width - here.width) / 2;
  });

  document.querySelectorAll("[data-focus]").forEach((element) => element.focus());
  document.querySelectorAll("[data-live-total]").forEach(showTotal);
})();
