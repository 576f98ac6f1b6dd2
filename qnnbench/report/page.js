"use strict";

/* A heading sorts its table: numbers by data-key, words by text, absent numbers last. */
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const heading = button.closest("th");
    const body = button.closest("table").tBodies[0];
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows];
    const numeric = rows.some((row) => "key" in row.cells[heading.cellIndex].dataset);
    body.append(...rows.sort((a, b) => compare(a, b, heading.cellIndex, numeric, down)));
  });
}

function compare(a, b, column, numeric, down) {
  const [x, y] = [a.cells[column], b.cells[column]];
  const sign = down ? -1 : 1;
  if (!numeric) return sign * x.textContent.localeCompare(y.textContent);
  const [p, q] = [x, y].map((cell) => ("key" in cell.dataset ? number(cell.dataset.key) : null));
  if (p === null || q === null) return (p === null) - (q === null);
  return p === q ? 0 : p < q ? -sign : sign;
}

function number(key) {
  return key.endsWith("inf") ? (key[0] === "-" ? -Infinity : Infinity) : Number(key);
}

/* Printing shows everything. */
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
