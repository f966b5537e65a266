// Keeps a view current: when something changed, fetch it again and put its main part in place.
// Not while somebody is writing into a form.
(() => {
  if (!window.EventSource) return;
  let timer;
  const refresh = async () => {
    const main = document.querySelector("main");
    if (main.querySelector("textarea:focus, input:focus, select:focus")) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const text = await answer.text();
      const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main");
      const dirty = [...main.querySelectorAll("textarea")].some((it) => it.value !== it.defaultValue);
      if (fresh && !dirty) main.replaceWith(document.adoptNode(fresh));
    } catch (_) {
      // The next event tries again.
    }
  };
  new EventSource("/events").onmessage = () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, 300);
  };
})();
