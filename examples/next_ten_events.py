"""
The next ten events of a calendar.

    python examples/next_ten_events.py
"""

import mailgrant


def main() -> None:
    with mailgrant.connect("calendar.readonly") as me:
        events = me.calendar.upcoming(10)
        for event in events:
            print(event.start, event.summary)
        if not events:
            print("No upcoming events.")


if __name__ == "__main__":
    main()
