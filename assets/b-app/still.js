/* What layouts/still.py tells: elements that Dash does not have to look after one by one. */
(function () {
  "use strict";

  /* As dcc.Link does: another address without another page. */
  function follow(event) {
    if (event.metaKey || event.shiftKey || event.altKey || event.ctrlKey) { return; }
    event.preventDefault();
    window.history.pushState({}, "", event.currentTarget.getAttribute("href"));
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }

  function made(node) {
    if (!Array.isArray(node)) { return node; }
    var link = node[0] === "Link";
    return React.createElement.apply(null, [
      link ? "a" : node[0], link ? Object.assign({}, node[1], {onClick: follow}) : node[1],
    ].concat(node.slice(2).map(made)));
  }

  window.call_center = Object.assign({}, window.call_center, {
    Still: function (props) {
      var tree = props.tree;
      return React.useMemo(function () { return made(tree); }, [tree]);
    },
  });
}());
