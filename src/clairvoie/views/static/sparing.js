// A part of a page with data-every="10" is asked for at most once in ten seconds: the first change at once, and what comes
// in between once at the end, so that the last change is never missed.

const asked = new WeakMap();
const waiting = new WeakSet();

document.body.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  if (!elt.dataset.every) return;
  const left = (asked.get(elt) ?? -Infinity) + Number(elt.dataset.every) * 1000 - performance.now();
  if (left <= 0) {
    asked.set(elt, performance.now());
    return;
  }
  event.preventDefault();
  if (waiting.has(elt)) return;
  waiting.add(elt);
  setTimeout(() => {
    waiting.delete(elt);
    window.htmx.trigger(elt, "later");
  }, left);
});
