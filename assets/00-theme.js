/* In the head, before anything is painted: the theme, and where graphs find their library. */
(function () {
  "use strict";
  var root = document.documentElement;
  var chosen = null;
  try { chosen = localStorage.getItem("theme"); } catch (error) { /* storage may be forbidden */ }
  if (chosen !== "light" && chosen !== "dark") {
    var cookie = /(?:^|; )theme=(light|dark)/.exec(document.cookie);
    chosen = cookie ? cookie[1] : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  root.dataset.bsTheme = chosen;
  document.addEventListener("DOMContentLoaded", function () { document.body.dataset.agThemeMode = chosen; });

  /* The bundle with the charts we draw, a third of the whole library. The renderer assigns its own address later;
     the empty setter keeps ours. */
  var base = document.currentScript.src.replace(/00-theme\.js.*$/, "");
  Object.defineProperty(window, "_dashPlotlyJSURL", {
    get: function () { return base + "a-vendor/plotly-cartesian.min.js?v=4.1.1"; },
    set: function () {}
  });
})();
