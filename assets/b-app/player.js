/* The player of recordings: a bar below every page. It is nobody's child but the body's, so that it plays on while Dash
   draws pages and lists anew. Any button with `data-recording="<callid>"` opens it, and so does
   `callCenterPlayer.open(callid, {title: "…"})`. Its words come with the shell (`data-player`). */
(function () {
  "use strict";
  var STEP = 5;   // seconds of a jump
  var SPEEDS = [0.75, 1, 1.25, 1.5, 2];
  var still = window.matchMedia("(prefers-reduced-motion: reduce)");
  var root = document.documentElement;
  var words = {}, ui = null, audio = null, wave = null;
  var call = null;        // {id, title, files, at, opener}, or null while the bar is closed
  var asked = null;       // what stops the questions under way
  var dragged = null;     // seconds shown while the pointer is down
  var frame = 0;

  function shell() { return document.getElementById("shell"); }
  function kept(name) {
    try { return localStorage.getItem(name); } catch (error) { return null; /* storage may be forbidden */ }
  }
  function keep(name, value) {
    try { localStorage.setItem(name, value); } catch (error) { /* storage may be forbidden */ }
  }
  function fill(sentence, values) {
    return sentence.replace(/\{(\w+)\}/g, function (all, name) { return values[name]; });
  }
  function two(n) { return String(n).padStart(2, "0"); }
  function clock(seconds) {
    var whole = Math.floor(seconds), minutes = Math.floor(whole / 60);
    return whole < 3600 ? minutes + ":" + two(whole % 60)
      : Math.floor(minutes / 60) + ":" + two(minutes % 60) + ":" + two(whole % 60);
  }
  function write(node, text) { if (node.textContent !== text) { node.textContent = text; } }
  function set(node, name, value) { if (node.getAttribute(name) !== value) { node.setAttribute(name, value); } }

  /* -- the bar ------------------------------------------------------------------------------- */

  function make(tag, name, attributes, children) {
    var node = document.createElement(tag);
    node.className = name;
    Object.keys(attributes || {}).forEach(function (key) { node.setAttribute(key, attributes[key]); });
    (children || []).forEach(function (child) { node.append(child); });
    return node;
  }
  function icon(name) { return make("i", "icon icon-" + name, {"aria-hidden": "true"}); }
  function button(name, drawing, label, pressed) {
    var node = make("button", "player-button " + name, {type: "button", title: label, "aria-label": label},
      [icon(drawing)]);
    node.addEventListener("click", pressed);
    return node;
  }
  function rename(node, drawing, label) {
    node.firstChild.className = "icon icon-" + drawing;
    set(node, "title", label);
    set(node, "aria-label", label);
  }
  function jump(drawing, label, seconds) {
    var node = button("player-jump", drawing, label, function () { skip(seconds); });
    node.append(make("span", "", {"aria-hidden": "true"}, [String(STEP)]));
    return node;
  }

  function build() {
    words = JSON.parse(shell().dataset.player);
    audio = make("audio", "", {preload: "auto"});
    ui = {
      play: button("player-play", "play-fill", words.play, toggle),
      title: make("strong", "player-title"),
      now: make("span", "player-now"),
      total: make("span", "player-total"),
      before: button("player-step", "chevron-left", words.previous, function () { choose(call.at - 1); }),
      count: make("span", ""),
      after: button("player-step", "chevron-right", words.next, function () { choose(call.at + 1); }),
      canvas: make("canvas", "", {"aria-hidden": "true"}),
      hint: make("span", "player-hint", {"aria-hidden": "true", hidden: ""}),
      pin: make("span", "player-pin", {"aria-hidden": "true"}, [icon("headset")]),
      answer: make("button", "player-answer", {type: "button"}, [icon("headset"), make("span", "")]),
      speed: make("select", "", {"aria-label": words.speed, title: words.speed}),
      mute: button("player-mute", "volume-up-fill", words.mute, function () { audio.muted = !audio.muted; }),
      volume: make("input", "player-volume", {type: "range", min: "0", max: "1", step: "0.05",
        "aria-label": words.volume, title: words.volume}),
      download: make("a", "player-button player-download", {title: words.download, "aria-label": words.download,
        download: ""}, [icon("download")]),
      close: button("player-close", "x-lg", words.close, close),
      says: make("p", "player-says", {role: "status"}),
      again: make("button", "player-again", {type: "button"}, [icon("arrow-clockwise"), words.again])
    };
    ui.slider = make("div", "player-slider", {role: "slider", tabindex: "0", "aria-label": words.position,
      "aria-valuemin": "0"}, [ui.canvas]);
    ui.several = make("span", "player-several", {}, [ui.before, ui.count, ui.after]);
    ui.bar = make("section", "player", {id: "player", "aria-label": words.player, tabindex: "-1", hidden: ""}, [
      audio, ui.play,
      make("div", "player-about", {}, [ui.title, make("div", "player-facts", {}, [
        make("span", "player-time", {}, [ui.now, make("span", "", {}, [" / "]), ui.total]), ui.several])]),
      make("div", "player-track", {}, [jump("arrow-counterclockwise", words.back, -STEP),
        make("div", "player-wave", {}, [ui.slider, ui.pin, ui.hint]),
        jump("arrow-clockwise", words.forward, STEP), ui.answer]),
      make("div", "player-message", {}, [icon("info-circle"), ui.says, ui.again]),
      make("div", "player-tools", {}, [
        make("span", "player-speed", {}, [ui.speed, icon("chevron-down small")]), ui.mute, ui.volume, ui.download]), ui.close]);
    SPEEDS.forEach(function (speed) { ui.speed.append(new Option(speed + "×", speed)); });
    wave = window.callCenterWave(ui.canvas);
    wire();
    document.body.append(ui.bar);
  }

  function wire() {
    var speed = Number(kept("player-speed")), loud = parseFloat(kept("player-volume"));
    ui.speed.value = String(SPEEDS.indexOf(speed) < 0 ? 1 : speed);
    audio.defaultPlaybackRate = audio.playbackRate = Number(ui.speed.value);
    audio.volume = loud >= 0 && loud <= 1 ? loud : 1;
    ui.speed.addEventListener("change", function () {
      audio.defaultPlaybackRate = audio.playbackRate = Number(ui.speed.value);
      keep("player-speed", ui.speed.value);
    });
    ui.volume.addEventListener("input", function () {
      audio.volume = Number(ui.volume.value);
      audio.muted = audio.volume === 0;
      keep("player-volume", ui.volume.value);
    });
    [ui.answer, ui.pin].forEach(function (node) {
      node.addEventListener("click", function () { seek(file().answered_at); });
    });
    ui.again.addEventListener("click", function () { ask(call.at); });
    ["play", "pause", "ended", "waiting", "playing", "timeupdate", "seeked", "durationchange", "volumechange",
      "emptied"].forEach(function (name) { audio.addEventListener(name, show); });
    audio.addEventListener("error", failed);
    ui.slider.addEventListener("keydown", steer);
    ui.slider.addEventListener("pointerdown", grab);
    ui.slider.addEventListener("pointermove", hover);
    ui.slider.addEventListener("pointerup", drop);
    ui.slider.addEventListener("pointercancel", function () { dragged = null; paint(); });
    ui.slider.addEventListener("pointerleave", function () { ui.hint.hidden = true; });
    new ResizeObserver(place).observe(ui.bar);
    window.addEventListener("resize", place);
  }

  /* Above the tabs of a phone; the page ends where the bar begins. */
  function place() {
    var tabs = document.querySelector(".tabs");
    root.style.setProperty("--player-below", (tabs ? tabs.offsetHeight : 0) + "px");
    root.style.setProperty("--player-height", (call ? ui.bar.offsetHeight : 0) + "px");
  }

  /* -- what is heard --------------------------------------------------------------------------- */

  function file() { return call && call.files[call.at]; }
  function length() {
    return isFinite(audio.duration) && audio.duration > 0 ? audio.duration : file() && file().duration || 0;
  }
  function ready() { return ui && call && ui.bar.dataset.state === "ready"; }
  function play() {
    /* A browser may want a click first, and another recording may come in between: both leave it paused. */
    audio.play().catch(function () { show(); });
  }
  function toggle() { if (audio.paused) { play(); } else { audio.pause(); } }
  function seek(seconds) {
    audio.currentTime = Math.min(Math.max(0, seconds), length());
    paint();
  }
  function skip(seconds) { seek(audio.currentTime + seconds); }

  function show() {
    var label = audio.paused ? words.play : words.pause;
    rename(ui.play, audio.paused ? "play-fill" : "pause-fill", label);
    var silent = audio.muted || audio.volume === 0;
    rename(ui.mute, silent ? "volume-mute-fill" : "volume-up-fill", silent ? words.unmute : words.mute);
    ui.volume.value = silent ? 0 : audio.volume;
    ui.volume.style.setProperty("--part", ui.volume.value * 100 + "%");
    ui.bar.classList.toggle("is-waiting", ready() && !audio.paused && audio.readyState < 3);
    if ("mediaSession" in navigator) { navigator.mediaSession.playbackState = audio.paused ? "paused" : "playing"; }
    paint();
    cancelAnimationFrame(frame);
    if (!audio.paused && !still.matches) { frame = requestAnimationFrame(run); }
  }
  function run() {
    paint();
    frame = requestAnimationFrame(run);
  }
  function paint() {
    var total = length(), now = Math.min(dragged === null ? audio.currentTime : dragged, total);
    wave.at(total ? now / total : 0);
    write(ui.now, clock(now));
    write(ui.total, clock(total));
    set(ui.slider, "aria-valuemax", String(Math.floor(total)));
    set(ui.slider, "aria-valuenow", String(Math.floor(now)));
    set(ui.slider, "aria-valuetext", fill(words.at, {time: clock(now), total: clock(total)}));
    var answered = file() ? file().answered_at : null;
    var known = answered !== null && answered > 0 && answered < total;
    ui.pin.hidden = ui.answer.hidden = !known;
    if (known) {
      var time = {time: clock(answered)};
      ui.pin.style.left = answered / total * 100 + "%";
      set(ui.pin, "data-tip", fill(words.answered, time));
      write(ui.answer.lastChild, fill(words.answer, time));
      set(ui.answer, "title", fill(words.to_answer, time));
      set(ui.answer, "aria-label", fill(words.to_answer, time));
    }
  }

  /* -- the waveform as a slider ------------------------------------------------------------------ */

  function under(event) {
    var box = ui.slider.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * length();
  }
  function grab(event) {
    if (event.button) { return; }
    ui.slider.setPointerCapture(event.pointerId);
    dragged = under(event);
    hover(event);
  }
  function hover(event) {
    var total = length(), seconds = under(event);
    if (dragged !== null) { dragged = seconds; paint(); }
    ui.hint.hidden = !total || event.pointerType !== "mouse" && dragged === null;
    write(ui.hint, clock(seconds));
    ui.hint.style.left = (total ? seconds / total * 100 : 0) + "%";
  }
  function drop(event) {
    if (dragged === null) { return; }
    dragged = null;
    seek(under(event));
    ui.hint.hidden = event.pointerType !== "mouse";
  }
  function steer(event) {
    var moves = {ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP,
      PageDown: -length() / 10, PageUp: length() / 10, Home: -Infinity, End: Infinity};
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) { return; }
    event.preventDefault();
    skip(moves[event.key]);
  }

  /* J K L on the whole page, but not where somebody writes or chooses; the space bar where nothing else takes it. */
  document.addEventListener("keydown", function (event) {
    var target = event.target, mine = ui && ui.bar.contains(target);
    if (!ready() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (!mine && (target.isContentEditable
      || target.closest("input, textarea, select, [role=textbox], [role=combobox], [role=listbox]"))) { return; }
    var key = event.key.toLowerCase();
    if (key === "j") { skip(-STEP); }
    else if (key === "l") { skip(STEP); }
    else if (key === "k") { if (!event.repeat) { toggle(); } }
    else if (key === " " && mine && !target.closest("button, a, select, input")) { if (!event.repeat) { toggle(); } }
    else { return; }
    event.preventDefault();
  });

  /* -- questions to the server ------------------------------------------------------------------- */

  function get(address) {
    return window.callCenterFetch(address, {credentials: "same-origin", signal: asked.signal,
      headers: {Accept: "application/json"}}).then(function (response) {
      if (!response.ok) { throw {status: response.status}; }
      return response.json();
    }).then(function (answer) { return answer.data; });
  }
  function stop() {
    if (asked) { asked.abort(); }
    asked = new AbortController();
    dragged = null;
    audio.pause();
    audio.removeAttribute("src");
    audio.load();
  }
  function state(name) {
    ui.bar.dataset.state = name;
    ui.bar.setAttribute("aria-busy", String(name === "loading"));
  }

  /* In place of the controls: why there is nothing to hear. `link` is {href, words}. */
  function say(sentence, retry, link) {
    state("words");
    ui.says.replaceChildren(sentence.replace(/[^.!?…]$/, "$&."));
    if (link) { ui.says.append(" ", make("a", "", {href: link.href}, [link.words])); }
    ui.again.hidden = !retry;
  }
  function refused(error) {
    if (error.name === "AbortError") { return; }
    ui.download.hidden = true;
    if (error.status === 401) {
      var here = encodeURIComponent(location.pathname + location.search);
      say(words.session, false, {href: shell().dataset.prefix + "login?next=" + here, words: words.sign_in});
    } else if (error.status === 403) { say(words.forbidden, false);
    } else if (error.status === 404) { say(words.unknown, false);
    } else { say(error.status ? words.server : words.network, true); }
  }

  /* The files of the call, and the one at this place: the first that can be heard when none is named. */
  function ask(place, failure) {
    stop();
    state("loading");
    ui.says.replaceChildren(words.loading);
    ui.again.hidden = true;
    get(shell().dataset.prefix + "api/recordings/" + encodeURIComponent(call.id)).then(function (data) {
      call.files = data.recordings;
      var able = call.files.findIndex(function (one) { return one.state === "ready"; });
      if (!call.files.length) { ui.download.hidden = true; say(failure ? words.gone : words.none, false); }
      else { choose(Math.min(place === undefined ? Math.max(0, able) : place, call.files.length - 1), failure); }
    }).catch(refused);
  }
  function choose(place, failure) {
    stop();
    call.at = place;
    var chosen = file();
    write(ui.count, fill(words.count, {number: place + 1, count: call.files.length}));
    ui.several.hidden = call.files.length < 2;
    ui.before.disabled = place === 0;
    ui.after.disabled = place === call.files.length - 1;
    ui.download.hidden = !chosen.download;
    if (chosen.download) { ui.download.href = chosen.download; } else { ui.download.removeAttribute("href"); }
    wave.show([]);
    if (chosen.state !== "ready" || !chosen.stream) {
      say(chosen.words || words.unplayable, chosen.state === "growing");
      return;
    }
    if (failure) { say(failure, true); return; }
    state("ready");
    audio.src = chosen.stream;
    play();
    show();
    if (chosen.waveform) {
      get(chosen.waveform).then(function (data) { wave.show(data.peaks || []); }).catch(function () {
        /* Without its picture a recording is heard all the same. */
      });
    }
  }
  /* The sound broke off: the file has gone, the session has ended, or it is no sound. The server knows. */
  function failed() {
    if (ready() && audio.error) { ask(call.at, words.unplayable); }
  }

  /* -- open and close ---------------------------------------------------------------------------- */

  function open(id, more) {
    if (!shell()) { return; }
    if (!ui) { build(); }
    if (ready() && call.id === String(id)) {
      if (audio.paused) { play(); }
      return;
    }
    call = {id: String(id), title: more && more.title || words.title, files: [], at: 0,
      opener: more && more.opener || null};
    write(ui.title, call.title);
    ui.title.title = call.title;
    ui.several.hidden = true;
    ui.bar.hidden = false;
    root.classList.add("has-player");
    place();
    if ("mediaSession" in navigator) {
      navigator.mediaSession.metadata = new MediaMetadata({title: call.title, artist: "Call Center"});
    }
    ask();
  }
  function close() {
    if (!call) { return; }
    var opener = call.opener, inside = ui.bar.contains(document.activeElement);
    call = null;
    stop();
    ui.bar.hidden = true;
    root.classList.remove("has-player");
    place();
    if ("mediaSession" in navigator) { navigator.mediaSession.metadata = null; }
    if (inside && opener && opener.isConnected) { opener.focus(); }
  }

  document.addEventListener("click", function (event) {
    var target = event.target.closest && event.target.closest("[data-recording]");
    if (target && target.dataset.recording) {
      open(target.dataset.recording, {title: target.dataset.title, opener: target});
    }
  }, true);   /* before a grid that keeps clicks for itself */

  if ("mediaSession" in navigator) {
    [["play", play], ["pause", function () { audio.pause(); }], ["seekbackward", function () { skip(-STEP); }],
      ["seekforward", function () { skip(STEP); }], ["seekto", function (to) { seek(to.seekTime); }]
    ].forEach(function (pair) {
      try {
        navigator.mediaSession.setActionHandler(pair[0], function (details) { if (ready()) { pair[1](details); } });
      } catch (error) { /* a key this browser does not know */ }
    });
  }
  window.callCenterPlayer = {open: open, close: close};
})();
