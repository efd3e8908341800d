/* Draws the live page from one message: plain elements, kept by key, so that only what changed is touched. Every text goes
   in as text: whatever a caller calls himself stays harmless. */
(function () {
  "use strict";
  var ORDER = ["ringing", "busy", "available", "paused", "unknown", "offline"];
  var ICONS = {ringing: "telephone-inbound", busy: "telephone-fill", available: "check2", paused: "pause-fill",
    unknown: "question-circle", offline: "box-arrow-right", normal: "check2", yellow: "exclamation-triangle",
    red: "exclamation-octagon"};
  var RANK = {normal: 0, yellow: 1, red: 2};
  var parts = null;

  function el(tag, cls, words) {
    var node = document.createElement(tag);
    if (cls) { node.className = cls; }
    if (words !== undefined) { node.textContent = words; }
    return node;
  }
  function icon(name) {
    var node = el("i", "icon icon-" + name);
    node.setAttribute("aria-hidden", "true");
    return node;
  }
  function put(node, words) {
    words = words === null || words === undefined ? "—" : String(words);
    if (node.textContent !== words) { node.textContent = words; }
    return node;
  }
  function cls(node, name) { if (node.className !== name) { node.className = name; } }
  function add(parent) {
    for (var i = 1; i < arguments.length; i += 1) { if (arguments[i]) { parent.appendChild(arguments[i]); } }
    return parent;
  }
  function fill(words, values) {
    return words.replace(/\{(\w+)\}/g, function (whole, name) { return name in values ? values[name] : whole; });
  }
  function isTv() { return document.documentElement.classList.contains("tv"); }

  /* -- numbers ------------------------------------------------------------------------------------------------ */
  function two(n) { return String(n).padStart(2, "0"); }
  function duration(seconds) {
    seconds = Math.max(0, Math.floor(seconds));
    var hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds % 3600 / 60);
    return hours ? hours + ":" + two(minutes) + ":" + two(seconds % 60) : minutes + ":" + two(seconds % 60);
  }
  function age(seconds) {
    if (seconds < 60) { return Math.floor(seconds) + " s"; }
    if (seconds < 3600) { return Math.floor(seconds / 60) + " min"; }
    if (seconds < 86400) { return Math.floor(seconds / 3600) + " h " + Math.floor(seconds % 3600 / 60) + " min"; }
    return Math.floor(seconds / 86400) + " d";
  }
  function clock(epoch, offset) {
    var local = new Date((epoch + offset) * 1000);
    return two(local.getUTCHours()) + ":" + two(local.getUTCMinutes()) + ":" + two(local.getUTCSeconds());
  }
  function number(state, value, digits) {
    if (value === null || value === undefined) { return "—"; }
    return value.toLocaleString(state.box.dataset.lang === "es" ? "es-MX" : "en-US",
      {minimumFractionDigits: digits || 0, maximumFractionDigits: digits || 0});
  }
  function percent(state, value, digits) {
    return value === null || value === undefined ? "—" : number(state, value, digits === undefined ? 1 : digits) + " %";
  }

  /* The service level of counts; `sl_pct` is rounded, and would be rounded a second time. */
  function serviceLevel(counts) { return counts.served ? 100 * counts.in_sl / counts.served : null; }

  /* A number with its unit, which is smaller. */
  function unit(node, words) {
    var bits = words.split(" ");
    if (node.dataset.shown === words) { return; }
    node.dataset.shown = words;
    node.replaceChildren(document.createTextNode(bits[0]));
    if (bits[1]) { node.appendChild(el("span", "unit", " " + bits[1])); }
  }
  /* On a wall nobody scrolls: shows as many rows as fit, from `most` down. */
  function fit(panel, most, show) {
    if (!isTv()) { show(Infinity); return; }
    for (var count = most; count > 0; count -= 1) {
      show(count);
      if (fits(panel)) { return; }
    }
  }
  function fits(panel) { return panel.box.scrollHeight <= panel.box.clientHeight + 1; }

  /* -- lists ---------------------------------------------------------------------------------------------------- */
  function keyed(parent, rows, key, make, update) {
    var old = {};
    Array.prototype.forEach.call(parent.children, function (node) { old[node.dataset.key] = node; });
    var at = parent.firstChild;
    rows.forEach(function (row) {
      var name = key(row), node = old[name];
      if (!node) {
        node = make(row);
        node.dataset.key = name;
      }
      delete old[name];
      update(node, row);
      if (node === at) { at = at.nextSibling; } else { parent.insertBefore(node, at); }
    });
    Object.keys(old).forEach(function (name) { old[name].remove(); });
  }
  function since(node, epoch, limits, words) {
    if (epoch === null || epoch === undefined) {
      delete node.dataset.since;
      put(node, words || "—");
    } else {
      node.dataset.since = epoch;
      node.dataset.limits = limits ? limits.join(" ") : "";
    }
  }
  function link(state, query) {
    if (!state.box.dataset.calls) { return null; }
    return state.box.dataset.calls + "?start_date=" + state.data.day + "&end_date=" + state.data.day +
      (state.data.origin === "external" ? "" : "&origin=" + state.data.origin) + query;
  }
  function lead(node, href) {
    if (href) { if (node.getAttribute("href") !== href) { node.setAttribute("href", href); } } else { node.removeAttribute("href"); }
  }

  /* -- the empty page --------------------------------------------------------------------------------------------- */
  function panel(name, title, body) {
    var box = el("section", "panel live-" + name), head = el("div", "card-head"), words = el("div"), note = el("p", "caption");
    box.setAttribute("aria-label", title);
    add(head, add(words, el("h2", "", title), note), el("div", "tools"));
    add(box, head, body);
    return {box: box, body: body, note: note, tools: head.lastChild};
  }
  function tile(name, title, drawing) {
    var box = el("div", "panel tile tile-" + name), head = el("div", "tile-label"), words = el("a", "cover", title);
    var value = el("div", "tile-value"), note = el("div", "tile-note");
    add(head, icon(drawing), words);
    add(box, head, value, note);
    return {box: box, words: words, value: value, note: note};
  }
  function button(drawing, words, act) {
    var node = el("button", "tool");
    node.type = "button";
    add(node, icon(drawing), el("span", "", words));
    node.addEventListener("click", act);
    return node;
  }
  function open(state, doing) {
    var w = state.words, box = state.box;
    box.replaceChildren();
    parts = {trouble: el("div", "live-trouble"), bar: el("div", "live-bar"), source: el("span", "live-source"),
      fresh: el("span", "live-fresh"), time: el("span", "live-time"), tools: el("div", "live-tools"), said: el("div", "visually-hidden"),
      tiles: el("div", "live-tiles"), body: el("div", "live-body")};
    parts.trouble.setAttribute("role", "alert");
    parts.said.setAttribute("aria-live", "polite");
    parts.tile = {
      waiting: tile("waiting", w.waiting, "people"), longest: tile("longest", w.longest, "hourglass-split"),
      available: tile("available", w.available, "headset"), level: tile("level", w.level, "stopwatch"),
      abandoned: tile("abandoned", w.abandoned, "telephone-x")};
    Object.keys(parts.tile).forEach(function (name) { add(parts.tiles, parts.tile[name].box); });
    parts.queues = panel("queues", w.queues, el("div", "queue-cards"));
    parts.callers = panel("callers", w.callers, el("ol", "callers"));
    parts.agents = panel("agents", w.agents, el("div", "agent-groups"));
    parts.curve = panel("curve", w.curve, el("div", "curve"));
    put(parts.curve.note, w.curve_note);
    parts.counts = add(el("div", "agent-counts"));
    add(parts.agents.tools, parts.counts);
    if (!box.dataset.kiosk) {
      var ears = button("pause-fill", w.sound_off, function () {
        var on = !state.sound;
        doing.sound(on);
        ears.classList.toggle("done", on);
        ears.setAttribute("aria-pressed", String(on));
        ears.querySelector("span").textContent = on ? w.sound_on : w.sound_off;
        ears.querySelector(".icon").className = "icon icon-" + (on ? "volume-up-fill" : "volume-mute-fill");
      });
      ears.querySelector(".icon").className = "icon icon-" + (state.sound ? "volume-up-fill" : "volume-mute-fill");
      ears.id = "live-sound";
      ears.setAttribute("aria-pressed", String(state.sound));
      var screen = el("a", "tool");
      add(screen, icon("display"), el("span", "", w.tv));
      var query = new URLSearchParams(location.search);
      query.set("tv", "1");
      screen.href = location.pathname + "?" + query.toString();
      add(parts.tools, ears, screen);
      if (state.admin && window.liveAdmin) {
        add(parts.tools, button("sliders", w.limits, function () { window.liveAdmin.limits(state, doing.again); }),
          button("link-45deg", w.links, function () { window.liveAdmin.links(state); }));
      }
    }
    add(parts.bar, parts.source, parts.fresh, parts.time, parts.tools);
    add(parts.body, parts.queues.box, parts.callers.box, parts.agents.box, parts.curve.box);
    add(box, parts.trouble, parts.bar, parts.tiles, parts.body, parts.said);
    box.classList.add("empty");
  }

  /* -- one message -------------------------------------------------------------------------------------------------- */
  function sum(rows, value) { return rows.reduce(function (total, row) { return total + (value(row) || 0); }, 0); }
  function worst(rows, metric) {
    return rows.reduce(function (found, row) {
      return row.marks && RANK[row.marks[metric]] > RANK[found] ? row.marks[metric] : found;
    }, "normal");
  }
  function board(state) {
    var box = state.box, data = state.data;
    box.classList.remove("empty");
    source(state);
    tiles(state);
    queues(state);
    callers(state);
    agents(state);
    curve(state);
    box.dataset.version = data.version;
    clocks(state, state.now());
  }
  function source(state) {
    var data = state.data, w = state.words, ami = data.source.ami;
    var fine = data.source.kind === "ami" || !ami;
    cls(parts.source, "live-source " + (fine ? "fine" : "bad"));
    parts.source.replaceChildren(icon(fine ? (ami ? "check2" : "info-circle") : "exclamation-triangle"),
      el("span", "", (data.source.kind === "ami" ? w.by_ami : w.by_log) + (fine ? "" : " · " + ami.words)));
  }
  /* The target of several queues: each counts by the calls it had, so that a level on target everywhere is on target. */
  function goal(rows) {
    var served = sum(rows, function (r) { return r.recent.served; });
    return !rows.length ? null : served ? sum(rows, function (r) { return r.sl_target * r.recent.served; }) / served :
      sum(rows, function (r) { return r.sl_target; }) / rows.length;
  }
  function tiles(state) {
    var data = state.data, w = state.words, t = parts.tile, rows = data.queues;
    var oldest = data.waiting[0];
    put(t.waiting.value, number(state, data.waiting.length));
    put(t.waiting.note, data.waiting.length ? sum(rows, function (r) { return r.waiting ? 1 : 0; }) + " / " + rows.length + " " +
      w.queues.toLowerCase() : w.nobody);
    since(t.longest.value, oldest ? oldest.since : null);
    put(t.longest.note, oldest ? oldest.name : w.nobody);
    var known = data.agents.some(function (a) { return a.state !== "unknown" && a.state !== "offline" && a.state !== "busy"; });
    var there = data.agents.filter(function (a) { return a.state !== "unknown" && a.state !== "offline"; }).length;
    put(t.available.value, known || !data.agents.length ? number(state, data.agents.filter(function (a) {
      return a.state === "available"; }).length) : "—");
    put(t.available.note, known || !data.agents.length ? fill(there === 1 ? w.of_agent : w.of_agents, {count: there}) : w.unknown_free);
    function share(part) {
      return serviceLevel({served: sum(rows, function (r) { return r[part].served; }),
        in_sl: sum(rows, function (r) { return r[part].in_sl; })});
    }
    var target = goal(rows);
    unit(t.level.value, percent(state, share("recent")));
    put(t.level.note, w.today + " " + percent(state, share("today")) + (target === null ? "" : " · " +
      fill(w.target, {target: percent(state, target, 0)})));
    function today(name) { return sum(rows, function (r) { return r.today[name]; }); }
    var lost = today("abandoned"), brief = today("short_abandoned"), offered = today("offered");
    var over = offered - brief - today("in_progress");   /* the rate is that of every other page */
    put(t.abandoned.value, number(state, lost));
    put(t.abandoned.note, offered ? percent(state, over > 0 ? 100 * (lost - brief) / over : null) + " · " + w.offered + " " +
      number(state, offered) : "—");
    lead(t.abandoned.words, link(state, "&outcome=abandoned"));
    lead(t.level.words, link(state, "&outcome=answered"));
    var recent = share("recent"), busy = sum(rows, function (r) { return r.recent.served; }) >= 5;
    var marks = {waiting: worst(rows, "waiting"), longest: worst(rows, "longest"), available: worst(rows, "available"),
      level: !busy || recent === null || target === null || recent >= target ? "normal" : recent > target - 15 ? "yellow" : "red",
      abandoned: "normal"};
    Object.keys(marks).forEach(function (name) { cls(t[name].box, "panel tile tile-" + name + " " + marks[name]); });
  }
  function severity(a, b) {
    return RANK[b.level] - RANK[a.level] || b.waiting - a.waiting || (a.since || Infinity) - (b.since || Infinity) ||
      b.today.offered - a.today.offered || (a.name < b.name ? -1 : 1);
  }
  function stat(name, words) {
    var box = el("div", "stat stat-" + name);
    add(box, el("dt", "", words), el("dd"));
    return box;
  }
  /* Why a queue has its colour: each threshold that it is beyond, and a service level of too few calls to count. */
  function why(state, row) {
    var w = state.words, least = window.live.LEAST, shown = {
      waiting: String, available: String, sl: function (value) { return percent(state, value); }, longest: duration};
    var values = {waiting: row.waiting, longest: row.since === null ? 0 : state.now() - row.since, sl: serviceLevel(row.recent),
      available: row.available};
    var found = Object.keys(values).filter(function (name) {
      return row.marks && row.limits[name] && RANK[row.marks[name]] > 0;
    }).map(function (name) {
      return fill(w["why_" + name], {value: shown[name](values[name]), state: w[row.marks[name]].toLowerCase(),
        limit: shown[name](row.limits[name][RANK[row.marks[name]] - 1])});
    });
    if (!found.length) { found.push(w.why_normal); }
    if (row.recent.served < least && row.recent.served && row.limits.sl && serviceLevel(row.recent) < row.limits.sl[0]) {
      found.push(fill(w.why_few, {value: percent(state, serviceLevel(row.recent)), least: least}));
    }
    return found.join(". ") + ".";
  }
  function queues(state) {
    var rows = state.data.queues.slice().sort(severity);
    fit(parts.queues, Math.min(rows.length, 12), function (most) { queueCards(state, rows.slice(0, most), rows.length); });
  }
  function queueCards(state, rows, all) {
    var w = state.words;
    put(parts.queues.note, rows.length < all ? fill(w.more, {count: all - rows.length}) : all ? "" : w.no_queues);
    keyed(parts.queues.body, rows, function (row) { return row.queue; }, function () {
      var card = el("article", "queue-card"), head = el("header"), main = el("div", "queue-main");
      add(head, el("a", "queue-name"), add(el("span", "pill"), icon("check2"), el("span")));
      head.lastChild.tabIndex = 0;
      add(main, add(el("div", "queue-wait"), el("strong", "queue-count"), el("span", "", w.waiting.toLowerCase())),
        add(el("div", "queue-longest"), el("strong", "queue-clock"), el("span", "", w.oldest)),
        add(el("ul", "queue-people"), el("li", "dot available"), el("li", "dot busy"), el("li", "dot paused")));
      var more = add(el("dl", "queue-more"), stat("level", w.level), stat("today", w.level_today),
        stat("offered", w.offered), stat("lost", w.lost));
      return add(card, head, main, more);
    }, function (card, row) {
      cls(card, "queue-card " + row.level);
      put(card.querySelector(".queue-name"), row.name);
      lead(card.querySelector(".queue-name"), link(state, "&queue=" + encodeURIComponent(row.queue)));
      cls(card.querySelector(".pill .icon"), "icon icon-" + ICONS[row.level]);
      put(card.querySelector(".pill span"), w[row.level]);
      card.querySelector(".pill").dataset.tip = card.querySelector(".stat-level").dataset.tip = why(state, row);
      put(card.querySelector(".queue-count"), number(state, row.waiting));
      since(card.querySelector(".queue-clock"), row.since, null);
      var people = card.querySelectorAll(".dot");
      [["available", "free"], ["busy", "busy"], ["paused", "paused"]].forEach(function (pair, i) {
        put(people[i], number(state, row[pair[0]]) + " " + (row[pair[0]] === 1 && w[pair[1] + "_one"] || w[pair[1]]));
      });
      var cells = card.querySelectorAll("dd");
      put(cells[0], percent(state, serviceLevel(row.recent)));
      put(cells[1], percent(state, serviceLevel(row.today)));
      put(cells[2], number(state, row.today.offered));
      put(cells[3], number(state, row.today.abandoned));
      cells[0].className = row.marks ? row.marks.sl : "";
    });
  }
  function callers(state) {
    var rows = state.data.waiting;
    parts.callers.box.classList.toggle("none", !rows.length);
    fit(parts.callers, Math.min(rows.length, 20) || 1, function (most) { callerRows(state, rows, Math.min(most, 200)); });
  }
  function callerRows(state, rows, most) {
    var w = state.words;
    put(parts.callers.note, rows.length > most ? fill(w.more, {count: rows.length - most}) : "");
    keyed(parts.callers.body, rows.length ? rows.slice(0, most) : [null], function (row) {
      return row ? row.queue + " " + row.callid : "none";
    }, function (row) {
      if (!row) { return add(el("li", "nobody"), icon("check-circle-fill"), el("span", "", w.all_served)); }
      var line = el("li", "caller");
      return add(line, el("span", "caller-place"), add(el("span", "caller-who"), el("a", "caller-number"), el("small")),
        el("span", "caller-clock"));
    }, function (line, row) {
      if (!row) { return; }
      put(line.querySelector(".caller-place"), fill(w.position_of, {position: row.position}));
      put(line.querySelector(".caller-number"), row.number || w.anonymous);
      lead(line.querySelector(".caller-number"), state.box.dataset.calls ? state.box.dataset.calls + "/" +
        encodeURIComponent(row.callid) : null);
      put(line.querySelector("small"), row.name);
      var queue = state.data.queues.filter(function (q) { return q.queue === row.queue; })[0];
      since(line.querySelector(".caller-clock"), row.since, queue && queue.limits.longest);
    });
  }
  function agents(state) {
    var w = state.words, groups = {};
    state.data.agents.forEach(function (agent) { (groups[agent.state] = groups[agent.state] || []).push(agent); });
    var there = ORDER.filter(function (name) { return groups[name]; });
    put(parts.agents.note, there.length ? "" : w.no_agents);
    keyed(parts.counts, there, String, function (name) {
      return add(el("span", "count-chip state-" + name), icon(ICONS[name]), el("span"), el("b"));
    }, function (chip, name) {
      put(chip.querySelector("span"), w["state_" + name]);
      put(chip.querySelector("b"), number(state, groups[name].length));
    });
    var limits = {};
    function show() { agentGroups(state, there, groups, limits); }
    fit(parts.agents, 24, function (most) {
      there.forEach(function (name) { limits[name] = most; });
      show();
    });
    /* What is left over on a wall belongs to the groups in their order. */
    there.forEach(function (name) {
      while (isTv() && limits[name] < groups[name].length) {
        limits[name] += 1;
        show();
        if (!fits(parts.agents)) {
          limits[name] -= 1;
          show();
          return;
        }
      }
    });
  }
  function agentGroups(state, there, groups, limits) {
    var w = state.words;
    keyed(parts.agents.body, there, String, function (name) {
      return add(el("div", "agent-group state-" + name), el("h3"), el("ul", "live-people"));
    }, function (group, name) {
      var rows = groups[name].slice().sort(function (a, b) {
        return (a.since || Infinity) - (b.since || Infinity) || (a.agent < b.agent ? -1 : 1);
      }), most = Math.min(rows.length, limits[name]);
      put(group.firstChild, w["state_" + name] + " · " + rows.length + (rows.length > most && most ? " (" +
        fill(w.more, {count: rows.length - most}) + ")" : ""));
      keyed(group.lastChild, rows.slice(0, most), function (row) { return row.agent; }, function () {
        return add(el("li", "live-agent"), el("span", "avatar"), add(el("span", "live-agent-words"), el("a", "name"), el("small")),
          el("span", "agent-clock"));
      }, function (node, row) {
        put(node.querySelector(".avatar"), row.initials);
        put(node.querySelector(".name"), row.agent);
        node.querySelector(".name").title = row.agent;
        lead(node.querySelector(".name"), state.box.dataset.agents ? state.box.dataset.agents + encodeURIComponent(row.agent) : null);
        put(node.querySelector("small"), [row.reason, row.queue, row.number,
          row.partly.length ? fill(w.partly, {queues: row.partly.join(", ")}) : null]
          .filter(Boolean).join(" · ") || [w["state_" + name], row.extension === row.agent ? null : row.extension]
          .filter(Boolean).join(" · "));
        since(node.querySelector(".agent-clock"), row.since, name === "busy" ? state.data.limits.talk : name === "paused" ?
          state.data.limits.pause : null);
      });
    });
  }

  /* -- today's curve -------------------------------------------------------------------------------------------------- */
  var SVG = "http://www.w3.org/2000/svg";
  function shape(tag, values, words) {
    var node = document.createElementNS(SVG, tag);
    Object.keys(values).forEach(function (name) { node.setAttribute(name, values[name]); });
    if (words !== undefined) { node.textContent = words; }
    return node;
  }
  /* The distance of about four marks up to the most: 1, 2, 5, 10, 20, 25, 50 ... calls. */
  function evenly(most) {
    var rough = most / 4, size = Math.pow(10, Math.floor(Math.log10(rough)));
    var found = [1, 2, 2.5, 5, 10].filter(function (n) { return n * size >= rough && n * size % 1 === 0; });
    return Math.max(1, found[0] * size);
  }
  function curve(state) {
    var box = parts.curve.body, rows = state.data.curve, w = state.words, width = box.clientWidth;
    var sign = JSON.stringify(rows) + width;
    if (!width || box.dataset.sign === sign) { return; }
    box.dataset.sign = sign;
    var busy = rows.filter(function (r) { return (r.today || 0) > 0 || (r.typical || 0) >= 0.5; });
    var first = busy.length ? busy[0].hour : 8, last = busy.length ? busy[busy.length - 1].hour : 18;
    var shown = rows.filter(function (r) { return r.hour >= first && r.hour <= last; });
    var most = Math.max.apply(null, shown.map(function (r) { return Math.max(r.today || 0, r.typical || 0); }).concat([4]));
    var step = evenly(most), value;
    most = Math.ceil(most / step) * step;
    var high = 190, foot = 22, head = 10, left = 34, span = (width - left - 6) / shown.length;
    function y(value) { return head + (high - head - foot) * (1 - value / most); }
    function x(i) { return left + span * (i + 0.5); }
    var svg = shape("svg", {viewBox: "0 0 " + width + " " + high, width: width, height: high, role: "img", "aria-label": w.curve});
    for (value = 0; value <= most; value += step) {
      svg.appendChild(shape("line", {x1: left, x2: width - 4, y1: y(value), y2: y(value), class: "grid-line"}));
      svg.appendChild(shape("text", {x: left - 8, y: y(value) + 4, class: "axis end"}, number(state, value)));
    }
    var bar = Math.min(26, span * 0.6), every = span < 26 ? 3 : span < 40 ? 2 : 1;
    shown.forEach(function (row, i) {
      if (row.today) {
        var node = shape("rect", {x: x(i) - bar / 2, y: y(row.today), width: bar, height: Math.max(1, y(0) - y(row.today)), rx: 3,
          class: "bar" + (i + 1 < shown.length && shown[i + 1].today === null || row.hour === 23 ? " open" : "")});
        node.appendChild(shape("title", {}, row.hour + ":00 · " + row.today + " / " + (row.typical === null ? "—" : row.typical)));
        svg.appendChild(node);
      }
      if (i % every === 0) { svg.appendChild(shape("text", {x: x(i), y: high - 5, class: "axis"}, two(row.hour))); }
    });
    var line = shown.map(function (r, i) { return r.typical === null ? null : x(i) + "," + y(r.typical); }).filter(Boolean);
    if (line.length) { svg.appendChild(shape("polyline", {points: line.join(" "), class: "typical"})); }
    var over = rows.filter(function (r, i) { return i + 1 < rows.length && rows[i + 1].today !== null; });
    var words = el("p", "curve-words");
    if (line.length && over.length) {
      put(words, fill(w.curve_now, {hour: two(over[over.length - 1].hour + 1) + ":00",
        today: number(state, sum(over, function (r) { return r.today; })),
        typical: number(state, Math.round(sum(over, function (r) { return r.typical; })))}));
    } else if (!line.length) { put(words, w.no_history); }
    var legend = el("p", "legend");
    add(legend, add(el("span"), el("span", "swatch role-answered"), document.createTextNode(w.today)),
      add(el("span"), el("span", "swatch stroke dashed"), document.createTextNode(w.typical)));
    box.replaceChildren(legend, svg, words);
  }

  /* -- what moves between messages --------------------------------------------------------------------------------------- */
  function clocks(state, at) {
    state.box.querySelectorAll("[data-since]").forEach(function (node) {
      var seconds = at - Number(node.dataset.since);
      put(node, duration(seconds));
      if (node.dataset.limits) {
        var limits = node.dataset.limits.split(" ").map(Number);
        node.classList.toggle("yellow", seconds >= limits[0] && seconds < limits[1]);
        node.classList.toggle("red", seconds >= limits[1]);
      }
    });
    queuesAgain(state);
    if (state.data.log.until !== null) {
      put(parts.fresh, fill(state.words.until, {time: clock(state.data.log.until, state.data.log.offset)}));
    }
    put(parts.time, clock(at, state.data.log.offset));
  }
  /* A wait that grows past a threshold changes colour and order of its queue although no message came. */
  function queuesAgain(state) {
    var sign = state.data.queues.map(function (q) { return q.queue + q.level; }).join();
    if (state.box.dataset.levels !== sign) {
      state.box.dataset.levels = sign;
      queues(state);
      tiles(state);
    }
  }
  function announce(state, rang) {
    put(parts.said, rang.map(function (one) {
      return fill(state.words.new_alarm, {queue: one[0].name, state: state.words[one[1]]});
    }).join(". "));
  }
  function trouble(state, word, values, mild) {
    if (!parts) { return; }
    var words = word === null ? values.words : word ? fill(state.words[word], values) : "";
    cls(parts.trouble, "live-trouble" + (words ? mild ? " mild" : " bad" : ""));
    if (parts.trouble.dataset.words !== words) {
      parts.trouble.dataset.words = words;
      parts.trouble.replaceChildren();
      if (words) { add(parts.trouble, icon(mild ? "exclamation-triangle" : "exclamation-octagon"), el("span", "", words)); }
      if (isTv() && state.data) { board(state); }   /* there is less room, or more */
    }
    state.box.classList.toggle("old", Boolean(words) && !mild);
  }
  window.liveDraw = {serviceLevel: serviceLevel, open: open, board: board, clocks: clocks, trouble: trouble, announce: announce, age: age, clock: clock,
    el: el, add: add, icon: icon, fill: fill, button: button};
})();
