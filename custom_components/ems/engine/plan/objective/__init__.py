"""What strategies and preferences add to the bill: terms over one model, not models of their own."""

from .leaning import Leaning, lean, strategy_used
from .shape import Shape, Weighed

__all__ = ["Leaning", "Shape", "Weighed", "lean", "strategy_used"]
