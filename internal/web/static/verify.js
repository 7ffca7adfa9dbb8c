"use strict";
// Verifies proofs by the Go code of the command line, compiled to WebAssembly.
// It is fetched when a button is pressed. The code can reach nothing: all that
// it may ask of this page is in host, below.
(function () {
  var form = document.getElementById("verify"), result = document.getElementById("result"), working = document.getElementById("working");
  var loading = null, memory = null;
  form.querySelectorAll(".js").forEach(function (e) { e.hidden = false; });
  form.querySelectorAll("textarea").forEach(function (area) {
    area.addEventListener("dragover", function (e) { e.preventDefault(); });
    area.addEventListener("drop", function (e) {
      var file = e.dataTransfer.files[0];
      if (!file) { return; }
      e.preventDefault();
      if (file.size < 1 << 20) { file.text().then(function (text) { area.value = text; }); }
    });
  });
  // host is what a Go program needs to start: no arguments, no files, a clock,
  // random bytes. What it prints is thrown away.
  function host() {
    var none = function () { return 0; }, missing = function () { return 8; };
    function sizes(a, b) { var v = new DataView(memory.buffer); v.setUint32(a, 0, true); v.setUint32(b, 0, true); return 0; }
    return {
      args_get: none, environ_get: none, args_sizes_get: sizes, environ_sizes_get: sizes, sched_yield: none, poll_oneoff: missing,
      fd_close: missing, fd_fdstat_get: missing, fd_fdstat_set_flags: missing, fd_prestat_get: missing, fd_prestat_dir_name: missing, fd_write: missing,
      clock_time_get: function (id, precision, at) { new DataView(memory.buffer).setBigUint64(at, BigInt(Date.now()) * 1000000n, true); return 0; },
      random_get: function (at, n) { crypto.getRandomValues(new Uint8Array(memory.buffer, at, n)); return 0; },
      proc_exit: function (code) { throw new Error("the code ended with " + code); }
    };
  }
  function load() {
    loading = loading || WebAssembly.instantiateStreaming(fetch(form.dataset.code), { wasi_snapshot_preview1: host() }).then(function (m) {
      memory = m.instance.exports.memory;
      m.instance.exports._initialize();
      return m.instance.exports;
    });
    loading.catch(function () { loading = null; });
    return loading;
  }
  // Texts go to the code and come back as their length in four bytes and UTF-8.
  function ask(code, pairs) {
    var parts = pairs.map(function (s) { return new TextEncoder().encode(s); });
    var size = parts.reduce(function (n, p) { return n + 4 + p.length; }, 0), at = code.room(size) >>> 0;
    if (!at) { return { holds: "no", reason: "malformed" }; }
    parts.forEach(function (p) {
      new DataView(memory.buffer).setUint32(at, p.length, true);
      new Uint8Array(memory.buffer, at + 4, p.length).set(p);
      at += 4 + p.length;
    });
    var from = code.answer() >>> 0, end = from + (code.answerSize() >>> 0), list = [], out = {};
    while (from < end) {
      var n = new DataView(memory.buffer).getUint32(from, true);
      list.push(new TextDecoder().decode(new Uint8Array(memory.buffer, from + 4, n)));
      from += 4 + n;
    }
    for (var i = 0; i + 1 < list.length; i += 2) { out[list[i]] = list[i + 1]; }
    return out;
  }
  // visible names characters that hide text or turn its direction.
  function visible(s) {
    return s.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, function (c) { return "\\u{" + c.codePointAt(0).toString(16) + "}"; });
  }
  function tell(what, out) {
    function each(name, shown) { result.querySelectorAll("[data-" + name + "]").forEach(function (e) { e.hidden = !shown(e.dataset[name]); }); }
    var yes = out.holds === "yes";
    each("show", function (s) { return s === (yes ? "yes" : "no") || yes && s === what; });
    each("reason", function (s) { return s === out.reason; });
    each("with", function (s) { return out[s] !== undefined; });
    each("without", function (s) { return out[s] === undefined; });
    result.querySelectorAll("[data-fact]").forEach(function (e) { e.textContent = visible(out[e.dataset.fact] || ""); });
    result.dataset.holds = out.holds;
    result.className = "verdict " + (yes ? "good" : "critical");
    result.hidden = false;
    working.textContent = "";
    result.focus();
  }
  function value(id) { return document.getElementById(id).value; }
  function verify(what) {
    if (what === "proof") { return load().then(function (code) { return ask(code, ["key", value("key"), "proof", value("proof") || " "]); }); }
    // How many entries it had is its second line; what it says is verified below.
    var size = (value("kept").trim().split(/\r?\n/)[1] || "").trim();
    if (!/^[0-9]{1,18}$/.test(size)) { return Promise.resolve({ holds: "no", reason: "malformed" }); }
    return fetch(form.dataset.consistency + "?from=" + size).then(function (r) {
      if (r.status === 404) { return { holds: "no", reason: "shorter" }; }
      if (r.status !== 200) { return { holds: "no", reason: "unreachable" }; }
      return Promise.all([load(), r.text()]).then(function (got) { return ask(got[0], ["key", value("key"), "kept", value("kept"), "consistency", got[1]]); });
    });
  }
  form.querySelectorAll("[data-verify]").forEach(function (button) {
    button.addEventListener("click", function () {
      working.textContent = "…";
      result.hidden = true;
      verify(button.dataset.verify).catch(function () { return { holds: "no", reason: "unreachable" }; }).then(function (out) { tell(button.dataset.verify, out); });
    });
  });
})();
