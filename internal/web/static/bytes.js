"use strict";
// Pointing at a part, in the table or in the bytes, shows all of it.
(function () {
  function mark(field, on) {
    document.querySelectorAll("[data-field=\"" + field + "\"]").forEach(function (e) { e.classList.toggle("on", on); });
  }
  ["mouseover", "mouseout", "focusin", "focusout"].forEach(function (name) {
    document.getElementById("main").addEventListener(name, function (e) {
      var part = e.target.closest("[data-field]");
      if (part) { mark(part.dataset.field, name === "mouseover" || name === "focusin"); }
    });
  });
})();
