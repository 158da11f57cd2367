"use strict";
(() => {
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const keyOf = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();

  function sort(table, column, numeric, ascending) {
    const sign = ascending ? 1 : -1;
    const body = table.tBodies[0];
    const compare = (first, second) => {
      const [a, b] = [keyOf(first, column), keyOf(second, column)];
      // What was not measured stays last in either order.
      if (a === "" || b === "") return (a === "") - (b === "");
      return sign * (numeric ? Number(a) - Number(b) : collator.compare(a, b));
    };
    body.append(...[...body.rows].sort(compare));
  }

  function makeSortable(table) {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      const numeric = heading.dataset.type === "number";
      const descendingFirst = numeric && heading.dataset.best !== "low";
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      heading.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const before = heading.getAttribute("aria-sort");
        const ascending = before === "none" ? !descendingFirst : before === "descending";
        headings.forEach((other) => other.setAttribute("aria-sort", "none"));
        heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        sort(table, column, numeric, ascending);
      });
    });
  }

  function fillChoices(select, rows) {
    const values = new Set(rows.map((row) => keyOf(row, Number(select.dataset.column))));
    select.append(new Option("all", ""));
    for (const value of [...values].sort(collator.compare)) select.append(new Option(value, value));
  }

  function makeFilter(filter) {
    const rows = [...document.querySelectorAll(filter.dataset.target)].flatMap((table) => [...table.tBodies[0].rows]);
    const search = filter.querySelector("input");
    const selects = [...filter.querySelectorAll("select")];
    const output = filter.querySelector("output");
    // A method with rows in several tables counts once.
    const count = (some) => ("distinct" in filter.dataset ? new Set(some.map((row) => keyOf(row, 0))).size : some.length);
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !(words.every((word) => text.includes(word))
          && selects.every((select) => !select.value || keyOf(row, Number(select.dataset.column)) === select.value));
      }
      output.textContent = `${count(rows.filter((row) => !row.hidden))} of ${count(rows)} ${filter.dataset.noun}`;
    };
    selects.forEach((select) => fillChoices(select, rows));
    search.addEventListener("input", apply);
    selects.forEach((select) => select.addEventListener("change", apply));
    filter.hidden = false;
    apply();
  }

  // Show one of several blocks at a time. Without this script, and on paper, all are shown.
  function makeChooser(blocks) {
    const choices = [...blocks.children];
    if (choices.length < 2) return;
    const select = document.createElement("select");
    choices.forEach((block, place) => select.append(new Option(block.dataset.choice, place)));
    select.append(new Option("all", ""));
    const label = document.createElement("label");
    label.append(`${blocks.dataset.choose} `, select);
    const bar = blocks.previousElementSibling?.matches(".filter") ? blocks.previousElementSibling : document.createElement("div");
    if (!bar.isConnected) {
      bar.className = "filter";
      blocks.before(bar);
    }
    bar.prepend(label);
    const apply = () => choices.forEach((block, place) => { block.hidden = select.value !== "" && Number(select.value) !== place; });
    select.addEventListener("change", apply);
    apply();
  }

  // The keyboard skips a region that does not scroll.
  function watchScrolling(regions) {
    const check = (region) => {
      if (region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight) region.tabIndex = 0;
      else region.removeAttribute("tabindex");
    };
    const watcher = new ResizeObserver((entries) => entries.forEach((entry) => check(entry.target)));
    regions.forEach((region) => watcher.observe(region));
  }

  // Mark the section being read in the navigation.
  function followReading(links) {
    const sections = links.map((link) => document.querySelector(link.hash));
    let current = null;
    const mark = () => {
      const line = window.innerHeight / 3;
      const place = sections.findLastIndex((section) => section.getBoundingClientRect().top < line);
      if (links[place] === current) return;
      current?.removeAttribute("aria-current");
      current = links[place] ?? null;
      current?.setAttribute("aria-current", "true");
      const list = links[0].closest("ul");
      if (current) list.scrollLeft = current.offsetLeft - (list.clientWidth - current.offsetWidth) / 2;
    };
    document.addEventListener("scroll", mark, { passive: true });
    mark();
  }

  document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
  document.querySelectorAll(".filter").forEach(makeFilter);
  document.querySelectorAll("[data-choose]").forEach(makeChooser);
  watchScrolling(document.querySelectorAll(".scroll, .charts"));
  followReading([...document.querySelectorAll("nav a")]);
})();
