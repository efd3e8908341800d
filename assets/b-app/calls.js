/* The list of calls: cells of the grid, which columns are shown, the row whose call stands in the side panel; and what
   a call remembers while it is drawn anew: where the focus was, whether the lines of the log are shown. */
(function () {
  "use strict";
  var GRID = "calls-grid", STORED = "calls-columns-";
  var COMPACT = ["enter", "caller", "outcome", "audio"];
  var narrow = window.matchMedia("(max-width: 640px)");
  var FIELDS = {"calls-search": "q", "calls-did": "did", "calls-min-wait": "min_wait", "calls-max-wait": "max_wait",
    "calls-min-talk": "min_talk", "calls-max-talk": "max_talk"};
  var PAUSE = 400;         // ms without a key after which is looked for what somebody writes
  var told = {};           // what was written and is not in the address yet, by name
  var pause = 0;
  var going = false;       // whether the address is about to say what was written here
  var BLOCKS = 3;          // so many of them are asked for again; of more only the first
  var api = null, unit = "legs", restoring = false;
  var opened = null;       // {index, id, keyboard} of the row whose call is shown
  var asked = 0;           // counts what somebody asked to open, so that only the last of it opens
  var held = "";           // selector of the control with the focus that may be drawn anew
  var latest = null;       // how many rows there are, as the server said last
  var missed = false;      // whether rows changed while the panel was open
  var raw = false;         // whether the lines of the log are shown

  function setProps(id, props) { window.dash_clientside.set_props(id, props); }
  /* A phone and a wide window remember columns of their own: what fills the one hides the outcome on the other. */
  function place() { return STORED + (narrow.matches ? "narrow-" : "") + unit; }
  function stored() {
    try { return JSON.parse(localStorage.getItem(place())); } catch (error) { return null; }
  }
  function keep() {
    if (!alive() || restoring) { return; }
    var state = api.getColumnState().map(function (one) {
      return {colId: one.colId, hide: one.hide, width: one.width, pinned: one.pinned};
    });
    try { localStorage.setItem(place(), JSON.stringify(state)); } catch (error) { /* storage may be forbidden */ }
  }

  /* -- cells ------------------------------------------------------------------------------------ */

  var cells = window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};
  cells.CallOutcome = function (params) {
    var row = params.data;
    if (!row) { return null; }
    return React.createElement("span", {className: "outcome role-" + row.role},
      React.createElement("span", {className: "swatch role-" + row.role}), row.outcome,
      row.short ? React.createElement("small", {className: "short-mark", "data-tip": row.short}, params.short) : null,
      row.transfer ? React.createElement("span", {className: "icon icon-arrow-right", title: params.moved}) : null,
      row.transfer ? React.createElement("span", {className: "visually-hidden"}, params.moved) : null);
  };
  cells.CallNumber = function (params) {
    var row = params.data;
    if (!row) { return null; }
    return React.createElement("span", {className: "call-number", title: row.name === "—" ? row.caller : row.caller + " · " + row.name},
      row.caller);
  };
  cells.CallAudio = function (params) {
    var row = params.data;
    if (!row || !row.audio) { return null; }
    return React.createElement("button", {
      type: "button", className: "listen", "data-recording": row.audio, "data-title": row.title,
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
    return alive() && api.getColumns().filter(function (column) { return column.getColDef().field === field; })[0];
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
    } else if (narrow.matches) {
      api.getColumns().forEach(function (column) {
        api.setColumnsVisible([column], COMPACT.indexOf(column.getColDef().field) >= 0);
      });
      api.applyColumnState({state: [
        {colId: "enter", pinned: null, width: 88}, {colId: "caller", width: 98}, {colId: "outcome", width: 108}]});
    }
    restoring = false;
    boxes();
  }
  narrow.addEventListener("change", function () {   /* a phone turned on its side */
    if (!alive()) { return; }
    restoring = true;
    api.resetColumnState();
    arrange();
  });

  /* A file has the order of the list, which its address does not say. */
  function ordered(event) {
    var link = event.target.closest ? event.target.closest("#calls-exports a") : null;
    if (!link || !alive()) { return; }
    var url = new URL(link.href), columns = api.getColumnState().filter(function (one) { return one.sort; });
    columns.sort(function (one, other) { return one.sortIndex - other.sortIndex; });
    url.searchParams.delete("sort");
    if (columns.length) {
      url.searchParams.set("sort", columns.map(function (one) {
        return (one.sort === "desc" ? "-" : "") + one.colId;
      }).join(","));
    }
    link.href = url.href;
  }
  ["pointerdown", "click", "auxclick"].forEach(function (kind) { document.addEventListener(kind, ordered, true); });

  /* -- fields ----------------------------------------------------------------------------------- */

  function writing(id) { return Boolean(document.activeElement) && document.activeElement.id === id; }
  /* What fields keep: what somebody is writing, and what was refused while the other half of it went on. */
  function kept(id) {
    return writing(id) || going && Boolean(document.getElementById(id).closest("fieldset.wrong"));
  }
  /* A maximum below its minimum is said beside the two fields; the list stays as it was. `words` are what the fields
     are about to show, by name; without them, what they show. */
  function seconds(field, words) {
    var word = (words && !kept(field.id) ? words[FIELDS[field.id]] : field.value).trim();
    if (!word || !new RegExp("^(?:" + field.pattern + ")$").test(word)) { return null; }
    return word.split(":").reduce(function (sum, part) { return 60 * sum + Number(part); }, 0);
  }
  function weigh(words) {
    document.querySelectorAll(".more-filters fieldset[data-wrong]").forEach(function (set) {
      var fields = set.querySelectorAll("input"), low = seconds(fields[0], words), high = seconds(fields[1], words);
      var wrong = low !== null && high !== null && low > high;
      set.classList.toggle("wrong", wrong);
      fields[1].setCustomValidity(wrong ? set.dataset.wrong : "");
    });
  }
  function tell(name, value) {
    if (!document.getElementById("calls-search")) { return; }
    told[name] = value;
    setProps("calls-typed", {data: Object.assign({at: Date.now()}, told)});
  }
  document.addEventListener("input", function (event) {
    if (event.target.id !== "calls-search") { return; }
    clearTimeout(pause);
    pause = setTimeout(function () { tell("q", event.target.value); }, PAUSE);
  });
  document.addEventListener("change", function (event) {
    var name = FIELDS[event.target.id];
    if (!name) { return; }
    if (name === "q") { clearTimeout(pause); }
    weigh();
    tell(name, event.target.value);
  });
  window.addEventListener("popstate", function () {   /* back in the history: fields follow the address again */
    if (document.activeElement && FIELDS[document.activeElement.id]) { document.activeElement.blur(); }
  });

  /* -- rows and the panel ----------------------------------------------------------------------- */

  /* Marked by a class and not by the grid's selection: its component looks at that a moment after it changed, also
     in a grid that is gone by then, and the browser's console fills with warnings. */
  var functions = window.dashAgGridFunctions = window.dashAgGridFunctions || {};
  functions.callsOpened = function (row) { return Boolean(opened && row && row.id === opened.id); };
  function opens(row) {
    var before = opened && opened.id;
    opened = row;
    if (!alive()) { return; }
    var nodes = [];
    api.forEachNode(function (node) {
      if (node.data && (node.data.id === before || (opened && node.data.id === opened.id))) { nodes.push(node); }
    });
    if (nodes.length) { api.redrawRows({rowNodes: nodes}); }
  }
  function show(index, row, keyboard) {
    opens({index: index, id: row.id, keyboard: keyboard});
    setProps("calls-chosen", {data: {callid: row.callid, index: index, rows: api.getDisplayedRowCount()}});
  }
  /* The grid on the page, if there is one: a page that was left has taken its own with it. */
  function alive() { return api && !api.isDestroyed() ? api : null; }
  function step(way) {
    if (!alive() || !opened) { return; }
    var index = opened.index + way;
    if (index < 0 || index >= api.getDisplayedRowCount()) { return; }
    api.ensureIndexVisible(index);
    open(api, index);
  }
  /* Opens the call of a row, once the row has come: it may still be under way. */
  function open(grid, index) {
    var left = 50, mine = asked += 1;
    (function wait() {
      if (mine !== asked || grid.isDestroyed()) { return; }
      var node = grid.getDisplayedRowAtIndex(index);
      if (node && node.data) { api = grid; show(index, node.data, false); } else if (left--) { setTimeout(wait, 100); }
    })();
  }
  function close() {
    asked += 1;
    if (!opened) { return; }
    var panel = document.getElementById("calls-panel"), index = opened.index;
    var inside = panel && panel.contains(document.activeElement);
    opens(null);
    held = "";
    setProps("calls-chosen", {data: null});
    if (inside && alive() && index < api.getDisplayedRowCount()) {
      api.ensureIndexVisible(index);
      api.setFocusedCell(index, "caller");
    }
    if (missed && alive() && atTop()) { again(); }
    missed = false;
  }
  /* Asked of the page and not of the grid, which somebody may click before it is wired. */
  document.addEventListener("click", function (event) {
    var row = event.target.closest && event.target.closest("#" + GRID + " .ag-row");
    if (!row || event.target.closest("[data-recording]")) { return; }
    var index = Number(row.getAttribute("row-index")), grid = window.dash_ag_grid.getApi(GRID);
    if (grid && !grid.isDestroyed()) { open(grid, index); return; }
    window.dash_ag_grid.getApiAsync(GRID).then(function (found) { open(found, index); });
  }, true);
  document.addEventListener("click", function (event) {
    var target = event.target.closest && event.target.closest("[data-journey]");
    if (!target) { return; }
    if (target.dataset.journey === "close") { close(); } else { step(target.dataset.journey === "next" ? 1 : -1); }
  });
  /* On the way down to the focus, when a list or a menu that Esc is meant for is still open. */
  window.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && opened
        && !document.querySelector("details.menu[open], [data-radix-popper-content-wrapper]")) { close(); }
  }, true);

  /* -- what is drawn anew ----------------------------------------------------------------------- */

  function lines() {
    document.documentElement.classList.toggle("raw-lines", raw);
    document.querySelectorAll("[data-raw]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(raw));
    });
  }
  document.addEventListener("click", function (event) {
    if (!event.target.closest || !event.target.closest("[data-raw]")) { return; }
    raw = !raw;
    lines();
  });

  function selector(node) {
    if (!node.closest || !node.closest(".side-panel, .journey-page, .chips, .segments")) { return ""; }
    var name = ["data-journey", "data-raw", "data-recording", "data-chip"].filter(function (one) {
      return node.hasAttribute(one);
    })[0];
    if (name) { return "[" + name + "=\"" + CSS.escape(node.getAttribute(name)) + "\"]"; }
    return (/\bstep-\w+/.exec(node.className) || []).map(function (one) { return "." + one; })[0] || "";
  }
  document.addEventListener("focusin", function (event) { held = selector(event.target); });
  document.addEventListener("pointerdown", function (event) {
    if (held && !event.target.closest(held)) { held = ""; }
  }, true);
  function settle() {
    var panel = document.getElementById("calls-panel");
    lines();
    if (opened && opened.keyboard && panel && panel.childElementCount) {
      opened.keyboard = false;
      panel.focus();
    } else if (held && document.activeElement === document.body) {
      var control = document.querySelector(".stage " + held);
      if (control && !control.disabled) { control.focus(); } else if (panel && panel.childElementCount) { panel.focus(); }
    }
  }
  /* A chip is a link that looks and speaks like a button. */
  document.addEventListener("keydown", function (event) {
    if (event.key === " " && event.target.matches && event.target.matches("a[role=button]")) {
      event.preventDefault();
      event.target.click();
    }
  });

  /* -- rows that arrive ------------------------------------------------------------------------- */

  /* Whether the list has more rows by now than are shown. */
  function outdated() {
    return Boolean(latest && alive()) && api.isLastRowIndexKnown() && api.getDisplayedRowCount() !== latest.rows;
  }
  function atTop() { return !alive() || api.getFirstDisplayedRowIndex() <= 0; }
  function news(there) {
    var button = document.getElementById("calls-news");
    if (button) { button.hidden = !there; }
  }
  document.addEventListener("click", function (event) {
    if (!event.target.closest || !event.target.closest("#calls-news") || !alive()) { return; }
    news(false);
    first();
    again();
  });
  function first() {
    if (api.getDisplayedRowCount()) { api.ensureIndexVisible(0); }
  }
  function again() {
    if (Object.keys(api.getCacheBlockState()).length > BLOCKS) { api.purgeInfiniteCache(); } else { api.refreshInfiniteCache(); }
  }

  function ready(made) {
    if (!made || !window.dash_ag_grid) { return; }
    unit = made.unit;
    window.dash_ag_grid.getApiAsync(GRID).then(function (found) {
      if (api !== found) { opened = null; }
      api = found;
      arrange();
      api.addEventListener("cellKeyDown", function (event) {
        var target = event.event.target;
        if (!event.data || ["Enter", " "].indexOf(event.event.key) < 0 || target.closest("[data-recording]")) { return; }
        var listen = target.querySelector("[data-recording]");
        event.event.preventDefault();
        if (listen) { listen.click(); } else { show(event.rowIndex, event.data, true); }
      });
      api.addEventListener("modelUpdated", function () {
        if (latest && !latest.checked && outdated() && atTop() && !opened) {   /* rows that were under way as it grew */
          latest.checked = true;
          again();
        }
      });
      ["columnMoved", "columnResized", "columnVisible", "columnPinned"].forEach(function (name) {
        /* Only what somebody did by hand: another width of the window resizes columns too. */
        api.addEventListener(name, function (event) {
          if (event.finished !== false && /^(ui|autosize)/.test(event.source)) { keep(); }
        });
      });
    });
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    calls: {
      /* Another grid is there. */
      ready: function (made) { ready(made); return window.dash_clientside.no_update; },
      /* Other filters: nothing of what was loaded counts any more. */
      reload: function (filters) {
        told = {};
        latest = null;
        if (alive()) { news(false); close(); first(); api.purgeInfiniteCache(); }
        return window.dash_clientside.no_update;
      },
      /* What somebody typed is in the address like every other filter. */
      go: function (search) { going = true; setProps("shell-url", {search: search}); return window.dash_clientside.no_update; },
      /* The log has grown. Who is looking at the newest calls sees it; who reads further down is told. */
      grown: function (count, last) {
        latest = Object.assign({checked: false}, count);
        if (!alive()) { return count; }
        var changed = last && count.query === last.query && (count.total !== last.total || count.mark !== last.mark);
        if (outdated()) {
          if (atTop() && !opened) { latest.checked = true; again(); } else { news(true); }
        } else if (changed) {
          if (atTop() && !opened) { again(); } else { missed = true; }
        }
        return count;
      },
      /* The words of the address in the fields, but never where somebody is writing. */
      fill: function (words) {
        var still = window.dash_clientside.no_update;
        var shown = [words ? words.ended_by : still].concat(Object.keys(FIELDS).map(function (id) {
          return !words || kept(id) ? still : words[FIELDS[id]];
        }));
        if (words) { weigh(words); }
        going = false;
        return shown;
      },
      /* Somebody chose who ended the calls, and it was not the address. */
      ended: function (chosen, words) {
        var known = words ? words.ended_by : [];
        if (String((chosen || []).slice().sort()) !== String(known.slice().sort())) { tell("ended_by", chosen || []); }
        return window.dash_clientside.no_update;
      },
      /* A call or a row of chips was drawn anew; once it is on the page, it is as it was before. */
      drawn: function () { setTimeout(settle, 0); return window.dash_clientside.no_update; }
    }
  });
})();
