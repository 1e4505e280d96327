"""The look of all pages (ISA-101 practice: grey, flat, calm; colour for the abnormal only)."""

from dashboards.language import Tongue
from dashboards.settings import BACKGROUND, LINE, PANEL, QUIET, TEXT

DEAD_PAGE_S = 15  # a page that the server has not refreshed for so long greys itself out (site default)

_SHEET = f"""
.block-container {{padding: 1.1rem 1.6rem 2rem 1.6rem; max-width: none}}
[data-testid="stSidebarCollapseButton"] {{display: none}}
header[data-testid="stHeader"], [data-testid="stStatusWidget"], [data-testid="stToolbar"] {{display: none}}
[data-testid="stSidebarHeader"] {{height: 1rem; min-height: 1rem}}
section[data-testid="stSidebar"] {{width: 13.5rem !important; min-width: 13.5rem !important}}
[data-stale="true"] {{opacity: 1 !important; transition: none !important}}
[data-testid="stVerticalBlock"] {{gap: .55rem}}
h1 {{font-size: 1.35rem !important; font-weight: 600 !important; padding: 0 0 .2rem 0 !important}}
h2 {{font-size: 1.05rem !important; font-weight: 600 !important; padding: .5rem 0 .1rem 0 !important}}
.ps, .ps td, .ps th {{color: {TEXT}; font-size: .93rem; line-height: 1.35}}
.ps-name, .ps-keep {{white-space: nowrap}}
.ps-flag {{display: inline-block; background: {TEXT}; color: #fff; font-weight: 700; padding: 0 .4em}}
.stHtml h1, .stHtml h2 {{margin: 0}}
.ps-quiet {{color: {QUIET}}}
.ps td.ps-name {{width: 1%}}
.ps-num {{text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap}}
.ps a {{color: {TEXT}}}
.ps img.ps-glyph {{vertical-align: -3px; display: inline; max-width: none; border-radius: 0}}
p.ps {{margin: 0}}
.ps-mark {{display: inline-block; min-width: 1.15em; text-align: center; font-weight: 700; border: 1px dashed {TEXT};
  background: repeating-linear-gradient(135deg, #fff 0 3px, #c9ccd0 3px 6px); line-height: 1.15; padding: 0 .15em}}
table.ps {{border-collapse: collapse; width: 100%}}
table.ps td, table.ps th {{border: 0; border-bottom: 1px solid {LINE}; padding: .16rem .35rem; text-align: left;
  vertical-align: top}}
table.ps th {{font-weight: 600; color: {QUIET}; font-size: .83rem}}
table.ps td.ps-num, table.ps th.ps-num {{text-align: right}}
table.ps tr:last-child td {{border-bottom: 0}}
table.ps-figures {{max-width: 58rem; margin-bottom: .5rem}}
.ps-bar {{display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; align-items: baseline; border-bottom: 1px solid {LINE};
  padding: 0 0 .45rem 0}}
.ps-bar b {{font-weight: 600}}
.ps-grid {{display: grid; grid-template-columns: repeat(auto-fill, minmax(26rem, 1fr)); gap: .7rem}}
.ps-card {{background: {PANEL}; border: 1px solid {LINE}; padding: .5rem .65rem}}
.ps-lock {{border: 2px solid #b3261e; border-radius: 3px; padding: .5rem .8rem; margin-bottom: .6rem}}
.ps-head {{display: flex; justify-content: space-between; gap: .6rem; align-items: baseline; margin-bottom: .3rem}}
.ps-title {{font-weight: 600}}
.ps-answer {{font-size: 1.12rem; font-weight: 600; white-space: nowrap}}
.ps-banner {{border: 2px solid {TEXT}; background: #fff; padding: .45rem .7rem; font-weight: 600}}
.ps-line {{min-height: 2.1rem; padding: .35rem .1rem}}
.ps-alarm {{min-height: 3.2rem}}
.ps-over {{opacity: .55}}
@keyframes ps-dead-a {{0%, 97% {{filter: none; opacity: 1}} 100% {{filter: grayscale(1); opacity: .35}}}}
@keyframes ps-dead-b {{0%, 97% {{filter: none; opacity: 1}} 100% {{filter: grayscale(1); opacity: .35}}}}
@keyframes ps-cover-a {{0%, 97% {{visibility: hidden}} 100% {{visibility: visible}}}}
@keyframes ps-cover-b {{0%, 97% {{visibility: hidden}} 100% {{visibility: visible}}}}
.stApp {{background: {BACKGROUND}}}
"""

_GREY = """
[data-testid="stMain"] [data-testid="stVerticalBlock"] > :not(:has(.ps-always)) {filter: grayscale(1); opacity: .55}
"""


def sheet() -> str:
    """The style sheet, once a page."""
    return f"<style>{_SHEET}</style>"


def pulse(number: int, tongue: Tongue, *, stale: bool) -> str:
    """A sign of life from the server. Without a next one in time the browser greys the page out by itself.

    Two animations of the same look take turns: a change of name starts the time anew.
    """
    name = "ab"[number % 2]
    words = tongue("The page server does not answer; what stands here is old").replace('"', "")
    return (
        f"<style>[data-testid='stMain'] {{animation: ps-dead-{name} {DEAD_PAGE_S}s linear forwards}}"
        f'.stApp::before {{content: "{words}"; position: fixed; z-index: 9999999; bottom: 0; left: 0; right: 0;'
        f"padding: .7rem 1.5rem; background: #fff; border: 3px solid {TEXT}; font-weight: 700; color: {TEXT};"
        f"visibility: hidden; animation: ps-cover-{name} {DEAD_PAGE_S}s linear forwards}}"
        f"{_GREY if stale else ''}</style>"
    )
