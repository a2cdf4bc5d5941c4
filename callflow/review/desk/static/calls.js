// Pages of calls and of figures work without this: here are only shortcuts. A click anywhere in a row opens what it is
// about; a choice in the filters is taken at once; empty filters stay out of the address.
const filters = document.getElementById("filters");
filters.addEventListener("submit", () => {
  for (const field of filters.elements) field.disabled = field.name !== "" && !field.value;
  setTimeout(() => {
    for (const field of filters.elements) field.disabled = false; // for who comes back to this page
  });
});
filters.addEventListener("change", ({ target }) => {
  if (target.matches("select, [type=date]") || (target.name === "sounds" && filters.elements.words?.value)) filters.requestSubmit();
});
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (row && !event.target.closest("a, summary") && !String(getSelection())) location.assign(row.dataset.href);
});
document.addEventListener("keydown", (event) => {
  const words = filters.elements.words; // pages of figures search for none
  if (!words || event.key !== "/" || event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  words.focus();
});
