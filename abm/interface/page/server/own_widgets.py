"""Answer a page that reconnects with the state of its own widgets, and of no other page's."""

from typing import Any


def answer_states_of_own_widgets() -> None:
    """Make ipywidgets answer each page with the state of that page's widgets.

    ipywidgets keeps the line on which it answers in one variable for a process, so that the answer to one visitor
    would go to whichever asked last.
    """
    from ipywidgets import Widget
    from ipywidgets.widgets import widget as widgets

    def opened(comm: Any, _: Any) -> None:
        comm.on_msg(lambda _: answer(comm))

    def answer(comm: Any) -> None:
        states = {
            each.model_id: {
                "model_name": each._model_name,
                "model_module": each._model_module,
                "model_module_version": each._model_module_version,
                "state": each.get_state(),
            }
            for each in list(widgets._instances.values())
        }
        states, paths, buffers = widgets._remove_buffers(states)
        comm.send({"method": "update_states", "states": states, "buffer_paths": paths}, buffers=buffers)

    Widget.handle_control_comm_opened = staticmethod(opened)
