(function () {
  "use strict";
  document.documentElement.classList.add("js");
  document.querySelectorAll("figure[data-from]").forEach(function (figure) {
    var svg = figure.querySelector("svg"), plot = svg.querySelector(".plot"), said = figure.querySelector("[aria-live]");
    var left = +figure.dataset.left, width = +figure.dataset.width, from = +figure.dataset.from, to = +figure.dataset.to;
    var a = 0, b = 1;
    var bars = Array.prototype.slice.call(plot.querySelectorAll("[data-x]"));
    var ticks = svg.querySelector(".ticks"), original = ticks.innerHTML;
    function day(f) { return new Date((from + f * (to - from)) * 86400000).toISOString().slice(0, 10); }
    function draw() {
      var k = 1 / (b - a);
      bars.forEach(function (e) {
        var x = (+e.dataset.x - a) * k, w = (+e.dataset.w || 0) * k, out = x + w < 0 || x > 1;
        e.style.display = out ? "none" : "";
        if (out) { return; }
        if (e.tagName === "rect") { e.setAttribute("x", left + Math.max(x, 0) * width); e.setAttribute("width", Math.max((Math.min(x + w, 1) - Math.max(x, 0)) * width, 1)); }
        else { e.querySelector("circle").setAttribute("cx", left + x * width); }
      });
      if (a === 0 && b === 1) { ticks.innerHTML = original; } else {
        ticks.textContent = "";
        for (var i = 0; i <= 4; i++) {
          var t = document.createElementNS("http://www.w3.org/2000/svg", "text");
          t.setAttribute("x", left + width * i / 4); t.setAttribute("y", +figure.dataset.axis);
          t.setAttribute("text-anchor", i === 0 ? "start" : i === 4 ? "end" : "middle");
          t.textContent = day(a + (b - a) * i / 4); ticks.appendChild(t);
        }
      }
      said.textContent = day(a) + " – " + day(b);
    }
    function zoom(f, at) {
      var w = Math.min(1, Math.max((b - a) * f, 2 / Math.max(to - from, 2)));
      a = Math.min(Math.max(at - (at - a) / (b - a) * w, 0), 1 - w); b = a + w; draw();
    }
    function pan(f) { var w = b - a; a = Math.min(Math.max(a + f * w, 0), 1 - w); b = a + w; draw(); }
    var act = { "in": function () { zoom(.5, (a + b) / 2); }, out: function () { zoom(2, (a + b) / 2); }, back: function () { pan(-.4); }, on: function () { pan(.4); }, all: function () { a = 0; b = 1; draw(); } };
    figure.querySelectorAll("button").forEach(function (e) { e.addEventListener("click", act[e.dataset.act]); });
    svg.addEventListener("wheel", function (e) {
      if (!e.ctrlKey && !e.metaKey) { return; }
      e.preventDefault();
      var r = svg.getBoundingClientRect(), x = ((e.clientX - r.left) / r.width * (left + width + 10) - left) / width;
      zoom(e.deltaY > 0 ? 1.25 : .8, a + Math.min(Math.max(x, 0), 1) * (b - a));
    }, { passive: false });
    figure.addEventListener("keydown", function (e) {
      var f = { "+": act["in"], "=": act["in"], "-": act.out, ArrowLeft: act.back, ArrowRight: act.on, "0": act.all }[e.key];
      if (f) { e.preventDefault(); f(); }
    });
  });
})();
