// Renews a reading page once a minute without moving what the visitor looks at, and begins a page
// where it matters. Without this script every page works the same, by hand.
"use strict";

// A drawing that is wider than the screen begins where it matters.
document.querySelectorAll(".scroll[data-middle]").forEach((one) => {
  one.scrollLeft = (one.scrollWidth * one.dataset.middle) / 100 - one.clientWidth / 2;
});

// What was refused is heard, and is where the keyboard goes on from.
document.getElementById("problem")?.focus();

(() => {
  const main = document.querySelector("main[data-refresh]");
  if (!main) return;

  // Whoever is in a form has begun something that must not be taken away.
  let touched = false;
  main.addEventListener("input", () => { touched = true; });
  const isInForm = () => touched || Boolean(document.activeElement?.closest("main form"));

  const all = (selector) => [...main.querySelectorAll(selector)];

  // How an element is found again in the renewed page: by its id, by where it leads, by its place.
  const finderOf = (element) => {
    if (!element || !main.contains(element) || element === main) return () => null;
    if (element.id) return () => document.getElementById(element.id);
    const href = element.getAttribute("href");
    if (href) return () => main.querySelector(`a[href="${CSS.escape(href)}"]`);
    const kind = element.localName;
    const place = all(kind).indexOf(element);
    return () => all(kind)[place];
  };

  const breaches = () => new Map(
    all("[data-breach]").map((row) => [Number(row.dataset.breach), row.dataset.said]),
  );

  // Numbered as they are found: one below the latest is not new, it has moved up in the list.
  const announceNew = (before) => {
    const latest = Math.max(...before.keys());
    const said = [...breaches()].filter(([id]) => id > latest).map(([, words]) => words);
    if (said.length) {
      document.getElementById("announce").textContent =
        `${main.dataset.newBreach}: ${said.join("; ")}`;
    }
  };

  const replace = (renewed) => {
    const focused = finderOf(document.activeElement);
    const opened = all("details").map((one) => one.open);
    const [left, top] = [window.scrollX, window.scrollY];
    const aside = all(".scroll").map((one) => one.scrollLeft);
    const before = breaches();
    main.replaceChildren(...renewed.childNodes);
    all("details").forEach((one, n) => { one.open = opened[n] ?? one.open; });
    all(".scroll").forEach((one, n) => { one.scrollLeft = aside[n] ?? 0; });
    focused()?.focus({ preventScroll: true });
    window.scrollTo({ left, top, behavior: "instant" });
    announceNew(before);
  };

  const renew = async () => {
    if (document.hidden || isInForm()) return;
    const failed = document.getElementById("not-renewed");
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      // Signed out meanwhile: the page that says so has the way back in.
      if (answer.status === 401) { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const renewed = page.querySelector("main[data-refresh]");
      if (!renewed) throw new Error("another page");
      if (!isInForm()) replace(renewed);
      failed.hidden = true;
    } catch {
      failed.hidden = false;
    }
  };

  setInterval(renew, Number(main.dataset.refresh) * 1000);
  // Back from another tab: at once, not after up to a minute.
  document.addEventListener("visibilitychange", renew);
})();
