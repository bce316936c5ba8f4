// Every page: says when the live connection is lost, asks again when the page becomes visible, and the keyboard's "go to".
// Without scripts every page still works; it is then only as fresh as its last loading.

const notice = document.getElementById("connection");

function lost() {
  if (!notice.hidden) return;
  const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false });
  notice.textContent = notice.dataset.lost.replace("{time}", time);
  notice.hidden = false;
}

document.body.addEventListener("htmx:sseError", lost);
document.body.addEventListener("htmx:sseOpen", () => { notice.hidden = true; });
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) window.htmx.trigger(document.body, "page:refresh");
});
