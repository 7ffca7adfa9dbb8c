"use strict";
// A search in many checks goes on by itself: the next part of it is fetched, and
// its hits are put between those that are shown, by their time. Without this
// script a link goes on.
(function () {
  var box = document.getElementById("search");
  if (!box || !box.dataset.next) { return; }
  var most = 1000, list = document.getElementById("hits"), more = box.querySelector(".more");
  if (more) { more.hidden = true; }
  function at(hit) { return hit.dataset.at === "" ? Infinity : +hit.dataset.at; }
  function place(hit) {
    var all = list.children, low = 0, high = all.length;
    while (low < high) {
      var mid = (low + high) >> 1;
      if (at(all[mid]) <= at(hit)) { low = mid + 1; } else { high = mid; }
    }
    list.insertBefore(document.importNode(hit, true), all[low] || null);
  }
  function text(page, id) {
    var from = page.getElementById(id), to = document.getElementById(id);
    if (from && to) { to.textContent = from.textContent; }
  }
  function go(next) {
    var x = new XMLHttpRequest();
    x.open("GET", location.pathname + next); x.responseType = "document";
    x.onload = function () {
      var page = x.responseXML, fresh = page && page.getElementById("search");
      if (x.status !== 200 || !fresh) { if (more) { more.hidden = false; } return; }
      page.querySelectorAll("#hits > article").forEach(function (hit) { if (list.querySelectorAll("article").length < most) { place(hit); } });
      text(page, "progress");
      if (fresh.dataset.next && list.querySelectorAll("article").length < most) { go(fresh.dataset.next); return; }
      if (!list.querySelector("article")) { list.replaceChildren.apply(list, Array.prototype.slice.call(document.importNode(page.getElementById("hits"), true).childNodes)); }
    };
    x.onerror = function () { if (more) { more.hidden = false; } };
    x.send();
  }
  go(box.dataset.next);
})();
