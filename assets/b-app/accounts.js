/* People, audit and one's own account: what was clicked is told to the server; links are shown with their address. */
(function () {
  "use strict";
  var count = 0;
  function tell(id, data) {
    count += 1;
    window.dash_clientside.set_props(id, {data: Object.assign({click: Date.now() + count}, data)});
  }
  var touched = false;   /* whether something in the panel was changed and not saved */
  function open(number) {
    touched = false;
    tell("users-chosen", {number: number});
  }

  document.addEventListener("click", function (event) {
    var target = event.target;
    if (!target.closest) { return; }
    var person = target.closest("[data-person]");
    if (person) {
      open(person.dataset.person === "close" ? null : Number(person.dataset.person));
      return;
    }
    var act = target.closest("[data-act]");
    if (act) {
      act.closest("details").open = false;
      tell("users-act", {act: act.dataset.act, number: Number(act.dataset.number)});
      return;
    }
    var own = target.closest("[data-account]");
    if (own) {
      tell("account-act", {act: own.dataset.account, name: own.dataset.name});
      return;
    }
    var button = target.closest("[data-copy-text]");
    if (button) { copy(button); }
  });

  function copy(button) {
    var words = button.dataset.copyText, label = button.querySelector("span"), before = label.textContent;
    var done = function () {
      label.textContent = button.dataset.done;
      setTimeout(function () { label.textContent = before; }, 1800);
    };
    if (navigator.clipboard && window.isSecureContext) { navigator.clipboard.writeText(words).then(done); return; }
    var range = document.createRange();   /* plain http has no clipboard: select it, and copy what is selected */
    range.selectNodeContents(button.parentNode.querySelector("code"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    if (document.execCommand("copy")) { done(); }
  }

  /* A list has buttons of its own, and looking for something in it changes nothing. */
  ["input", "change", "click"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      var target = event.target;
      if (!target.closest || !document.querySelector("#users-panel .form")) { return; }
      var list = target.closest("[data-radix-popper-content-wrapper]");
      var chosen = target.closest(".dash-dropdown-option, .dash-dropdown-action-button, .dash-dropdown-clear");
      if (chosen || (!list && name !== "click" && target.closest("#users-panel .form"))) { touched = true; }
    }, true);
  });

  /* Esc closes one thing at a time. It is asked on the way down to the focus, when the list that it is meant for is
     still open; and what was typed is lost to nobody who only wanted to be rid of something else. */
  window.addEventListener("keydown", function (event) {
    var panel = document.getElementById("users-panel");
    if (event.key !== "Escape" || !panel || !panel.childElementCount
        || document.querySelector("[data-radix-popper-content-wrapper]")) { return; }
    var kept = document.getElementById("users-kept");
    if (!touched || !kept) { open(null); return; }
    kept.hidden = false;
    panel.scrollTop = 0;
  }, true);

  /* A form whose fields are filters: they go into the address, and the page stays. */
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.matches("[data-search]")) { return; }
    event.preventDefault();
    var query = new URLSearchParams();
    new FormData(form).forEach(function (value, name) { if (value) { query.set(name, value); } });
    var said = query.toString();
    window.dash_clientside.set_props("shell-url", {search: said ? "?" + said : ""});
  });

  /* A link for somebody else needs the whole address, which only the browser knows. */
  new MutationObserver(function () {
    var panel = document.getElementById("users-panel"), said = document.getElementById("users-said");
    if (!panel || !said) { return; }
    said.querySelectorAll("[data-origin]").forEach(function (node) {
      var whole = location.origin + node.dataset.origin;
      if (node.textContent !== whole) { node.textContent = whole; }
    });
    if (said.childElementCount && said.firstElementChild !== panel.told) {
      panel.told = said.firstElementChild;
      panel.scrollTop = 0;
      if (!said.querySelector(".bad")) {
        touched = false;
        document.getElementById("users-kept").hidden = true;
      }
    }
  }).observe(document.documentElement, {childList: true, subtree: true});
})();
