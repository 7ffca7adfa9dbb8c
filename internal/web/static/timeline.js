"use strict";
// The picture of a timeline: lanes of artifacts, counted by the server for what
// is shown, from years to milliseconds. Dragging chooses a span for the table.
(function () {
  var box = document.getElementById("timeline");
  if (!box) { return; }
  var picture = document.getElementById("picture"), tools = document.getElementById("tools"), said = document.getElementById("span");
  var first = +box.dataset.first, last = Math.max(+box.dataset.last, first + 1);
  var from = +box.dataset.from, to = Math.max(+box.dataset.to, from + 1);
  var canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  var data = null, brush = null, drag = null, held = 0, end = 0, timer = 0, asked = 0, rowTimer = 0, rowsAsked = 0, frame = 0, colours = {}, names = {};
  var rowHeight = 20, axis = 26, label = 190;
  canvas.tabIndex = 0; canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", box.dataset.label);
  picture.appendChild(canvas); tools.hidden = false;
  document.getElementById("still").open = false; // the same, for whoever wants to read it
  // css is a colour of the page; they are asked for once a picture.
  function css(name) {
    if (!colours[name]) { colours[name] = getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
    return colours[name];
  }
  function text(ms, short) { var s = new Date(ms).toISOString(); return short ? s.slice(0, short) : s.slice(0, 23).replace("T", " "); }
  function left() { return canvas.clientWidth < 560 ? 96 : label; }
  function x(ms) { return left() + (ms - from) / (to - from) * (canvas.clientWidth - left() - 8); }
  function ms(px) { return from + (px - left()) / (canvas.clientWidth - left() - 8) * (to - from); }
  // draw asks for a picture: one for each frame of the screen, however often
  // the wheel turns.
  function draw() {
    said.textContent = text(from) + " – " + text(to);
    if (!frame) { frame = requestAnimationFrame(paint); }
  }
  function paint() {
    frame = 0; colours = {};
    var ratio = window.devicePixelRatio || 1, width = picture.clientWidth, lanes = data ? data.lanes : [];
    var height = axis + Math.max(lanes.length, 1) * rowHeight + 4;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.style.height = height + "px"; canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0); pen.clearRect(0, 0, width, height);
    pen.font = "12px system-ui, sans-serif"; pen.textBaseline = "middle";
    ticks(width, height);
    lanes.forEach(function (lane, i) { row(lane, axis + i * rowHeight, width); });
    if (data) { marks(lanes); }
    if (brush) {
      pen.globalAlpha = 0.18; pen.fillStyle = css("--accent");
      pen.fillRect(x(brush[0]), 0, Math.max(x(brush[1]) - x(brush[0]), 1), height); pen.globalAlpha = 1;
    }
  }
  var steps = [1, 10, 100, 1e3, 5e3, 15e3, 6e4, 3e5, 9e5, 36e5, 108e5, 216e5, 864e5, 6048e5], months = [1, 3, 6, 12, 24, 60, 120];
  // places returns where ticks stand, by the calendar where months are apart.
  function places(room) {
    var out = [], t, i;
    for (i = 0; i < steps.length; i++) {
      if ((to - from) / steps[i] <= room) {
        for (t = Math.ceil(from / steps[i]) * steps[i]; t <= to; t += steps[i]) { out.push(t); }
        return { at: out, show: steps[i] >= 864e5 ? 10 : steps[i] >= 6e4 ? 16 : steps[i] >= 1e3 ? 19 : 23 };
      }
    }
    for (i = 0; i < months.length - 1; i++) { if ((to - from) / (months[i] * 2629746e3) <= room) { break; } }
    var start = new Date(from), m = Math.floor((start.getUTCFullYear() * 12 + start.getUTCMonth()) / months[i]) * months[i];
    for (;; m += months[i]) {
      t = Date.UTC(Math.floor(m / 12), m % 12, 1);
      if (t > to) { return { at: out, show: months[i] < 12 ? 7 : 4 }; }
      if (t >= from) { out.push(t); }
    }
  }
  function ticks(width, height) {
    var p = places(Math.max(2, Math.floor((width - left()) / 110)));
    pen.strokeStyle = css("--line"); pen.fillStyle = css("--soft"); pen.lineWidth = 1; pen.textAlign = "center";
    p.at.forEach(function (t) {
      var at = Math.round(x(t)) + 0.5;
      pen.beginPath(); pen.moveTo(at, axis - 6); pen.lineTo(at, height); pen.stroke();
      var name = text(t, p.show).replace("T", " ");
      if (p.show > 10) { name = name.slice(p.show > 16 ? 11 : 5); }
      if (at > left() + 20 && at < width - 40) { pen.fillText(name, at, 9); }
    });
  }
  function row(lane, y, width) {
    pen.fillStyle = css("--fg"); pen.textAlign = "left";
    pen.fillText(shortened(lane.title), 6, y + rowHeight / 2);
    pen.strokeStyle = css("--line"); pen.beginPath(); pen.moveTo(0, y + rowHeight - 0.5); pen.lineTo(width, y + rowHeight - 0.5); pen.stroke();
    var most = 1, n = lane.counts.length, w = (data.to - data.from + 1) / n;
    lane.counts.forEach(function (c) { most = Math.max(most, c); });
    var start = left(), end = width - 8, scale = (end - start) / (to - from), top = Math.log1p(most), i, c, a, b, h;
    pen.fillStyle = css("--low");
    for (i = 0; i < n; i++) {
      if (!(c = lane.counts[i])) { continue; }
      a = start + (data.from + i * w - from) * scale; b = a + w * scale;
      if (b < start || a > end) { continue; }
      h = 3 + (rowHeight - 6) * Math.log1p(c) / top; a = Math.max(a, start);
      pen.fillRect(a, y + rowHeight - 2 - h, Math.max(b - a, 1.5), h);
    }
    if (!lane.recovered) { return; }
    pen.fillStyle = css("--high");
    for (i = 0; i < n; i++) {
      a = start + (data.from + i * w - from) * scale; b = a + w * scale;
      if (!lane.recovered[i] || b < start || a > end) { continue; }
      a = Math.max(a, start); pen.fillRect(a, y + rowHeight - 3, Math.max(b - a, 2), 2);
    }
  }
  // shortened is a name that fits beside its lane.
  function shortened(title) {
    var key = left() + title, name = title.slice(0, 60);
    if (!names[key]) {
      while (name.length > 4 && pen.measureText(name).width > left() - 12) { name = name.slice(0, -2); }
      names[key] = name === title ? name : name + "…";
    }
    return names[key];
  }
  function marks(lanes) {
    var line = {};
    lanes.forEach(function (lane, i) { line[lane.artifact] = i; });
    data.marks.forEach(function (m) {
      var i = line[m.artifact], at = x(m.at);
      if (i === undefined || at < left() || at > canvas.clientWidth) { return; }
      var y = axis + i * rowHeight + 7;
      pen.fillStyle = css("--" + m.severity); pen.strokeStyle = css("--paper");
      pen.beginPath(); pen.moveTo(at, y - 5); pen.lineTo(at + 5, y); pen.lineTo(at, y + 5); pen.lineTo(at - 5, y); pen.closePath(); pen.fill(); pen.stroke();
    });
  }
  function load() {
    clearTimeout(timer);
    timer = setTimeout(function () {
      var mine = ++asked, parts = Math.max(50, Math.min(1200, canvas.clientWidth - left()));
      fetch(box.dataset.counts + "?from=" + Math.round(from) + "&to=" + Math.round(to) + "&parts=" + parts, { headers: { Accept: "application/json" } })
        .then(function (r) { if (!r.ok) { throw new Error(String(r.status)); } return r.json(); })
        .then(function (d) { if (mine === asked) { data = d; draw(); } }).catch(function () { /* the next move asks again */ });
    }, 60);
  }
  function rows() {
    clearTimeout(rowTimer);
    rowTimer = setTimeout(function () {
      var a = Math.round(brush ? brush[0] : from), b = Math.round(brush ? brush[1] : to);
      var at = location.pathname + "?from=" + a + "&to=" + b + (box.dataset.artifact ? "&artifact=" + encodeURIComponent(box.dataset.artifact) : "");
      var r = new XMLHttpRequest(), mine = ++rowsAsked;
      r.open("GET", at); r.responseType = "document";
      r.onload = function () {
        if (mine !== rowsAsked) { return; } // a later span was asked for
        var fresh = r.status === 200 && r.responseXML && r.responseXML.getElementById("rows"), old = document.getElementById("rows");
        if (fresh && old) { old.replaceWith(document.importNode(fresh, true)); history.replaceState(null, "", at); }
        var table = fresh && r.responseXML.getElementById("still"), shown = document.getElementById("still");
        if (table && shown && !shown.contains(document.activeElement)) { table.open = shown.open; shown.replaceWith(document.importNode(table, true)); }
      };
      r.send();
    }, 250);
  }
  function move(a, b) {
    var w = Math.max(b - a, 10), most = (last - first) * 1.1 + 1000;
    if (w > most) { a = first - (most - (last - first)) / 2; w = most; }
    a = Math.min(Math.max(a, first - w * 0.9), last - w * 0.1);
    from = a; to = a + w; draw(); load(); rows();
  }
  function zoom(f, at) { move(at - (at - from) * f, at + (to - at) * f); }
  function setBrush(b) { brush = b; tools.querySelector("[data-act=brush]").hidden = !b; draw(); rows(); }
  var act = {
    "in": function () { zoom(0.5, (from + to) / 2); }, out: function () { zoom(2, (from + to) / 2); },
    back: function () { var w = (to - from) * 0.4; move(from - w, to - w); }, on: function () { var w = (to - from) * 0.4; move(from + w, to + w); },
    all: function () { brush = null; tools.querySelector("[data-act=brush]").hidden = true; move(first, last); },
    brush: function () { if (brush) { var b = brush; brush = null; tools.querySelector("[data-act=brush]").hidden = true; move(b[0], b[1]); } }
  };
  tools.querySelectorAll("button").forEach(function (b) { b.addEventListener("click", function () { act[b.dataset.act](); }); });
  canvas.addEventListener("wheel", function (e) {
    if (!e.ctrlKey && !e.metaKey && document.activeElement !== canvas) { return; }
    e.preventDefault(); zoom(e.deltaY > 0 ? 1.25 : 0.8, ms(e.offsetX));
  }, { passive: false });
  canvas.addEventListener("pointerdown", function (e) { canvas.setPointerCapture(e.pointerId); drag = ms(e.offsetX); canvas.focus(); });
  canvas.addEventListener("pointermove", function (e) {
    if (drag === null) { return; }
    var at = ms(e.offsetX); brush = [Math.max(from, Math.min(drag, at)), Math.min(to, Math.max(drag, at))]; draw();
  });
  canvas.addEventListener("pointerup", function (e) {
    if (drag === null) { return; }
    var moved = Math.abs(x(drag) - e.offsetX) > 3; drag = null; setBrush(moved ? brush : null);
  });
  canvas.addEventListener("pointercancel", function () { if (drag !== null) { drag = null; setBrush(null); } }); // a finger that scrolls the page
  canvas.addEventListener("dblclick", function (e) { setBrush(null); zoom(0.25, ms(e.offsetX)); });
  // stretch chooses a span by keys, from the middle of the picture on.
  function stretch(by) {
    var step = (to - from) * 0.05 * by;
    if (!brush) { held = end = (from + to) / 2; }
    end = Math.min(Math.max(end + step, from), to);
    setBrush(end === held ? null : [Math.min(held, end), Math.max(held, end)]);
    document.getElementById("said").textContent = brush ? text(brush[0]) + " – " + text(brush[1]) : "";
  }
  canvas.addEventListener("keydown", function (e) {
    if (e.shiftKey && (e.key === "ArrowLeft" || e.key === "ArrowRight")) { e.preventDefault(); stretch(e.key === "ArrowRight" ? 1 : -1); return; }
    var name = { "+": "in", "=": "in", "-": "out", ArrowLeft: "back", ArrowRight: "on", "0": "all", Enter: "brush" }[e.key];
    if (name) { e.preventDefault(); act[name](); }
    if (e.key === "Escape") { setBrush(null); }
  });
  new ResizeObserver(function () { draw(); load(); }).observe(picture);
  draw(); load();
})();
