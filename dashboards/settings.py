"""How Streamlit runs inside the product: nothing sent anywhere, no watcher, no developer's tools, a grey calm theme."""

from streamlit import config

BACKGROUND, PANEL, LINE, TEXT, QUIET = "#dcdee0", "#e8eaeb", "#b9bdc1", "#23282d", "#5b636b"
"""Greys of the pages (ISA-101 practice: light grey background, dark grey text, colour for the abnormal only)."""

_OPTIONS: dict[str, object] = {
    "browser.gatherUsageStats": False,
    "server.headless": True,
    "server.showEmailPrompt": False,
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "server.maxUploadSize": 1,
    "server.enableStaticServing": False,
    "runner.magicEnabled": False,
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.disableDataExport": True,
    "logger.level": "warning",
    "theme.base": "light",
    "theme.primaryColor": "#4a5560",
    "theme.backgroundColor": BACKGROUND,
    "theme.secondaryBackgroundColor": PANEL,
    "theme.textColor": TEXT,
    "theme.linkColor": TEXT,
    "theme.borderColor": LINE,
    "theme.font": '"Noto Sans", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif',
    "theme.baseRadius": "2px",
    "theme.baseFontSize": 14,
    "theme.showWidgetBorder": True,
}


def apply() -> None:
    """Set the options of this process, over any file that Streamlit finds on the machine."""
    config.get_config_options()
    for key, value in _OPTIONS.items():
        config.set_option(key, value)
