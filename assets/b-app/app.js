/* What the browser does alone: theme, clocks, links that only change filters, definitions, lost sessions. */
(function () {
  "use strict";
  var root = document.documentElement;
  function shell() { return document.getElementById("shell"); }
  function setProps(id, props) {
    try { window.dash_clientside.set_props(id, props); } catch (error) { /* the page is still being built */ }
  }
  function remember(name, value) {
    try { localStorage.setItem(name, value); } catch (error) { /* storage may be forbidden */ }
    var prefix = shell() ? shell().dataset.prefix : "/";
    document.cookie = name + "=" + value + "; path=" + prefix + "; max-age=31536000; SameSite=Lax";
  }

  /* A session that ended in the middle: to the login and back here. A server out of reach: say so until it answers. */
  var fetched = window.fetch;
  window.callCenterFetch = fetched.bind(window);   /* for those who say in their own place what went wrong */
  window.fetch = function () {
    return fetched.apply(this, arguments).then(function (response) {
      root.classList.remove("is-offline");
      if (response.status === 401 && shell()) {
        location.assign(shell().dataset.prefix + "login?next=" + encodeURIComponent(location.pathname + location.search));
      }
      return response;
    }, function (error) {
      if (!(error && error.name === "AbortError")) { root.classList.add("is-offline"); }
      throw error;
    });
  };

  /* Calendars take the first language offered: none, which is English, unless the page is Spanish. */
  if (window.dateFns && window.dateFns.locale) {
    var locales = window.dateFns.locale;
    Object.defineProperty(window.dateFns, "locale", {
      get: function () { return shell() && shell().dataset.lang === "es" ? locales : {}; }
    });
  }

  /* Clocks run here, so that nothing travels to make a second pass. */
  var born = new WeakMap();
  function elapsed(node, value) {
    var known = born.get(node);
    if (!known || known.value !== value) {
      known = {value: value, at: performance.now()};
      born.set(node, known);
    }
    return (performance.now() - known.at) / 1000;
  }
  function two(n) { return String(n).padStart(2, "0"); }
  function write(node, words) { if (node.textContent !== words) { node.textContent = words; } }
  function age(seconds) {
    if (seconds < 60) { return Math.floor(seconds) + " s"; }
    if (seconds < 3600) { return Math.floor(seconds / 60) + " min"; }
    if (seconds < 86400) { return Math.floor(seconds / 3600) + " h " + Math.floor(seconds % 3600 / 60) + " min"; }
    return Math.floor(seconds / 86400) + " d";
  }
  function tick() {
    document.querySelectorAll(".clock[data-epoch]").forEach(function (node) {
      var local = new Date((Number(node.dataset.epoch) + Number(node.dataset.offset)
        + elapsed(node, node.dataset.epoch)) * 1000);
      write(node, two(local.getUTCHours()) + ":" + two(local.getUTCMinutes()) + ":" + two(local.getUTCSeconds()));
    });
    document.querySelectorAll(".age[data-age]").forEach(function (node) {
      /* A new "data until" beside it starts the count anew even when the age is the same number as before. */
      var since = node.dataset.age + node.previousSibling.textContent;
      write(node, node.dataset.words.replace("{age}", age(Number(node.dataset.age) + elapsed(node, since))));
    });
  }
  setInterval(tick, 500);

  /* A hidden page does not ask. */
  document.addEventListener("visibilitychange", function () {
    setProps("shell-tick", {disabled: document.hidden});
  });

  /* One bubble for every definition. */
  var bubble = null;
  function hideTip() { if (bubble) { bubble.hidden = true; } }
  function showTip(target) {
    if (!bubble) {
      bubble = document.createElement("div");
      bubble.className = "tip";
      bubble.setAttribute("role", "tooltip");
      document.body.appendChild(bubble);
    }
    bubble.textContent = target.dataset.tip;
    bubble.hidden = false;
    var box = target.getBoundingClientRect();
    var left = Math.min(Math.max(8, box.left + box.width / 2 - bubble.offsetWidth / 2),
      root.clientWidth - bubble.offsetWidth - 8);
    var below = box.bottom + 8 + bubble.offsetHeight < root.clientHeight;
    bubble.style.left = left + "px";
    bubble.style.top = (below ? box.bottom + 8 : box.top - bubble.offsetHeight - 8) + "px";
  }
  document.addEventListener("mouseover", function (event) {
    var target = event.target.closest && event.target.closest("[data-tip]");
    if (target) { showTip(target); } else { hideTip(); }
  });
  document.addEventListener("focusin", function (event) {
    var target = event.target.closest("[data-tip]");
    if (target) { showTip(target); } else { hideTip(); }
  });
  document.addEventListener("scroll", hideTip, {passive: true, capture: true});

  function closeMenus(except) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!except || !menu.contains(except)) { menu.open = false; }
    });
  }
  function copy(words) {
    if (navigator.clipboard && window.isSecureContext) { return navigator.clipboard.writeText(words); }
    var field = document.createElement("textarea");   /* plain http has no clipboard */
    field.value = words;
    field.className = "visually-hidden";
    document.body.appendChild(field);
    field.select();
    var done = document.execCommand("copy");
    field.remove();
    return done ? Promise.resolve() : Promise.reject();
  }

  document.addEventListener("click", function (event) {
    var target = event.target;
    if (!target.closest) { return; }
    /* Calendars and lists open outside of the menu they belong to. */
    if (!target.closest("details.menu") && !target.closest("[data-radix-popper-content-wrapper]")) { closeMenus(); }

    var here = target.closest("a[data-here]");
    if (here && !event.ctrlKey && !event.metaKey && !event.shiftKey && here.pathname === location.pathname) {
      event.preventDefault();
      setProps("shell-url", {search: here.search});
      closeMenus();
      return;
    }
    var toggle = target.closest("[data-toggle]");
    if (toggle) {
      var open = toggle.parentNode.classList.toggle(toggle.dataset.toggle);
      toggle.setAttribute("aria-expanded", String(open));
      return;
    }
    var language = target.closest("[data-language]");
    if (language) {
      remember("lang", language.dataset.language);
      location.reload();
      return;
    }
    var button = target.closest("[data-copy]");
    if (button) {
      copy(location.origin + button.dataset.copy).then(function () {
        var label = button.querySelector("span");
        var before = label.textContent;
        if (button.classList.contains("done")) { return; }
        button.classList.add("done");
        label.textContent = button.dataset.done;
        setTimeout(function () { button.classList.remove("done"); label.textContent = before; }, 1800);
      });
      return;
    }
    if (target.closest(".toasts")) { setProps("shell-toast", {children: null}); }
  });
  /* Esc closes one thing at a time: a list or calendar first, then the menu that it belongs to. Whether one is open is
     asked on the way down to the focus; on the way up it has closed already. */
  var inner = false;
  window.addEventListener("keydown", function () {
    inner = Boolean(document.querySelector("[data-radix-popper-content-wrapper]"));
  }, true);
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") { return; }
    hideTip();
    var open = document.querySelector("details.menu[open]");
    if (open && !inner) { open.open = false; open.querySelector("summary").focus(); }
  });

  var touched = null;
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    shell: {
      theme: function (clicks) {
        if (clicks) {
          root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
          document.body.dataset.agThemeMode = root.dataset.bsTheme;
          remember("theme", root.dataset.bsTheme);
        }
        return root.dataset.bsTheme;
      }
    },
    dashboard: {
      /* The calls behind a bar or cell. The click is taken back, so that the same place can be clicked again; where
         there is no mouse the first touch only shows the numbers. */
      open_calls: function (click, figure) {
        var still = window.dash_clientside.no_update;
        var point = click && click.points && click.points[0];
        if (!point || !point.customdata || !figure.layout.meta) { return [still, still]; }
        if (window.matchMedia("(hover: none)").matches && touched !== point.customdata) {
          touched = point.customdata;
          return [still, null];
        }
        touched = null;
        var parts = figure.layout.meta.href.split("?");
        var query = new URLSearchParams(parts[1]);
        new URLSearchParams(point.customdata).forEach(function (value, name) { query.set(name, value); });
        return [parts[0] + "?" + query.toString(), null];
      }
    }
  });
})();
