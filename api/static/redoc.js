// Starts ReDoc on the description beside it.
const place = document.getElementById("redoc");
Redoc.init(place.dataset.url, { disableSearch: true, theme: { typography: { fontFamily: "system-ui, sans-serif", headings: { fontFamily: "system-ui, sans-serif" } } } }, place);
