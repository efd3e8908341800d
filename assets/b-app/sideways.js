/* What is wider than its place: which ways it goes on (the style sheet shades that edge), where it was scrolled to before
   it was drawn anew, how many whole rows fit above a total that stays, and in the drawing of a day the names that stay
   and the hours that are seen first. */
(function () {
  "use strict";
  var BOXES = ".scroll, div:has(> .gantt)";
  var TALL = 520, NAMES = 124, AIR = 10;      // px: of a table, of names over a drawing, before the first call
  var known = new WeakMap();                  // box -> the child that is watched
  var drawn = new WeakMap();                  // drawing -> what of it was seen last
  var places = new WeakMap();                 // what has a box in it -> how far that was scrolled

  /* As the selector says, but asked often. */
  function boxes() {
    return Array.from(document.querySelectorAll(".scroll")).concat(
      Array.from(document.querySelectorAll(".graph.gantt"), function (graph) { return graph.parentNode; }));
  }

  function mark(box) {
    var marks = {
      "goes-left": box.scrollLeft > 1,
      "goes-right": box.scrollLeft + box.clientWidth < box.scrollWidth - 1,
      "goes-down": box.scrollTop + box.clientHeight < box.scrollHeight - 1
    };
    Object.keys(marks).forEach(function (name) { box.classList.toggle(name, marks[name]); });
  }

  /* A total at the lower edge would cut through a row: the table ends where a row does. */
  function fit(box) {
    var foot = box.matches(".tall-scroll") && box.querySelector("tfoot");
    if (!foot) { return; }
    var room = TALL - foot.offsetHeight, last = 0;
    box.querySelectorAll("tbody > tr").forEach(function (row) {
      var bottom = row.offsetTop + row.offsetHeight;
      if (bottom <= room) { last = bottom; }
    });
    box.style.setProperty("--tall", (last ? last + foot.offsetHeight + box.offsetHeight - box.clientHeight : TALL) + "px");
  }
  function settle(box) { fit(box); mark(box); }

  var sizes = new ResizeObserver(function (entries) {
    requestAnimationFrame(function () {
      entries.forEach(function (entry) {
        var box = entry.target.closest(BOXES);
        if (box) { settle(box); }
      });
    });
  });
  document.addEventListener("scroll", function (event) {
    var box = event.target;
    if (!box.matches || !box.matches(BOXES)) { return; }
    places.set(box.closest("[id]"), {left: box.scrollLeft, top: box.scrollTop});
    mark(box);
  }, {passive: true, capture: true});

  /* -- the drawing of a day --------------------------------------------------------------------- */

  function plain(words) {   /* the drawing has its names as markup */
    return String(words).replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
  }
  /* Where the calls are that fill a place of this width best. */
  function busiest(plot, width) {
    var axis = plot._fullLayout.xaxis, places = [], best = 0, start = 0, first = 0;
    [true, false].forEach(function (calls) {
      if (places.length) { return; }
      plot.data.forEach(function (trace) {
        if (trace.mode === "none" && (trace.customdata || !calls)) {
          trace.x.forEach(function (x) { places.push(axis._offset + axis.c2p(x)); });
        }
      });
    });
    places.sort(function (a, b) { return a - b; });
    places.forEach(function (place, last) {
      while (places[first] < place - width) { first += 1; }
      if (last - first + 1 > best) { best = last - first + 1; start = places[first]; }
    });
    return start;
  }
  function names(box, graph) {
    var plot = graph.querySelector(".js-plotly-plot"), layout = plot && plot._fullLayout;
    if (!layout || !layout.yaxis || !layout.yaxis.ticktext || !plot.data.length) { return; }
    var before = drawn.get(graph) || {}, wide = box.scrollWidth > box.clientWidth + 1;
    if (before.layout === layout && before.wide === wide && before.room === box.clientWidth) { return; }
    var list = box.querySelector(".gantt-names"), axis = layout.yaxis, width = Math.min(NAMES, layout.xaxis._offset);
    if (list) { list.remove(); }
    var hours = String(layout.xaxis.range) + layout.yaxis.ticktext.length;
    drawn.set(graph, {layout: layout, wide: wide, room: box.clientWidth, hours: hours});
    if (!wide) { return; }
    list = document.createElement("div");
    list.className = "gantt-names";
    list.setAttribute("aria-hidden", "true");   /* the drawing has them already */
    list.style.setProperty("--width", width + "px");
    list.style.setProperty("--height", layout.height + "px");
    axis.tickvals.forEach(function (value, i) {
      var name = document.createElement("span");
      name.textContent = plain(axis.ticktext[i]);
      name.style.top = axis._offset + axis.c2p(value) + "px";
      list.appendChild(name);
    });
    box.insertBefore(list, box.firstChild);
    if (before.hours !== hours || !before.wide) {
      box.scrollLeft = busiest(plot, box.clientWidth - width - 2 * AIR) - width - AIR;
    }
  }

  function look() {
    boxes().forEach(function (box) {
      var child = box.lastElementChild, before = known.get(box), place = places.get(box.closest("[id]"));
      if (child === before) { return; }
      if (before) { sizes.unobserve(before); }
      known.set(box, child);
      sizes.observe(box);
      if (child) { sizes.observe(child); }
      settle(box);
      if (place && !before) { box.scrollTo({left: place.left, top: place.top, behavior: "instant"}); }
    });
  }
  /* A new number draws the whole table anew: before anybody sees it, it is where it was. */
  new MutationObserver(look).observe(document.documentElement, {childList: true, subtree: true});
  setInterval(function () {
    document.querySelectorAll(".graph.gantt").forEach(function (graph) { names(graph.parentNode, graph); });
  }, 300);
})();
