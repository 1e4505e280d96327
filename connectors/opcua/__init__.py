"""Reads a control system over OPC UA; cannot write."""

from connectors.opcua.source import OpcUaSource

__all__ = ["OpcUaSource"]
