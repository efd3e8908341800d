/* The two dialogs of administrators on the live page: links for screens, and thresholds. */
(function () {
  "use strict";
  var METRICS = ["waiting", "longest", "sl", "available", "talk", "pause"];
  function tools() { return window.liveDraw; }
  function call(state, path, method, body) {
    return fetch(state.box.dataset.prefix + "api/" + path, {method: method || "GET", cache: "no-store", credentials: "same-origin",
      headers: body ? {"Content-Type": "application/json"} : {}, body: body ? JSON.stringify(body) : undefined})
      .then(function (answer) { return answer.json(); })
      .then(function (found) {
        if (!found.success) { throw new Error(found.error.message); }
        return found.data;
      });
  }
  function dialog(state, title, note) {
    var d = tools(), box = d.el("dialog", "live-dialog"), head = d.el("header"), error = d.el("p", "dialog-error");
    error.setAttribute("role", "alert");
    d.add(head, d.el("h2", "", title), d.button("x-lg", state.words.close, function () { box.close(); }));
    var body = d.el("div", "dialog-body");
    d.add(box, head, d.el("p", "caption", note), error, body);
    var typed = false;
    body.addEventListener("input", function () { typed = true; });
    box.addEventListener("cancel", function (event) {   /* Esc: what was typed stays until it is saved or closed */
      if (!typed) { return; }
      event.preventDefault();
      error.textContent = state.words.unsaved;
    });
    box.addEventListener("close", function () { box.remove(); });
    document.body.appendChild(box);
    box.showModal();
    function fail(problem) { error.textContent = problem ? problem.message : ""; }
    return {box: box, body: body, fail: fail, done: function () { typed = false; fail(); }};
  }
  function field(words, input) {
    var d = tools(), label = d.el("label");
    return d.add(label, d.el("span", "", words), input);
  }
  function input(type, value) {
    var node = tools().el("input");
    node.type = type;
    node.value = value;
    return node;
  }
  function day(moment) { return moment.slice(8, 10) + "/" + moment.slice(5, 7) + "/" + moment.slice(0, 4); }

  function links(state) {
    var d = tools(), w = state.words, here = dialog(state, w.links, w.links_note), list = d.el("ul", "kiosk-list");
    var name = input("text", ""), days = input("number", "30"), queues = d.el("select"), made = d.el("div", "kiosk-made");
    name.maxLength = 64;
    name.required = true;
    days.min = 1;
    days.max = 366;
    queues.multiple = true;
    state.data.queues.forEach(function (queue) { queues.add(new Option(queue.name, queue.queue)); });
    var form = d.el("form", "kiosk-form"), submit = d.el("button", "button", w.link_make);
    d.add(form, field(w.link_name, name), field(w.link_days, days), field(w.link_queues, queues), submit);
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var chosen = Array.prototype.map.call(queues.selectedOptions, function (one) { return one.value; });
      call(state, "kiosks", "POST", {name: name.value, days: Number(days.value), queues: chosen.length ? chosen : null,
        lang: state.box.dataset.lang}).then(function (link) {
        here.done();
        var address = input("text", location.origin + link.path);
        address.readOnly = true;
        address.id = "kiosk-address";
        var copy = d.el("button", "tool", "");
        copy.type = "button";
        copy.dataset.copy = link.path;
        copy.dataset.done = w.copied;
        d.add(copy, d.el("span", "", w.copy));
        made.replaceChildren(d.el("p", "", w.link_made), address, copy);
        address.select();
        name.value = "";
        show();
      }).catch(here.fail);
    });
    function show() {
      call(state, "kiosks").then(function (found) {
        list.replaceChildren();
        found.kiosks.forEach(function (link) {
          var line = d.el("li", link.active ? "" : "over"), words = d.el("span");
          var facts = [link.queues ? link.queues.join(", ") : w.every_queue,
            link.revoked ? w.revoked : link.active ? d.fill(w.expires, {day: day(link.expires)}) : w.expired,
            link.last_seen ? d.fill(w.seen, {time: day(link.last_seen) + " " + link.last_seen.slice(11, 16)}) : w.never];
          d.add(words, d.el("strong", "", link.name), d.el("small", "", facts.join(" · ")));
          d.add(line, words, link.active ? d.button("x-lg", w.revoke, function () {
            call(state, "kiosks/" + link.id, "DELETE").then(show).catch(here.fail);
          }) : null);
          list.appendChild(line);
        });
      }).catch(here.fail);
    }
    d.add(here.body, form, made, list);
    show();
  }

  function limits(state, again) {
    var d = tools(), w = state.words, here = dialog(state, w.limits, w.limits_note), cells = [];
    call(state, "live/thresholds").then(function (set) {
      var table = d.el("table", "limits-table"), head = d.el("tr");
      d.add(head, d.el("th", "", w.queue));
      METRICS.forEach(function (metric) { d.add(head, d.el("th", "", w["limit_" + metric])); });
      var body = d.el("tbody"), rows = [{queue: null, name: w.all_queues}].concat(state.data.queues);
      rows.forEach(function (row) {
        var line = d.el("tr"), own = row.queue === null ? set.all : set.queues[row.queue] || {};
        d.add(line, d.el("th", "", row.name));
        METRICS.forEach(function (metric) {
          var cell = d.el("td");
          if (row.queue === null || (metric !== "talk" && metric !== "pause")) {
            var now = row.queue === null ? null : row.limits[metric];
            ["yellow", "red"].forEach(function (colour, i) {
              var one = input("text", metric in own ? own[metric] === null ? "–" : own[metric][i] : "");
              one.className = colour;
              one.inputMode = "decimal";
              one.placeholder = now ? now[i] : "";
              one.setAttribute("aria-label", row.name + ", " + w["limit_" + metric] + ", " + w[colour]);
              one.dataset.cell = (row.queue || "*") + " " + metric + " " + colour;
              d.add(cell, one);
            });
            cells.push({queue: row.queue, metric: metric, inputs: cell.querySelectorAll("input")});
          }
          d.add(line, cell);
        });
        body.appendChild(line);
      });
      var save = d.el("button", "button", w.save);
      save.type = "button";
      save.addEventListener("click", function () {
        var wanted = {all: {}, queues: {}};
        cells.forEach(function (cell) {
          var values = Array.prototype.map.call(cell.inputs, function (one) { return one.value.trim(); });
          if (!values[0] && !values[1]) { return; }
          var place = cell.queue === null ? wanted.all : wanted.queues[cell.queue] = wanted.queues[cell.queue] || {};
          place[cell.metric] = values.some(function (v) { return v === "–" || v === "-"; }) ? null : values.map(function (v) {
            return v === "" || isNaN(Number(v)) ? v : Number(v);
          });
        });
        call(state, "live/thresholds", "PUT", wanted).then(function () {
          here.done();
          save.textContent = w.saved;
          again();
          setTimeout(function () { save.textContent = w.save; }, 1500);
        }).catch(here.fail);
      });
      d.add(table, d.add(d.el("thead"), head), body);
      d.add(here.body, d.add(d.el("div", "scroll"), table), save);
    }).catch(here.fail);
  }
  window.liveAdmin = {links: links, limits: limits};
})();
