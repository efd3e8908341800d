/* En vivo: asks for the message of now, lets clocks run, raises alarms once, and says in words when it hears nothing.
   Drawing is in live-draw.js. The same two files serve the page of the program and the screens on the wall. */
(function () {
  "use strict";
  var draw = window.liveDraw;
  var ASK = 1000, SLOW = 8000, LOST = 4000, HOLD = 10, LEAST = 5, SCENE = 15000;
  var state = null;

  function place() { return document.getElementById("live"); }
  function now() { return (Date.now() + (state ? state.shift : 0)) / 1000; }

  /* -- alarms: up at once, down only when the value has been well back for HOLD seconds ------------------------ */
  var RANK = {normal: 0, yellow: 1, red: 2};
  function level(metric, value, pair, back) {
    if (!pair || value === null || value === undefined) { return "normal"; }
    var falls = metric === "sl" || metric === "available";
    function beyond(limit) {
      if (falls) { return back ? value < limit * 1.05 + (metric === "sl" ? 1 : 0) : value <= limit - (metric === "sl" ? 1e-9 : 0); }
      return back ? value > limit * 0.9 - 1e-9 : value >= limit;
    }
    return beyond(pair[1]) ? "red" : beyond(pair[0]) ? "yellow" : "normal";
  }
  /* `before` is {level, calm} or undefined; calm is the moment from which on the value has been well back. */
  function step(before, metric, value, pair, at) {
    var up = level(metric, value, pair, false), stays = level(metric, value, pair, true);
    if (!before || RANK[up] >= RANK[before.level]) { return {level: up, calm: null}; }
    if (RANK[stays] >= RANK[before.level]) { return {level: before.level, calm: null}; }
    var calm = before.calm === null ? at : before.calm;
    return at - calm >= HOLD ? {level: up, calm: null} : {level: before.level, calm: calm};
  }
  function metrics(queue, at) {
    return {
      waiting: queue.waiting, longest: queue.since === null ? 0 : Math.max(0, at - queue.since),
      sl: queue.recent.served >= LEAST ? draw.serviceLevel(queue.recent) : null, available: queue.available
    };
  }
  function judge(at) {
    var rang = [];
    state.data.queues.forEach(function (queue) {
      var known = state.alarms[queue.queue] = state.alarms[queue.queue] || {}, values = metrics(queue, at), worst = "normal";
      Object.keys(values).forEach(function (metric) {
        known[metric] = step(known[metric], metric, values[metric], queue.limits[metric], at);
        if (RANK[known[metric].level] > RANK[worst]) { worst = known[metric].level; }
      });
      queue.marks = {};
      Object.keys(values).forEach(function (metric) { queue.marks[metric] = known[metric].level; });
      var before = state.levels[queue.queue];
      queue.level = state.levels[queue.queue] = worst;
      if (before !== undefined && RANK[worst] > RANK[before]) { rang.push([queue, worst]); }
    });
    return rang;
  }

  /* -- sound, only where somebody asked for it ------------------------------------------------------------------ */
  var audio = null;
  function sound(on) {
    state.sound = on;
    if (on && !audio && window.AudioContext) { audio = new window.AudioContext(); }
    if (on && audio) { audio.resume(); }
  }
  function ring(worst) {
    var box = place();
    box.dataset.rang = String(Number(box.dataset.rang || 0) + 1);
    if (!audio) { return; }
    (worst === "red" ? [880, 660, 880] : [660]).forEach(function (pitch, i) {
      var tone = audio.createOscillator(), gain = audio.createGain(), at = audio.currentTime + i * 0.22;
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0.0001, at);
      gain.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.2);
      tone.connect(gain);
      gain.connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.22);
    });
  }
  function alarm() {
    var rang = judge(now());
    if (!rang.length) { return; }
    draw.announce(state, rang);
    if (state.sound) { ring(rang.some(function (one) { return one[1] === "red"; }) ? "red" : "yellow"); }
  }

  /* -- asking ---------------------------------------------------------------------------------------------------- */
  function address() {
    var box = place(), query = state.query ? "?" + state.query : "";
    return box.dataset.kiosk ? box.dataset.kiosk + "?lang=" + box.dataset.lang : box.dataset.source + query;
  }
  function headers() {
    var found = {};
    if (place().dataset.kiosk) { found.Authorization = "Kiosk " + location.hash.slice(1); }
    if (state.etag) { found["If-None-Match"] = state.etag; }
    return found;
  }
  function schedule(wait) {
    clearTimeout(state.timer);
    state.timer = setTimeout(ask, wait);
  }
  function ask() {
    if (!place() || state.box !== place()) { return; }
    if (document.hidden) { state.asleep = true; return; }
    if (place().dataset.kiosk && location.hash.length < 2) { trouble("no_token", {}); return; }
    var mine = state, stop = new AbortController(), began = Date.now();
    var timer = setTimeout(function () { stop.abort(); }, SLOW);
    fetch(address(), {headers: headers(), cache: "no-store", signal: stop.signal, credentials: "same-origin"})
      .then(function (answer) {
        var told = Number(answer.headers.get("Server-Time"));
        if (told) { mine.shift = told * 1000 - (began + Date.now()) / 2; }
        if (answer.status === 304) { return null; }
        if (answer.status === 200) {
          return answer.json().then(function (body) { return {tag: answer.headers.get("ETag"), data: body.data}; });
        }
        throw {status: answer.status};
      })
      .then(function (found) {
        if (mine !== state) { return; }
        mine.heard = Date.now();
        mine.failures = 0;
        mine.failed = null;
        /* Of several processes one may be a moment behind: its older picture is passed over for a while. */
        if (found && (!mine.data || found.data.version >= mine.data.version || mine.older > 3)) {
          mine.etag = found.tag;
          mine.data = found.data;
          mine.older = 0;
          alarm();
          draw.board(mine);
        } else if (found) {
          mine.older += 1;
        }
        pulse();
        schedule(Math.max(100, ASK - (Date.now() - began)));
      })
      .catch(function (error) {
        if (mine !== state) { return; }
        mine.failures += 1;
        mine.failed = (error && error.status) || 0;
        pulse();
        var ended = mine.failed === 401 && place() && place().dataset.kiosk;
        schedule(ended ? 30000 : Math.min(ASK * Math.pow(2, Math.min(mine.failures, 4)), 10000));
      })
      .finally(function () { clearTimeout(timer); });
  }

  /* -- every second: clocks, and whether anything is still heard --------------------------------------------------- */
  function trouble(word, values, mild) { draw.trouble(state, word, values, mild); }
  function pulse() {
    if (!state || !place()) { return; }
    var at = now(), log = state.data && state.data.log;
    if (state.failed === 401 && place().dataset.kiosk) { trouble("ended", {}); }
    else if (state.failed === 403) { trouble("denied", {}); }
    else if (state.failed && Date.now() - state.heard > LOST) { trouble("broken", {code: state.failed}); }
    else if (state.failures && Date.now() - state.heard > LOST) {
      trouble("offline", {age: draw.age((Date.now() - state.heard) / 1000),
        time: draw.clock((state.heard + state.shift) / 1000, log ? log.offset : 0)});
    } else if (log && log.state !== "ok") { trouble(null, {words: log.cause}, log.state !== "error"); }
    else if (log && log.until !== null && at - log.until > log.late) {
      trouble("late", {age: draw.age(at - log.until)}, at - log.until <= log.stale);
    } else { trouble("", {}); }
  }
  function tick() {
    if (!place()) { document.documentElement.classList.remove("tv"); }
    if (!state || state.box !== place()) { return; }
    if (state.data && !document.hidden) {
      alarm();
      draw.clocks(state, now());
    }
    pulse();
  }

  function start(query) {
    var box = place();
    if (!box) { return; }
    if (state && state.box === box && state.query === query) { return; }
    if (state) { clearTimeout(state.timer); }
    var same = state && state.box === box;
    state = {box: box, query: query, words: JSON.parse(box.dataset.words), shift: state ? state.shift : 0, etag: null,
      data: null, heard: Date.now(), failures: 0, failed: null, older: 0, alarms: {}, levels: {},
      sound: same ? state.sound : false, now: now, admin: box.dataset.admin === "1"};
    draw.open(state, {sound: sound, again: function () { state.etag = null; schedule(0); }});
    ask();
  }
  setInterval(tick, 500);
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden && state && state.asleep) { state.asleep = false; schedule(0); }
  });

  /* -- the screen on the wall: scenes take turns, and a pointer nobody moves is hidden ------------------------------ */
  function tv() {
    var wanted = document.documentElement.classList.contains("tv") ||
      (place() && new URLSearchParams(location.search).get("tv") === "1");
    document.documentElement.classList.toggle("tv", Boolean(wanted && place()));
    return wanted;
  }
  var scene = 0;
  setInterval(function () {
    if (!place() || !document.documentElement.classList.contains("tv")) { return; }
    scene = (scene + 1) % 2;
    place().dataset.scene = String(scene);
    if (state && state.data) { draw.board(state); }
  }, SCENE);
  function again() { if (state && state.data) { draw.board(state); } }
  window.addEventListener("resize", again);
  document.fonts.addEventListener("loadingdone", again);   /* letters of another width fit differently */
  window.addEventListener("hashchange", function () { if (state) { state.failed = null; schedule(0); } });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    live: {
      ask: function (filters) {
        if (!filters) { return window.dash_clientside.no_update; }
        document.documentElement.classList.remove("tv");
        tv();
        var asked = new URLSearchParams(filters.query), kept = new URLSearchParams();
        ["queue", "agent", "origin"].forEach(function (name) {
          asked.getAll(name).forEach(function (value) { kept.append(name, value); });
        });
        place().dataset.scene = "0";
        start(kept.toString());
        return kept.toString();
      }
    }
  });
  window.live = {step: step, level: level, start: start, LEAST: LEAST};
  document.addEventListener("DOMContentLoaded", function () {
    if (place() && place().dataset.kiosk) { place().dataset.scene = "0"; start(""); }
  });
  if (document.readyState !== "loading" && place() && place().dataset.kiosk) { place().dataset.scene = "0"; start(""); }
})();
