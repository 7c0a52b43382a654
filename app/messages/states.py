"""How a message may move."""

from app.states import Machine

MESSAGE = Machine(
    "message",
    states=[
        ("pending", "wakes", "to be sent, again and again until it arrives"),
        ("sent", "rests", "it arrived: whoever answered said so"),
        ("failed", "rests", "it did not arrive in all its attempts; an operator may let it try again"),
    ],
    steps=[
        ("pending", "deliver", "sent", "the other side answered with success"),
        ("pending", "give_up", "failed", "too many attempts, or too old to be news"),
        ("failed", "retry", "pending", "an operator lets it try again"),
    ],
)
