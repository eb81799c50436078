"""Arithmetic without `eval`: an expression's syntax tree, numbers and a few operators only."""

import ast
import operator
from collections.abc import Callable, Mapping

_MAX_LENGTH = 200
_MAX_EXPONENT = 1000

_BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[float], float]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}


def evaluate(expression: str) -> float:
    """The value of an arithmetic expression; `^` is a power, as on a pocket calculator.

    Raises:
        ValueError: the text is no arithmetic expression, or has no value.
    """
    if len(expression) > _MAX_LENGTH:
        raise ValueError(f"The expression is longer than {_MAX_LENGTH} characters.")
    try:
        tree = ast.parse(expression.replace("^", "**").strip(), mode="eval")
        return _value(tree.body)
    except (SyntaxError, RecursionError) as error:
        raise ValueError(f"{expression!r} is no arithmetic expression.") from error
    except ArithmeticError as error:
        raise ValueError(f"{expression!r} has no value: {error}.") from error


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            return _UNARY[type(sign)](_value(operand))
        case ast.BinOp(left=left, op=kind, right=right) if type(kind) in _BINARY:
            return _combine(kind, _value(left), _value(right))
        case _:
            raise ValueError("Only numbers, + - * / // % ^ and brackets are understood.")


def _combine(kind: ast.operator, left: float, right: float) -> float:
    # Without a limit, 9^9^9 would keep the process busy for good.
    if isinstance(kind, ast.Pow) and (abs(right) > _MAX_EXPONENT or abs(left) > 1e6):
        raise ValueError("The power is too large.")
    result = _BINARY[type(kind)](left, right)
    if isinstance(result, complex):
        raise ValueError("The result is no real number.")  # noqa: TRY004 - a value is at fault
    return result
