"""Safety instrumented functions as seen from outside: votes, demands, responses, bypasses. Nothing is ever written."""

from plantsafe.protection.answer import Answer
from plantsafe.protection.check import FunctionCheck
from plantsafe.protection.demand import Phase, TripCause
from plantsafe.protection.device_events import DeviceEventCheck
from plantsafe.protection.vote import ChannelState, Policy, Protection

__all__ = ["Answer", "ChannelState", "DeviceEventCheck", "FunctionCheck", "Phase", "Policy", "Protection", "TripCause"]
