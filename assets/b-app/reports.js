/* Reports that take their time: asked for without leaving the page, watched, cancelled, saved. Plain nodes, so that a
   step of the progress moves nothing else. Without this file the links save the same reports, only without a bar. */
(function () {
  "use strict";
  var LOOK = 500;
  var jobs = new Map();
  var gone = new Set();   /* what an answer that is still on its way may not bring back */
  var timer = null;
  function box() { return document.getElementById("reports-jobs"); }
  function base() { return document.getElementById("shell").dataset.prefix + "api/reports/"; }
  function ask(path, method) {
    return fetch(base() + path, {method: method || "GET", headers: {Accept: "application/json"}}).then(function (answer) {
      return answer.json().then(function (body) {
        if (!body.success) { throw new Error(body.error.message); }
        return body.data;
      });
    });
  }
  function part(tag, name, words) {
    var node = document.createElement(tag);
    node.className = name;
    if (words !== undefined) { node.textContent = words; }
    return node;
  }
  function size(bytes) {
    return bytes > 1e6 ? (bytes / 1e6).toFixed(1) + " MB" : Math.max(1, Math.round(bytes / 1e3)) + " kB";
  }
  function said(job) {
    var words = box().dataset;
    if (job.state === "running" && job.rows_total) {
      return words.running + " · " + job.rows.toLocaleString("en-US") + " / " + job.rows_total.toLocaleString("en-US")
        + " " + words.rows;
    }
    return words[job.state] + (job.state === "done" ? " · " + size(job.size) : "");
  }
  function row(job) {
    var node = document.getElementById("job-" + job.id);
    if (!node) {
      node = part("div", "panel report-job");
      node.id = "job-" + job.id;
      node.append(part("span", "job-name", job.name), part("progress", "job-bar"), part("span", "job-state"),
        part("span", "job-notes"), part("a", "tool job-save"), part("button", "tool job-end"));
      node.querySelector("button").type = "button";
      node.querySelector("button").addEventListener("click", function () { end(job.id); });
      box().append(node);
    }
    var words = box().dataset;
    var bar = node.querySelector("progress");
    var going = job.state === "waiting" || job.state === "running";
    node.dataset.state = job.state;
    bar.hidden = !going;
    if (job.share === null) { bar.removeAttribute("value"); } else { bar.value = job.share; }
    bar.setAttribute("aria-label", job.name);
    node.querySelector(".job-state").textContent = said(job);
    node.querySelector(".job-notes").textContent = job.problem || job.notes.join(" ");
    var save = node.querySelector("a");
    save.hidden = job.state !== "done";
    save.textContent = words.save;
    if (job.file) { save.href = job.file; save.setAttribute("download", job.name); }
    node.querySelector("button").textContent = going ? words.cancel : words.remove;
  }
  function end(id) {
    gone.add(id);
    ask("jobs/" + id, "DELETE").then(forget, forget);
    function forget() {
      jobs.delete(id);
      var node = document.getElementById("job-" + id);
      if (node) { node.remove(); }
    }
  }
  function look() {
    timer = null;
    if (!box()) { return; }
    var going = Array.from(jobs.values()).filter(function (job) {
      return job.state === "waiting" || job.state === "running";
    });
    Promise.all(going.map(function (job) {
      return ask("jobs/" + job.id).then(function (now) {
        if (gone.has(job.id)) { return; }
        jobs.set(job.id, now);
        if (box()) { row(now); }
        if (now.state === "done" && job.mine) { save(now); }
        now.mine = job.mine;
      }, function () { /* asked again with the next look */ });
    })).then(again);
  }
  function again() {
    var going = Array.from(jobs.values()).some(function (job) {
      return job.state === "waiting" || job.state === "running";
    });
    if (going && timer === null) { timer = setTimeout(look, LOOK); }
  }
  function save(job) {
    var link = document.createElement("a");
    link.href = job.file;
    link.download = job.name;
    document.body.append(link);
    link.click();
    link.remove();
  }
  function fail(words) {
    var node = part("div", "panel report-job", words || box().dataset.refused);
    node.dataset.state = "failed";
    box().append(node);
    setTimeout(function () { node.remove(); }, 8000);
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[data-job]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
    event.preventDefault();
    var path = link.href.slice(link.href.indexOf("/api/reports/") + "/api/reports/".length);
    link.classList.add("busy");
    ask(path, "POST").then(function (job) {
      job.mine = true;
      jobs.set(job.id, job);
      row(job);
      again();
    }, function (error) { fail(error.message); }).then(function () { link.classList.remove("busy"); });
  });

  /* What was begun before, also in another window: shown whenever the page is opened. */
  new MutationObserver(function () {
    var place = box();
    if (!place || place.dataset.read || !document.querySelector("#reports-files a[data-job]")) { return; }
    place.dataset.read = "yes";
    ask("jobs").then(function (found) {
      found.jobs.forEach(function (job) {
        if (gone.has(job.id)) { return; }
        jobs.set(job.id, Object.assign(job, {mine: jobs.has(job.id) && jobs.get(job.id).mine}));
        row(job);
      });
      again();
    }, function () { place.dataset.read = ""; });
  }).observe(document.documentElement, {childList: true, subtree: true});
})();
