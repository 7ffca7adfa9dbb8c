"use strict";
// A part of a page that changes by itself is fetched again and put in its
// place. Without this script the page loads again as a whole.
(function () {
  function poll(part) {
    setTimeout(function () {
      if (document.hidden) { poll(part); return; }
      read(location.href).then(function (page) {
        var fresh = page.getElementById(part.id);
        if (!fresh) { location.reload(); return; }
        if (!fresh.dataset.poll) { location.reload(); return; }
        part.replaceChildren.apply(part, Array.prototype.slice.call(document.importNode(fresh, true).childNodes));
        poll(part);
      }).catch(function () { poll(part); });
    }, +part.dataset.poll);
  }
  // read fetches a page and parses it without running anything of it.
  function read(at) {
    return new Promise(function (done, failed) {
      var x = new XMLHttpRequest();
      x.open("GET", at); x.responseType = "document";
      x.onload = function () { if (x.status === 200 && x.responseXML) { done(x.responseXML); } else { failed(); } };
      x.onerror = failed; x.send();
    });
  }
  document.querySelectorAll("[data-poll]").forEach(poll);
})();
