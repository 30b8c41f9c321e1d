"""Decisions about arms: which there are for a control share, and whose is whose."""

from collections.abc import Sequence

from shuke.science.assignment import CONTROL, Arm, assign_arm, assign_arms, check_arms

__all__ = ["CONTROL", "Arm", "assign_arm", "assign_arms", "check_arms", "control_arms"]


def control_arms(*, control_percent: int, treatments: Sequence[str] = ("treated",)) -> tuple[Arm, ...]:
    """A control of that share and the treatments sharing the rest equally, in whole weights.

    ``control_percent`` 0 gives no control arm.  Raises ``ValueError`` outside 0 … 99 or without a
    treatment.
    """
    if not 0 <= control_percent <= 99:
        raise ValueError("The control share must lie between 0 and 99 per cent.")
    if not treatments:
        raise ValueError("There must be a treatment to compare with the control.")
    arms = [Arm(name, 100 - control_percent) for name in treatments]
    if control_percent:
        arms.insert(0, Arm(CONTROL, control_percent * len(treatments)))
    check_arms(arms)
    return tuple(arms)
