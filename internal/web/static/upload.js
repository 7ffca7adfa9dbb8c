"use strict";
// Sends a file in parts. What arrived is kept: after a break, or another day,
// the same file goes on from there.
(function () {
  var form = document.getElementById("upload"), input = document.getElementById("file"), drop = document.getElementById("drop");
  var going = document.getElementById("going"), said = document.getElementById("said"), bar = document.getElementById("bar"), hash = document.getElementById("hash");
  var part = +form.dataset.part, busy = false;
  ["dragover", "dragleave", "drop"].forEach(function (name) {
    drop.addEventListener(name, function (e) { e.preventDefault(); drop.classList.toggle("over", name === "dragover"); });
  });
  drop.addEventListener("drop", function (e) { if (e.dataTransfer.files.length === 1) { input.files = e.dataTransfer.files; } });
  window.addEventListener("dragover", function (e) { e.preventDefault(); });
  window.addEventListener("drop", function (e) { e.preventDefault(); });
  form.addEventListener("submit", function (e) {
    var file = input.files[0];
    if (!file) { return; }
    e.preventDefault();
    if (busy) { return; }
    busy = true;
    Amparo.indicators(file, function () { send(file); }, function () { busy = false; });
  });
  window.addEventListener("beforeunload", function (e) { if (busy) { e.preventDefault(); } });
  function tell(text) { going.hidden = false; said.textContent = text; }
  function show(done, size) {
    bar.value = size ? done * 100 / size : 100;
    tell(form.dataset.going.replace("DONE", mib(done)).replace("SIZE", mib(size)));
  }
  function mib(n) { return (n / 1048576).toFixed(1) + " MiB"; }
  function ask(method, path, body, head, progress) {
    return new Promise(function (done, failed) {
      var x = new XMLHttpRequest();
      x.open(method, path);
      x.setRequestHeader("Accept", "application/json");
      Object.keys(head || {}).forEach(function (k) { x.setRequestHeader(k, head[k]); });
      if (progress) { x.upload.onprogress = progress; }
      x.onload = function () {
        if (x.status === 200) { done(JSON.parse(x.responseText)); return; }
        var problem = { status: x.status, text: form.dataset.failed };
        try { problem.text = JSON.parse(x.responseText).detail || problem.text; } catch (e) { /* a page, no problem */ }
        failed(problem);
      };
      x.onerror = function () { failed({ status: 0 }); };
      x.send(body || null);
    });
  }
  async function send(file) {
    var base = "/cases/" + form.dataset.case + "/devices/" + document.getElementById("device").value + "/upload";
    var query = "?name=" + encodeURIComponent(file.name) + "&size=" + file.size, tries = 0;
    for (;;) {
      try {
        var state = await ask("POST", base + query);
        while (!state.sha256) {
          var at = state.offset;
          show(at, file.size);
          state = await ask("PATCH", base + query, file.slice(at, at + part), { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(at) },
            function (e) { show(at + e.loaded, file.size); });
          tries = 0;
        }
        bar.value = 100; tell(form.dataset.stored); hash.textContent = "SHA-256 " + state.sha256;
        var body = new URLSearchParams(); body.set("password", document.getElementById("password").value);
        state = await ask("POST", base + "/done" + query, body);
        busy = false; location.href = state.next; return;
      } catch (problem) {
        if (problem.status && problem.status < 500 && problem.status !== 412 || problem.status === 507 || tries > 30) { busy = false; tell(problem.text || form.dataset.failed); return; }
        tries++; tell(form.dataset.broken);
        await new Promise(function (r) { setTimeout(r, Math.min(1000 * tries, 10000)); });
      }
    }
  }
})();
