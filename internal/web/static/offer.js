"use strict";
// A file that holds indicators is recognised where evidence is expected, and
// offered to be added. On the list of cases a file can be dropped anywhere.
var Amparo = {};
(function () {
  var box = document.getElementById("offer"), text = document.getElementById("offer-text"), add = document.getElementById("offer-add"), send = document.getElementById("offer-send");
  var most = 64 << 20, archive = /\.(zip|tar|gz|tgz|ab|db|sqlite|plist|ips|qf|age)$/i;
  function ask(path, file) {
    var body = new FormData();
    body.append("file", file, file.name);
    return fetch(path, { method: "POST", body: body, headers: { Accept: "application/json" }, redirect: "manual" });
  }
  function show(words, isOffer, evidence) {
    text.textContent = words;
    add.hidden = !isOffer; send.hidden = !isOffer || !evidence; box.hidden = false;
    box.focus();
  }
  function install(file) {
    add.disabled = true;
    ask("/indicators/add", file).then(function (r) {
      if (r.type === "opaqueredirect") { location.href = "/indicators"; return; }
      return r.json().then(function (p) { show(p.detail, false); });
    }).catch(function () { show(text.dataset.failed, false); }).then(function () { add.disabled = false; });
  }
  // indicators calls evidence where a file holds none, or somebody says that it
  // is evidence; stop where it is asked what it is.
  Amparo.indicators = function (file, evidence, stop) {
    box.hidden = true;
    if (file.size > most || archive.test(file.name)) { evidence(); return; }
    ask("/indicators/recognise", file).then(function (r) { return r.status === 200 ? r.json() : { count: 0 }; }).catch(function () { return { count: 0 }; }).then(function (known) {
      if (!known.count) { evidence(); return; }
      if (stop) { stop(); }
      add.onclick = function () { install(file); };
      send.onclick = function () { box.hidden = true; evidence(); };
      show(known.offer, true, !!stop);
    });
  };
  if (document.getElementById("upload")) { return; }
  window.addEventListener("dragover", function (e) { e.preventDefault(); });
  window.addEventListener("drop", function (e) {
    e.preventDefault();
    var file = e.dataTransfer.files[0];
    if (file) { Amparo.indicators(file, function () { show(text.dataset.not, false); }); }
  });
})();
