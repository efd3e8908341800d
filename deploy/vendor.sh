#!/usr/bin/env bash
# Refreshes what the browser needs from npm packages: `make assets`. The result is committed, so that neither
# an installation nor a visitor ever fetches anything from elsewhere. Needs node, npm and a connection.
set -euo pipefail

BOOTSTRAP=5.3.9
ICONS=1.13.2
INTER=5.3.0
DATE_FNS=4.4.0
PLOTLY=4.1.1            # must be what the Python package plotly carries: tests/render/test_vendored.py
LOCALES=3.7.0
INTER_STATIC=4.1.1
DEJAVU=2.37.3
NOTO_EMOJI=5.3.2

root="$(cd "$(dirname "$0")/.." && pwd)"
out="$root/assets/a-vendor"   # Dash loads folders in alphabetical order: vendored styles before our own
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts \
  "bootstrap@$BOOTSTRAP" "bootstrap-icons@$ICONS" "@fontsource-variable/inter@$INTER" "date-fns@$DATE_FNS" \
  "plotly.js-cartesian-dist-min@$PLOTLY" "plotly.js-locales@$LOCALES" \
  "inter-ui@$INTER_STATIC" "dejavu-fonts-ttf@$DEJAVU" "@fontsource/noto-emoji@$NOTO_EMOJI"
cd node_modules

mkdir -p "$out"
rm -f "$out"/*
sed '/^\/\*# sourceMappingURL/d' bootstrap/dist/css/bootstrap.min.css > "$out/bootstrap.min.css"
cp "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2" "$out/inter-latin.woff2"
cp "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2" "$out/inter-latin-ext.woff2"
cp plotly.js-cartesian-dist-min/plotly-cartesian.min.js "$out/plotly-cartesian.min.js"

# The calendar reads the first key of window.dateFns.locale; assets/b-app/app.js offers it on Spanish pages only, so
# that English calendars stay English. Its notice on the console is left out.
sed '/^\/\/# sourceMappingURL/d' date-fns/locale/es/cdn.min.js | sed -E "s/,console\.log\(\x60[^\x60]*\x60\)//" > "$out/date-fns-es.js"

# The plotly locale is a CommonJS module; numbers follow the house (1,486.5), not Spain (1.486,5).
node - > "$out/locale-plotly-es.js" <<'JS'
const locale = require("./plotly.js-locales/es.js");
Object.assign(locale.format, {decimal: ".", thousands: ",", date: "%d/%m/%Y"});
console.log(`(window.PlotlyLocales = window.PlotlyLocales || []).push(${JSON.stringify(locale)});`);
JS

# One CSS variable an icon, used as a mask: takes the colour of the text beside it and needs no font.
{
  echo "/* bootstrap-icons $ICONS, MIT. Written by deploy/vendor.sh. */"
  while read -r icon; do
    [ -n "$icon" ] || continue
    svg="$(tr -d '\n' < "bootstrap-icons/icons/$icon.svg" | sed -E 's/ class="[^"]*"| width="[^"]*"| height="[^"]*"| fill="currentColor"//g; s/  +/ /g; s/> </></g' | sed "s/\"/'/g; s/#/%23/g; s/</%3C/g; s/>/%3E/g")"
    echo ".icon-$icon{--icon:url(\"data:image/svg+xml,$svg\")}"
  done < "$root/assets/icons.txt"
} > "$out/icons.css"

cat > "$out/inter.css" <<'CSS'
/* Inter (variable), SIL Open Font License 1.1. */
@font-face{font-family:"Inter";font-style:normal;font-weight:100 900;font-display:swap;src:url(inter-latin.woff2) format("woff2");unicode-range:U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD}
@font-face{font-family:"Inter";font-style:normal;font-weight:100 900;font-display:swap;src:url(inter-latin-ext.woff2) format("woff2");unicode-range:U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+1D00-1DBF,U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF}
CSS

cat > "$root/assets/VENDORED.md" <<MD
# Files of others in \`a-vendor/\`

Written by \`deploy/vendor.sh\` from the npm packages below; nothing here is edited by hand.

| file | package | version | licence |
|---|---|---|---|
| \`bootstrap.min.css\` | bootstrap | $BOOTSTRAP | MIT |
| \`icons.css\` (the icons of \`icons.txt\`) | bootstrap-icons | $ICONS | MIT |
| \`inter-latin.woff2\`, \`inter-latin-ext.woff2\` | @fontsource-variable/inter | $INTER | OFL-1.1 |
| \`date-fns-es.js\` | date-fns | $DATE_FNS | MIT |
| \`plotly-cartesian.min.js\` | plotly.js-cartesian-dist-min | $PLOTLY | MIT |
| \`locale-plotly-es.js\` | plotly.js-locales | $LOCALES | MIT |

Fonts of PDF files in \`render/fonts/\`, cut by \`deploy/fonts.py\`; their licences stand beside them.

| file | package | version | licence |
|---|---|---|---|
| \`Inter-Regular.ttf\`, \`Inter-SemiBold.ttf\` | inter-ui | $INTER_STATIC | OFL-1.1 |
| \`DejaVuSans.ttf\` | dejavu-fonts-ttf | $DEJAVU | Bitstream Vera |
| \`NotoEmoji.ttf\` | @fontsource/noto-emoji | $NOTO_EMOJI | OFL-1.1 |
MD
# The fonts of PDF files: cut, with digits of equal width.
python3 -m venv "$work/fonts"
"$work/fonts/bin/pip" install --quiet --disable-pip-version-check fonttools==4.68.0 brotli==1.2.1
"$work/fonts/bin/python" "$root/deploy/fonts.py" "$work/node_modules" "$root/render/fonts"
cp inter-ui/LICENSE.txt "$root/render/fonts/LICENSE-Inter.txt"
cp dejavu-fonts-ttf/LICENSE "$root/render/fonts/LICENSE-DejaVu.txt"
cp @fontsource/noto-emoji/LICENSE "$root/render/fonts/LICENSE-NotoEmoji.txt"
ls -l "$out" "$root/render/fonts"
