"""Safety instrumented functions as seen from outside: votes, demands, responses, bypasses. Nothing is ever written."""

from plantsafe.protection.answer import Answer
from plantsafe.protection.bypass import BypassCheck
from plantsafe.protection.bypass_consequences import BypassConsequences
from plantsafe.protection.check import FunctionCheck
from plantsafe.protection.demand import Phase, TripCause
from plantsafe.protection.device_events import DeviceEventCheck
from plantsafe.protection.effect_machine import EffectState
from plantsafe.protection.effects import EffectCheck
from plantsafe.protection.elements import ElementCheck
from plantsafe.protection.first_out_bits import FirstOutBitCheck
from plantsafe.protection.ledger import LEDGER_KINDS, Ledger
from plantsafe.protection.pfd import PfdCheck
from plantsafe.protection.proof_tests import PROOF_ACTS
from plantsafe.protection.readiness import ReadinessCheck
from plantsafe.protection.restart_lock import RESTART_ACTS, RestartCheck
from plantsafe.protection.setpoint import SetpointCheck
from plantsafe.protection.vote import ChannelState, Policy, Protection

__all__ = [
    "LEDGER_KINDS", "PROOF_ACTS", "RESTART_ACTS", "Answer", "BypassCheck", "BypassConsequences", "ChannelState",
    "DeviceEventCheck", "EffectCheck", "EffectState", "ElementCheck", "FirstOutBitCheck", "FunctionCheck", "Ledger",
    "PfdCheck", "Phase", "Policy", "Protection", "ReadinessCheck", "RestartCheck", "SetpointCheck", "TripCause",
]  # fmt: skip
