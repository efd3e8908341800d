// Salud de los datos: a command goes into the clipboard.
(function () {
  "use strict";
  function copy(words) {
    if (navigator.clipboard && window.isSecureContext) { return navigator.clipboard.writeText(words); }
    var field = document.createElement("textarea");
    field.value = words;
    field.style.position = "fixed";
    field.style.opacity = "0";
    document.body.appendChild(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    return Promise.resolve();
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-command]");
    if (!button || button.classList.contains("done")) { return; }
    copy(button.dataset.command).then(function () {
      var label = button.querySelector("span");
      var before = label.textContent;
      button.classList.add("done");
      label.textContent = button.dataset.done;
      setTimeout(function () { button.classList.remove("done"); label.textContent = before; }, 1800);
    });
  });
})();
