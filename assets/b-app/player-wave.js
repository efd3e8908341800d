/* The waveform of a recording on a canvas: as many bars as fit, the played ones in the colour of the brand. */
(function () {
  "use strict";
  var BAR = 2, GAP = 1.5;   // CSS pixels
  var root = document.documentElement;

  /* The loudest peak of each bar, stretched so that a quiet call is seen too. */
  function heights(peaks, bars) {
    var loudest = Math.max.apply(null, peaks.concat(0));
    var found = [];
    for (var bar = 0; bar < bars; bar++) {
      var from = Math.floor(bar * peaks.length / bars);
      var to = Math.max(from + 1, Math.floor((bar + 1) * peaks.length / bars));
      found.push(loudest ? Math.max.apply(null, peaks.slice(from, to)) / loudest : 0);
    }
    return found;
  }

  /* `show(peaks)` takes numbers 0..1, none for a plain line; `at(part)` says how much of it is played, 0..1. */
  window.callCenterWave = function (canvas) {
    var peaks = [], played = 0, drawn = -1;

    function draw() {
      var width = canvas.clientWidth, height = canvas.clientHeight, scale = window.devicePixelRatio || 1;
      if (!width || !height) { return; }
      if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
        canvas.width = Math.round(width * scale);
        canvas.height = Math.round(height * scale);
      }
      var paint = canvas.getContext("2d"), style = getComputedStyle(canvas);
      var rest = style.getPropertyValue("--wave-rest").trim(), done = style.getPropertyValue("--wave-played").trim();
      var head = played * width;
      paint.setTransform(scale, 0, 0, scale, 0, 0);
      paint.clearRect(0, 0, width, height);
      /* Twice the same shape, each through its own window: a bar that is being played has both colours. */
      [[rest, head, width - head], [done, 0, head]].forEach(function (half) {
        paint.save();
        paint.beginPath();
        paint.rect(half[1], 0, half[2], height);
        paint.clip();
        paint.fillStyle = half[0];
        shape(paint, width, height);
        paint.restore();
      });
      if (head > 0) {
        paint.fillStyle = done;
        paint.fillRect(Math.min(Math.max(0, head - 1), width - 2), 0, 2, height);
      }
      drawn = Math.round(head * scale);
    }
    function shape(paint, width, height) {
      if (!peaks.length) {
        paint.fillRect(0, height / 2 - 1, width, 2);
        return;
      }
      paint.beginPath();
      heights(peaks, Math.max(1, Math.floor((width + GAP) / (BAR + GAP)))).forEach(function (part, bar) {
        var tall = Math.max(BAR, part * (height - 4));
        paint.roundRect(bar * (BAR + GAP), (height - tall) / 2, BAR, tall, BAR / 2);
      });
      paint.fill();
    }

    new ResizeObserver(draw).observe(canvas);
    new MutationObserver(draw).observe(root, {attributes: true, attributeFilter: ["data-bs-theme"]});
    window.matchMedia("(forced-colors: active)").addEventListener("change", draw);
    window.addEventListener("resize", draw);   /* another zoom or screen: other pixels in the same size */
    return {
      show: function (numbers) { peaks = numbers; draw(); },
      at: function (part) {
        played = Math.min(1, Math.max(0, part));
        if (Math.round(played * canvas.clientWidth * (window.devicePixelRatio || 1)) !== drawn) { draw(); }
      }
    };
  };
})();
