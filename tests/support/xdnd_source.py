"""A program to drag from, run as a process of its own: the mouse takes things out of its window.

Started with its window's left, top, width and height in pixels, and a JSON object: kind of data ->
its bytes as hexadecimal digits, or null to hang when it is asked for them. Speaks XDND version 5,
https://freedesktop.org/wiki/Specifications/XDND, and prints "ready", then how the drag ended:
"dropped copy", "refused" or "nowhere".
"""

import json
import sys
from typing import Any

from Xlib import X, Xatom, display
from Xlib.protocol import event

VERSION = 5


class Source:
    def __init__(self, place: list[int], offered: dict[str, bytes | None]) -> None:
        self.display = display.Display()
        self.root = self.display.screen().root
        self.offered = {self.atom(name): content for name, content in offered.items()}
        self.window = self.root.create_window(
            *place,
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
            happened = self.display.next_event()
            if happened.type == X.ButtonPress:
                self.window.set_selection_owner(self.atom("XdndSelection"), happened.time)
            elif happened.type == X.MotionNotify and not self.dropped:
                self.move(happened)
            elif happened.type == X.ButtonRelease:
                if self.target is None:
                    return "nowhere"
                # What the target thinks of the last motion may still be on its way.
                self.tell("XdndPosition", 0, self.point(happened), happened.time, self.copy)
                self.dropped = True
                self.released_at = happened.time
            elif happened.type == X.SelectionRequest:
                self.give(happened)
            elif happened.type == X.ClientMessage:
                ended = self.hear(happened)
                if ended:
                    return ended

    @property
    def copy(self) -> int:
        return self.atom("XdndActionCopy")

    def point(self, happened: Any) -> int:
        return int(happened.root_x << 16 | happened.root_y)

    def move(self, happened: Any) -> None:
        target = self.under_pointer()
        if target != self.target:
            if self.target is not None:
                self.tell("XdndLeave")
            self.target, self.accepted = target, False
            if target is not None:
                kinds = [*list(self.offered)[:3], 0, 0, 0][:3]
                more = 1 if len(self.offered) > 3 else 0
                self.tell("XdndEnter", VERSION << 24 | more, *kinds)
        if self.target is not None:
            self.tell("XdndPosition", 0, self.point(happened), happened.time, self.copy)

    def under_pointer(self) -> Any:
        """The window there that takes drops, the outermost first."""
        window = self.root
        while True:
            window = window.query_pointer().child
            if not window or window == self.window:
                return None
            if window.get_full_property(self.atom("XdndAware"), Xatom.ATOM):
                return window

    def tell(self, kind: str, *data: int) -> None:
        words = [self.window.id, *data, 0, 0, 0, 0][:5]
        message = event.ClientMessage(
            window=self.target, client_type=self.atom(kind), data=(32, words)
        )
        self.target.send_event(message)
        self.display.flush()

    def give(self, asked: Any) -> None:
        content = self.offered.get(asked.target)
        if content is None and asked.target in self.offered:
            return
        if content is not None:
            asked.requestor.change_property(asked.property, asked.target, 8, content)
        answer = event.SelectionNotify(
            time=asked.time,
            requestor=asked.requestor,
            selection=asked.selection,
            target=asked.target,
            property=asked.property if content is not None else X.NONE,
        )
        asked.requestor.send_event(answer)
        self.display.flush()

    def hear(self, message: Any) -> str:
        words = message.data[1]
        if message.client_type == self.atom("XdndStatus"):
            self.accepted = bool(words[1] & 1)
            if not self.dropped or self.finishing:
                return ""  # it answers an earlier motion
            if self.accepted:
                self.finishing = True
                self.tell("XdndDrop", 0, self.released_at)
            else:
                self.tell("XdndLeave")
                return "refused"
        elif message.client_type == self.atom("XdndFinished"):
            action = self.display.get_atom_name(words[2]) if words[2] else "nothing"
            return f"dropped {action.removeprefix('XdndAction').lower()}"
        return ""


if __name__ == "__main__":
    place, kinds = [int(word) for word in sys.argv[1:5]], json.loads(sys.argv[5])
    offered = {
        kind: None if digits is None else bytes.fromhex(digits) for kind, digits in kinds.items()
    }
    print(Source(place, offered).run())
