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
        say(part, fresh.dataset.say);
        part.replaceChildren.apply(part, Array.prototype.slice.call(document.importNode(fresh, true).childNodes));
        poll(part);
      }).catch(function () { poll(part); });
    }, +part.dataset.poll);
  }
  // say tells a screen reader what changed, and nothing of what did not: figures
  // that move on are read by whoever goes there.
  function say(part, text) {
    var at = document.getElementById("said");
    if (at && text && text !== part.dataset.say) { part.dataset.say = text; at.textContent = text; }
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
  // On a narrow screen the rows of a table are blocks (app.css): each cell gets
  // the head of its column, and what a table is to a screen reader is kept.
  function stack(table) {
    var heads = table.tHead && table.tHead.rows.length === 1 ? table.tHead.rows[0].cells : null;
    if (!heads || table.className.match(/hex|grid|stack/)) { return; }
    table.classList.add("stack");
    table.setAttribute("role", "table");
    table.querySelectorAll("thead,tbody").forEach(function (part) { part.setAttribute("role", "rowgroup"); });
    table.querySelectorAll("tr").forEach(function (row) {
      row.setAttribute("role", "row");
      Array.prototype.forEach.call(row.cells, function (cell, i) {
        var head = heads[i], text = head ? head.textContent.trim() : "", th = cell.tagName === "TH";
        cell.setAttribute("role", !th ? "cell" : cell.parentNode.parentNode === table.tHead ? "columnheader" : "rowheader");
        if (!th && text && !head.querySelector(".sr")) { cell.dataset.head = text; }
        if (!th && !cell.textContent.trim() && !cell.children.length) { cell.classList.add("blank"); }
      });
    });
  }
  function stackAll(part) { part.querySelectorAll("table").forEach(stack); }
  var main = document.getElementById("main");
  if (main) {
    stackAll(main);
    new MutationObserver(function (list) {
      list.forEach(function (m) { m.addedNodes.forEach(function (n) { if (n.querySelectorAll) { stackAll(n.parentNode || n); } }); });
    }).observe(main, {childList: true, subtree: true});
  }
  // Rows of links that are wider than the screen begin where one is.
  document.querySelectorAll("nav [aria-current]").forEach(function (a) {
    var list = a.closest("ul");
    if (list && list.scrollWidth > list.clientWidth) { list.scrollLeft = a.offsetLeft - list.offsetLeft - 24; }
  });
})();
