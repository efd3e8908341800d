/* A call in the drawing of a day opens its journey. */
(function () {
  "use strict";
  var touched = null;
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    people: {
      /* As with bars: where there is no mouse the first touch only shows what it is. */
      open_call: function (click) {
        var still = window.dash_clientside.no_update;
        var point = click && click.points && click.points[0];
        if (!point || !point.customdata) { return [still, still]; }
        if (window.matchMedia("(hover: none)").matches && touched !== point.customdata) {
          touched = point.customdata;
          return [still, null];
        }
        touched = null;
        return [document.getElementById("shell").dataset.prefix + "calls/" + encodeURIComponent(point.customdata), null];
      }
    }
  });
})();
