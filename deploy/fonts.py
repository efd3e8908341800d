"""The fonts of PDF files, from npm packages: `deploy/vendor.sh` calls it. The PDF library needs TrueType files whose
digits are equally wide; browsers take care of both by themselves. Needs fonttools and brotli."""

import sys
from pathlib import Path

from fontTools import merge, subset
from fontTools.ttLib import TTFont

LATIN = [*range(0x20, 0x250), *range(0x2B0, 0x300), *range(0x300, 0x340), *range(0x370, 0x530), *range(0x1E00, 0x1F00),
         *range(0x2010, 0x2070), *range(0x20A0, 0x20C0), *range(0x2100, 0x2150), *range(0x2190, 0x2200),
         *range(0x2200, 0x2270)]
OTHERS = [*range(0x530, 0x780), *range(0x10A0, 0x1100), *range(0x2000, 0x2C00), *range(0xFB00, 0xFE00),
          *range(0xFE70, 0xFF00), 0xFFFD]
EMOJI = [*range(0x2600, 0x27C0), *range(0x1F300, 0x1F650), *range(0x1F680, 0x1F6FD), *range(0x1F900, 0x1FA00)]


def cut(font: TTFont, codes: list[int]) -> TTFont:
    """Only these characters, without what the PDF library does not read."""
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13,
                                                                                              14], glyph_names=False)
    options.drop_tables += ["GDEF", "GPOS", "GSUB", "BASE", "STAT", "DSIG", "MATH", "FFTM"]
    worker = subset.Subsetter(options)
    worker.populate(unicodes=codes)
    worker.subset(font)
    font.flavor = None
    font.recalcTimestamp = False
    return font


def equal_digits(font: TTFont) -> None:
    """The tabular figures in the place of the ordinary ones."""
    table = font["GSUB"].table
    chosen = next(r.Feature for r in table.FeatureList.FeatureRecord if r.FeatureTag == "tnum")
    swap: dict[str, str] = {}
    for number in chosen.LookupListIndex:
        for one in table.LookupList.Lookup[number].SubTable:
            swap |= getattr(one, "ExtSubTable", one).mapping
    for part in font["cmap"].tables:
        if part.isUnicode():
            part.cmap = {code: swap.get(name, name) for code, name in part.cmap.items()}


def main(modules: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for weight in ("Regular", "SemiBold"):
        font = TTFont(modules / f"inter-ui/web/Inter-{weight}.woff2", recalcTimestamp=False)
        equal_digits(font)
        cut(font, LATIN).save(out / f"Inter-{weight}.ttf")
    cut(TTFont(modules / "dejavu-fonts-ttf/ttf/DejaVuSans.ttf", recalcTimestamp=False), OTHERS).save(
        out / "DejaVuSans.ttf")
    pieces = []
    for number, path in enumerate(sorted((modules / "@fontsource/noto-emoji/files").glob("*-400-normal.woff2"))):
        font = TTFont(path)
        font.flavor = None
        if set(font.getBestCmap()) & set(EMOJI):
            piece = out / f"piece-{number}.ttf"
            cut(font, EMOJI).save(piece)
            pieces.append(piece)
    merged = merge.Merger().merge([str(piece) for piece in pieces])
    merged.recalcTimestamp = False
    merged.save(out / "NotoEmoji.ttf")
    for piece in pieces:
        piece.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
