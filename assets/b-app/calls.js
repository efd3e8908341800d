/* The list of calls: cells of the grid, which columns are shown, the row whose call stands in the side panel. */
(function () {
  "use strict";
  var GRID = "calls-grid", STORED = "calls-columns-";
  var COMPACT = ["enter", "caller", "outcome", "audio"];
  var api = null, unit = "legs", opened = null, restoring = false;

  function setProps(id, props) { window.dash_clientside.set_props(id, props); }
  function stored() {
    try { return JSON.parse(localStorage.getItem(STORED + unit)); } catch (error) { return null; }
  }
  function keep() {
    if (!api || restoring) { return; }
    var state = api.getColumnState().map(function (one) {
      return {colId: one.colId, hide: one.hide, width: one.width, pinned: one.pinned};
    });
    try { localStorage.setItem(STORED + unit, JSON.stringify(state)); } catch (error) { /* storage may be forbidden */ }
  }

  /* -- cells ------------------------------------------------------------------------------------ */

  var cells = window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};
  cells.CallOutcome = function (params) {
    var row = params.data;
    if (!row) { return null; }
    return React.createElement("span", {className: "outcome role-" + row.role},
      React.createElement("span", {className: "swatch role-" + row.role}), row.outcome,
      row.transfer ? React.createElement("span", {className: "icon icon-arrow-right", title: params.moved}) : null,
      row.transfer ? React.createElement("span", {className: "visually-hidden"}, params.moved) : null);
  };
  cells.CallNumber = function (params) {
    var row = params.data;
    if (!row) { return null; }
    return React.createElement("span", {className: "caller", title: row.name === "—" ? row.caller : row.caller + " · " + row.name},
      row.caller);
  };
  cells.CallAudio = function (params) {
    var row = params.data;
    if (!row || !row.audio) { return null; }
    return React.createElement("button", {
      type: "button", className: "listen", "data-recording": row.callid, "data-title": row.title,
      "aria-label": params.listen + ": " + row.title, title: params.listen,
    }, React.createElement("i", {className: "icon icon-play-fill", "aria-hidden": "true"}));
  };

  /* -- columns ---------------------------------------------------------------------------------- */

  function boxes() {
    document.querySelectorAll("[data-column]").forEach(function (box) {
      var column = find(box.dataset.column);
      box.setAttribute("aria-checked", String(Boolean(column && column.isVisible())));
    });
  }
  function find(field) {
    return api && api.getColumns().filter(function (column) { return column.getColDef().field === field; })[0];
  }
  document.addEventListener("click", function (event) {
    var box = event.target.closest && event.target.closest("[data-column]");
    var column = box && find(box.dataset.column);
    if (!column) { return; }
    api.setColumnsVisible([column], !column.isVisible());
    boxes();
    keep();
  });
  function arrange() {
    restoring = true;
    var known = stored();
    if (known) {
      api.applyColumnState({state: known, applyOrder: true});
    } else if (window.matchMedia("(max-width: 640px)").matches) {
      api.getColumns().forEach(function (column) {
        api.setColumnsVisible([column], COMPACT.indexOf(column.getColDef().field) >= 0);
      });
      api.applyColumnState({state: [
        {colId: "enter", pinned: null, width: 88}, {colId: "caller", width: 98}, {colId: "outcome", width: 108}]});
    }
    restoring = false;
    boxes();
  }

  /* -- rows and the panel ----------------------------------------------------------------------- */

  function show(index, row) {
    opened = {index: index, id: row.id};
    mark();
    setProps("calls-chosen", {data: {callid: row.callid, index: index, rows: api.getDisplayedRowCount()}});
  }
  function mark() {
    if (!api) { return; }
    api.forEachNode(function (node) {   /* only those that are there can be marked */
      if (node.data) { node.setSelected(Boolean(opened && node.data.id === opened.id)); }
    });
  }
  function step(way) {
    if (!api || !opened) { return; }
    var index = opened.index + way;
    if (index < 0 || index >= api.getDisplayedRowCount()) { return; }
    api.ensureIndexVisible(index);
    var left = 50;
    (function wait() {
      var node = api.getDisplayedRowAtIndex(index);
      if (node && node.data) { show(index, node.data); } else if (left--) { setTimeout(wait, 100); }
    })();
  }
  function close() {
    if (!opened) { return; }
    opened = null;
    mark();
    setProps("calls-chosen", {data: null});
  }
  document.addEventListener("click", function (event) {
    var target = event.target.closest && event.target.closest("[data-journey]");
    if (!target) { return; }
    if (target.dataset.journey === "close") { close(); } else { step(target.dataset.journey === "next" ? 1 : -1); }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && opened && !document.querySelector("details.menu[open]")) { close(); }
  });

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-raw]");
    if (button) { button.setAttribute("aria-pressed", String(button.closest(".journey").classList.toggle("raw"))); }
  });

  function atTop() { return !api || api.getFirstDisplayedRowIndex() <= 0; }
  function news(there) {
    var button = document.getElementById("calls-news");
    if (button) { button.hidden = !there; }
  }
  document.addEventListener("click", function (event) {
    if (!event.target.closest || !event.target.closest("#calls-news") || !api) { return; }
    news(false);
    api.ensureIndexVisible(0);
    api.refreshInfiniteCache();
  });

  function ready(made) {
    if (!made || !window.dash_ag_grid) { return; }
    unit = made.unit;
    window.dash_ag_grid.getApiAsync(GRID).then(function (found) {
      api = found;
      opened = null;
      arrange();
      api.addEventListener("cellClicked", function (event) {
        if (event.data && !event.event.target.closest("[data-recording]")) { show(event.rowIndex, event.data); }
      });
      api.addEventListener("cellKeyDown", function (event) {
        if (event.data && event.event.key === "Enter" && !event.event.target.closest("[data-recording]")) {
          show(event.rowIndex, event.data);
        }
      });
      api.addEventListener("modelUpdated", mark);
      ["columnMoved", "columnResized", "columnVisible", "columnPinned"].forEach(function (name) {
        api.addEventListener(name, function (event) { if (event.finished !== false) { keep(); } });
      });
    });
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    calls: {
      /* Another grid is there. */
      ready: function (made) { ready(made); return window.dash_clientside.no_update; },
      /* Other filters: nothing of what was loaded counts any more. */
      reload: function (filters) {
        if (api && !api.isDestroyed()) { news(false); close(); api.ensureIndexVisible(0); api.purgeInfiniteCache(); }
        return window.dash_clientside.no_update;
      },
      /* What somebody typed is in the address like every other filter. */
      go: function (search) { setProps("shell-url", {search: search}); return window.dash_clientside.no_update; },
      /* The log has grown. Who is looking at the newest calls sees it; who reads further down is told. */
      grown: function (count, last) {
        if (api && !api.isDestroyed() && last && count.query === last.query && count.total !== last.total) {
          if (atTop() && !opened) { api.refreshInfiniteCache(); } else { news(true); }
        }
        return count;
      }
    }
  });
})();
