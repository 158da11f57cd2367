"use strict";
(() => {
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const keyOf = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();

  function sort(table, column, numeric, ascending) {
    const sign = ascending ? 1 : -1;
    const body = table.tBodies[0];
    const compare = (first, second) => {
      const [a, b] = [keyOf(first, column), keyOf(second, column)];
      // What was not measured stays at the end, whichever way the rest is sorted.
      if (a === "" || b === "") return (a === "") - (b === "");
      return sign * (numeric ? Number(a) - Number(b) : collator.compare(a, b));
    };
    body.append(...[...body.rows].sort(compare));
  }

  function makeSortable(table) {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
      const numeric = heading.dataset.type === "number";
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      heading.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const before = heading.getAttribute("aria-sort");
        const ascending = before === "none" ? !numeric : before === "descending";
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
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        const fits = words.every((word) => text.includes(word))
          && selects.every((select) => !select.value || keyOf(row, Number(select.dataset.column)) === select.value);
        row.hidden = !fits;
        shown += fits;
      }
      output.textContent = `${shown} of ${rows.length} ${filter.dataset.noun}`;
    };
    selects.forEach((select) => fillChoices(select, rows));
    search.addEventListener("input", apply);
    selects.forEach((select) => select.addEventListener("change", apply));
    filter.hidden = false;
    apply();
  }

  document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
  document.querySelectorAll(".filter").forEach(makeFilter);
})();
