"""Reads a safety system over Modbus TCP; cannot write."""

from connectors.modbus.probe import ProbeReport, ReadableRange, probe
from connectors.modbus.source import ModbusSource

__all__ = ["ModbusSource", "ProbeReport", "ReadableRange", "probe"]
