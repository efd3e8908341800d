"""En vivo: the browser asks and draws by itself; it only has to be told the filters of the address."""

from dash import ClientsideFunction, Dash, Input, Output

from layouts.live import ids
from layouts.shell import ids as shell


def register_clientside(app: Dash) -> None:
    """Filters to the board; the functions are in `assets/b-app/live.js`."""
    app.clientside_callback(ClientsideFunction("live", "ask"), Output(ids.board, "data-asked"),
                            Input(shell.filters, "data"))
