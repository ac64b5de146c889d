"""A program to drag from, run in a process of its own, which speaks XDND version 5.

Arguments: left, top, width and height of its window in pixels, and a JSON object that maps a type
to its content as hexadecimal digits, or to null to hang when it is requested. Prints "ready", then
how the drag ended: "dropped copy", "refused" or "nowhere".
See https://freedesktop.org/wiki/Specifications/XDND.
"""

import json
import sys
from typing import Any

from Xlib import X, Xatom, display
from Xlib.protocol import event

VERSION = 5


class DragSource:
    """A window whose content is dragged with the mouse."""

    def __init__(self, geometry: list[int], offered: dict[str, bytes | None]) -> None:
        self.display = display.Display()
        self.root = self.display.screen().root
        self.offered = {self.atom(name): content for name, content in offered.items()}
        self.window = self.root.create_window(
            *geometry,
            0,
            X.CopyFromParent,
            background_pixel=0x808080,
            override_redirect=True,
            event_mask=X.ButtonPressMask | X.ButtonReleaseMask | X.Button1MotionMask,
        )
        self.window.change_property(self.atom("XdndTypeList"), Xatom.ATOM, 32, list(self.offered))
        self.window.map()
        self.target: Any = None
        self.accepted = False
        self.dropped = False
        self.finishing = False

    def atom(self, name: str) -> int:
        return int(self.display.intern_atom(name))

    def run(self) -> str:
        self.display.sync()
        print("ready", flush=True)
        while True:
            xevent = self.display.next_event()
            if xevent.type == X.ButtonPress:
                self.window.set_selection_owner(self.atom("XdndSelection"), xevent.time)
            elif xevent.type == X.MotionNotify and not self.dropped:
                self.move(xevent)
            elif xevent.type == X.ButtonRelease:
                if self.target is None:
                    return "nowhere"
                # The target's answer to the last motion may still be on its way.
                self.send("XdndPosition", 0, self.point(xevent), xevent.time, self.copy)
                self.dropped = True
                self.released_at = xevent.time
            elif xevent.type == X.SelectionRequest:
                self.send_content(xevent)
            elif xevent.type == X.ClientMessage:
                ended = self.handle_message(xevent)
                if ended:
                    return ended

    @property
    def copy(self) -> int:
        return self.atom("XdndActionCopy")

    def point(self, xevent: Any) -> int:
        return int(xevent.root_x << 16 | xevent.root_y)

    def move(self, xevent: Any) -> None:
        target = self.under_pointer()
        if target != self.target:
            if self.target is not None:
                self.send("XdndLeave")
            self.target, self.accepted = target, False
            if target is not None:
                types = [*list(self.offered)[:3], 0, 0, 0][:3]
                more = 1 if len(self.offered) > 3 else 0
                self.send("XdndEnter", VERSION << 24 | more, *types)
        if self.target is not None:
            self.send("XdndPosition", 0, self.point(xevent), xevent.time, self.copy)

    def under_pointer(self) -> Any:
        """The outermost window there that accepts drops."""
        window = self.root
        while True:
            window = window.query_pointer().child
            if not window or window == self.window:
                return None
            if window.get_full_property(self.atom("XdndAware"), Xatom.ATOM):
                return window

    def send(self, message_type: str, *data: int) -> None:
        words = [self.window.id, *data, 0, 0, 0, 0][:5]
        message = event.ClientMessage(
            window=self.target, client_type=self.atom(message_type), data=(32, words)
        )
        self.target.send_event(message)
        self.display.flush()

    def send_content(self, request: Any) -> None:
        content = self.offered.get(request.target)
        if content is None and request.target in self.offered:
            return
        if content is not None:
            request.requestor.change_property(request.property, request.target, 8, content)
        answer = event.SelectionNotify(
            time=request.time,
            requestor=request.requestor,
            selection=request.selection,
            target=request.target,
            property=request.property if content is not None else X.NONE,
        )
        request.requestor.send_event(answer)
        self.display.flush()

    def handle_message(self, message: Any) -> str:
        words = message.data[1]
        if message.client_type == self.atom("XdndStatus"):
            self.accepted = bool(words[1] & 1)
            if not self.dropped or self.finishing:
                return ""  # it answers an earlier motion
            if self.accepted:
                self.finishing = True
                self.send("XdndDrop", 0, self.released_at)
            else:
                self.send("XdndLeave")
                return "refused"
        elif message.client_type == self.atom("XdndFinished"):
            action = self.display.get_atom_name(words[2]) if words[2] else "nothing"
            return f"dropped {action.removeprefix('XdndAction').lower()}"
        return ""


if __name__ == "__main__":
    geometry, types = [int(number) for number in sys.argv[1:5]], json.loads(sys.argv[5])
    offered = {
        name: None if digits is None else bytes.fromhex(digits) for name, digits in types.items()
    }
    print(DragSource(geometry, offered).run())
